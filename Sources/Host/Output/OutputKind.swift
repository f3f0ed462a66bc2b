// What may be replaced: a file of the kind that is written. The name of another one was a mistake.

public enum OutputKind: Sendable {
  /// Whatever is there.
  case anything
  case recording, goTrace, perfetto

  /// Throws where a file that is there is none of this kind.
  package func check(_ before: FileStatus, _ path: String) throws(InspectorError) {
    guard self != .anything, before.isRegular, before.bytes > 0 else { return }
    let start: [UInt8]
    do throws(SystemCallError) {
      start = try contents(of: path, limit: FileKind.needed)
    } catch {
      throw .output(error, path: path)
    }
    guard !fits(start) else { return }
    let what = self == .recording ? "no recording" : "no such trace"
    throw .badOutput(
      path: path,
      reason: "there is a file that is \(what) (\(FileKind.words(for: start))); --force replaces it")
  }

  private func fits(_ start: [UInt8]) -> Bool {
    switch self {
    case .anything: true
    case .recording: start.starts(with: FileKind.recordingMagic)
    // Workspaces of Go begin with a version as well.
    case .goTrace: start.starts(with: "go 1.".utf8) && start.prefix(16).suffix(3).elementsEqual([0, 0, 0])
    case .perfetto: FileKind.isPerfetto(start)
    }
  }
}
