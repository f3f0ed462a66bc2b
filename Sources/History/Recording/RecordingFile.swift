// The file of a recording, open for reading.
internal import Glibc
import Host

/// Reads pieces of a file. The file is not mapped: if another process cuts it short, a read fails, and no SIGBUS is raised.
package final class RecordingFile: PayloadFile {
  package let path: String
  private let descriptor: FileDescriptor
  package let size: UInt64

  init(path: String) throws(InspectorError) {
    let status: FileStatus
    do throws(SystemCallError) {
      descriptor = try FileDescriptor(reading: path, followsLink: true)
      status = try descriptor.status()
    } catch {
      throw error.errno == ENOENT ? Self.missing(path) : InspectorError(error, path: path)
    }
    guard status.isRegular else { throw .notARecording(path: path, reason: "it is \(status.kind)") }
    size = UInt64(clamping: status.bytes)
    self.path = path
  }

  /// The error for a file that does not exist. The file's recorder may still be writing it under its temporary name.
  private static func missing(_ path: String) -> InspectorError {
    let part = path + ".part"
    let hint = FileIdentity(path: part) == nil ? "" : "; \(part) is being written, or its recorder was killed"
    return .notARecording(path: path, reason: "there is no such file" + hint)
  }

  /// The `count` bytes from `offset`; nil: not all of them are there.
  package func bytes(_ count: Int, at offset: UInt64) -> [UInt8]? {
    guard count >= 0, offset <= size, UInt64(count) <= size - offset else { return nil }
    return descriptor.bytes(count, at: offset)
  }
}
