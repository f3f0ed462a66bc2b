// What may be replaced: a file of the kind that is written. The name of another one was a mistake.
internal import Glibc

public enum OutputKind: Sendable {
  /// Whatever is there.
  case anything
  case recording, goTrace, perfetto

  /// Throws where a file that is there is none of this kind.
  func check(_ before: FileStatus, _ path: String) throws(InspectorError) {
    guard !isAnything, before.isRegular, before.bytes > 0 else { return }
    let start: [UInt8]
    do throws(SystemCallError) {
      start = try Self.start(of: path)
    } catch {
      throw .output(error, path: path)
    }
    guard !fits(start) else { return }
    let what = isRecording ? "no recording" : "no such trace"
    throw .badOutput(
      path: path,
      reason: "there is a file that is \(what) (\(FileKind.words(for: start))); --force replaces it")
  }

  private var isAnything: Bool { if case .anything = self { true } else { false } }
  private var isRecording: Bool { if case .recording = self { true } else { false } }

  private func fits(_ start: [UInt8]) -> Bool {
    switch self {
    case .anything: true
    case .recording: start.starts(with: Chunk.magic)
    // Workspaces of Go begin with a version as well.
    case .goTrace: start.starts(with: "go 1.".utf8) && start.prefix(16).suffix(3).elementsEqual([0, 0, 0])
    case .perfetto: FileKind.isPerfetto(start)
    }
  }

  private static func start(of path: String) throws(SystemCallError) -> [UInt8] {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw SystemCallError(call: "open", errno: errno) }
    defer { _ = close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: FileKind.needed)
    let count = unsafe read(descriptor, &bytes, bytes.count)
    guard count >= 0 else { throw SystemCallError(call: "read", errno: errno) }
    return Array(bytes.prefix(count))
  }
}
