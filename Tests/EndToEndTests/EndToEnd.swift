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

/// Why a test cannot continue.
struct Broken: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

/// The programs of this package as the build left them, beside the test bundle.
enum Built {
  static let mpgtop = path("mpgtop")
  static let demo = path("mpg-demo")
  static let soak = path("mpg-soak")
  static let inspectorExample = path("inspector-example")
  static let folder = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    .deletingLastPathComponent().path
  /// The folder of Package.swift.
  static let repository = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path

  /// A folder of release builds. If it is given, these are tested instead of the programs beside the tests.
  private static let releases = ProcessInfo.processInfo.environment["MPG_PROGRAMS"]
  static let areReleases = releases != nil

  private static func path(_ name: String) -> String { "\(releases ?? folder)/\(name)" }
}

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

/// Waits until `condition` holds, and checks it every few milliseconds. If it does not hold after `seconds`,
/// throws `Broken`.
func eventually(
  _ what: @autoclosure () -> String, within seconds: Double = 60, _ condition: () throws -> Bool
) throws {
  let deadline = ContinuousClock.now + .seconds(seconds)
  while try !condition() {
    guard ContinuousClock.now < deadline else { throw Broken("within \(seconds) s: \(what())") }
    usleep(3000)
  }
}

/// Waits until `value` returns something, and returns it.
func eventually<Value>(
  _ what: @autoclosure () -> String, within seconds: Double = 60, value: () throws -> Value?
) throws -> Value {
  var found: Value?
  try eventually(what(), within: seconds) {
    found = try value()
    return found != nil
  }
  guard let found else { throw Broken(what()) }
  return found
}

/// The whole file as text; "" if there is no such file. Files of /proc report size 0, so this reads to the
/// end.
func text(_ path: String) -> String {
  guard let file = FileHandle(forReadingAtPath: path) else { return "" }
  defer { try? file.close() }
  return String(decoding: (try? file.readToEnd()) ?? Data(), as: UTF8.self)
}
