// A folder for the regions of children that end in a crash: their files would stay behind among the user's
// own.
import Foundation

/// Removed, with all that is in it, with the last reference.
final class TemporaryFolder: Sendable {
  let path: String

  init() {
    let name = "mpg-test-\(ProcessInfo.processInfo.processIdentifier)-\(UInt64.random(in: 0 ... .max))"
    path = FileManager.default.temporaryDirectory.appending(path: name).path
    try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// In a child, before the boot.
  static func useForRegions(_ path: String) { unsafe _ = setenv("XDG_RUNTIME_DIR", path, 1) }
}
