// The kind of an existing file that an output may replace: the kind that is written. If a file of another
// kind has the name, the user mistook the name.

/// The kind of file that an output may replace.
public enum OutputKind: Sendable {
  /// Any file.
  case anything
  /// A file of this kind, or an empty one.
  case recording, goTrace, perfetto, profile, jsonLines, csv

  /// Throws `badOutput` if the existing file is not of this kind.
  package func check(_ before: FileStatus, _ path: String) throws(InspectorError) {
    guard self != .anything, before.isRegular, before.bytes > 0 else { return }
    let start: [UInt8]
    do throws(SystemCallError) {
      start = try contents(of: path, limit: FileKind.needed)
    } catch {
      throw .output(error, path: path)
    }
    guard !fits(start) else { return }
    let what =
      switch self {
      case .recording: "no recording"
      case .profile: "no profile"
      case .jsonLines, .csv: "not of this form"
      default: "no such trace"
      }
    throw .badOutput(
      path: path,
      reason: "there is a file that is \(what) (\(FileKind.words(for: start))); --force replaces it")
  }

  private func fits(_ start: [UInt8]) -> Bool {
    switch self {
    case .anything: true
    case .recording: start.starts(with: FileKind.recordingMagic)
    // Go's workspace files begin with `go 1.` as well. Only a trace has zeros at the end of its first 16 bytes.
    case .goTrace: start.starts(with: "go 1.".utf8) && start.prefix(16).suffix(3).elementsEqual([0, 0, 0])
    case .perfetto: FileKind.isPerfetto(start)
    // Profiles are packed by gzip.
    case .profile: start.starts(with: [0x1f, 0x8b])
    case .jsonLines: start.starts(with: "{\"time_ns\":".utf8)
    case .csv: start.starts(with: "time_ns,".utf8)
    }
  }
}
