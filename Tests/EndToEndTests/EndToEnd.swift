// The programs as people get them. The tests start them as processes, and check what they print, answer and
// leave behind.
//
// Every test starts programs of its own, with a folder of its own for their regions, on ports of its own. The
// tests run one after another, because each needs all of the machine's cores. No test waits for a fixed time
// to pass: tests wait for a condition, with a deadline that is only reached if something is broken.
import Foundation
import TestSupport
import Testing

/// The suite that holds all other suites of this target.
@Suite(
  "End to end", .serialized,
  .disabled(if: hasThreadSanitizer, "it adds a thread to every program, and bears 8,128 Gs at most"))
enum EndToEnd {}

/// What the machine allows.
enum Machine {
  static let isRoot = geteuid() == 0

  /// The path of an installed command; nil: it is not installed.
  static func path(of command: String) -> String? {
    let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin").split(separator: ":")
    return folders.map { "\($0)/\(command)" }.first { FileManager.default.isExecutableFile(atPath: $0) }
  }

  /// The most descriptors that a process may have here.
  static var descriptorsAllowed: Int {
    var limit = rlimit()
    _ = unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    return Int(clamping: limit.rlim_max)
  }

  /// Raises the limit of descriptors of this process and its children as far as allowed.
  static func raiseDescriptorLimit() {
    var limit = rlimit()
    let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    _ = unsafe getrlimit(resource, &limit)
    limit.rlim_cur = limit.rlim_max
    _ = unsafe setrlimit(resource, &limit)
  }
}
