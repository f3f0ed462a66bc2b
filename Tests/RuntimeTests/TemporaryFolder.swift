// A folder for the regions of children that crash. Their files would otherwise stay among the user's own.
import Foundation

/// The folder is removed, with its contents, together with the last reference.
final class TemporaryFolder: Sendable {
  let path: String

  init() {
    let name = "mpg-test-\(ProcessInfo.processInfo.processIdentifier)-\(UInt64.random(in: 0 ... .max))"
    path = FileManager.default.temporaryDirectory.appending(path: name).path
    try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// Runs in a child process before the boot: makes the runtime put its region into the folder.
  static func useForRegions(_ path: String) { unsafe _ = setenv("XDG_RUNTIME_DIR", path, 1) }
}
