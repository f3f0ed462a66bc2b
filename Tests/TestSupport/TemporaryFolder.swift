// A folder of a test's own.
import Foundation

/// Made empty; removed, with all that is in it, when the last reference is gone.
package final class TemporaryFolder: Sendable {
  package enum Place: Sendable {
    /// In /dev/shm, where files are memory that processes may share.
    case tmpfs
    /// Where the system keeps temporary files, which is a disk as a rule.
    case disk

    fileprivate var path: String {
      switch self {
      case .tmpfs: "/dev/shm"
      case .disk: FileManager.default.temporaryDirectory.path
      }
    }
  }

  package let path: String

  package init(on place: Place = .tmpfs) throws {
    path = "\(place.path)/mpg-test-\(UUID().uuidString.prefix(8))"
    try FileManager.default.createDirectory(
      atPath: path, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o755])
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// Writes a file into it, and makes the folders on its way.
  package func write(_ content: some Sequence<UInt8>, to name: String) throws {
    let file = URL(filePath: "\(path)/\(name)")
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(content).write(to: file)
  }
}
