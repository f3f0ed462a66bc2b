// The programs as people get them: started as processes, looked at through what they print, answer and leave behind.
//
// Every test starts programs of its own, in a folder of its own for their regions, and on ports of its own. All of
// them run one after another: each is entitled to the machine's cores. Nothing waits for a time to pass; everything
// waits for a condition, with a deadline that only something broken reaches.
import Foundation
import Testing

/// The suite that holds all others of this target.
@Suite(
  "End to end", .serialized,
  .disabled(if: Machine.hasThreadSanitizer, "it adds a thread to every program, and bears 8,128 Gs at most"))
enum EndToEnd {}

/// Why a test cannot go on.
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

  /// A folder of release builds of the programs, to be tested instead of those beside the tests.
  private static let releases = ProcessInfo.processInfo.environment["MPG_PROGRAMS"]
  static let areReleases = releases != nil

  private static func path(_ name: String) -> String { "\(releases ?? folder)/\(name)" }
}

/// What the machine allows.
enum Machine {
  static let isRoot = geteuid() == 0

  /// Whether this build is one with the thread sanitizer; the programs are then too.
  static let hasThreadSanitizer = unsafe dlsym(nil, "__tsan_init") != nil

  /// Where a command that is installed lies; nil when it is not.
  static func path(of command: String) -> String? {
    let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin").split(separator: ":")
    return folders.map { "\($0)/\(command)" }.first { FileManager.default.isExecutableFile(atPath: $0) }
  }

  /// The largest number of descriptors that a process may have.
  static var descriptorsAllowed: Int {
    var limit = rlimit()
    _ = unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    return Int(clamping: limit.rlim_max)
  }

  /// As many descriptors for this process, and those that it starts, as it may have.
  static func raiseDescriptorLimit() {
    var limit = rlimit()
    let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    _ = unsafe getrlimit(resource, &limit)
    limit.rlim_cur = limit.rlim_max
    _ = unsafe setrlimit(resource, &limit)
  }
}

/// Waits until `condition` holds, looking every few milliseconds. After `seconds` without, the test is broken.
func eventually(
  _ what: @autoclosure () -> String, within seconds: Double = 60, _ condition: () throws -> Bool
) throws {
  let deadline = ContinuousClock.now + .seconds(seconds)
  while try !condition() {
    guard ContinuousClock.now < deadline else { throw Broken("within \(seconds) s: \(what())") }
    usleep(3000)
  }
}

/// Waits until `value` gives something, and returns it.
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

/// The whole of a file as text, "" when there is none. Files of /proc say that they are empty, so it is read to its end.
func text(_ path: String) -> String {
  guard let file = FileHandle(forReadingAtPath: path) else { return "" }
  defer { try? file.close() }
  return String(decoding: (try? file.readToEnd()) ?? Data(), as: UTF8.self)
}

/// A private folder on tmpfs, gone with this object, and all that is in it.
final class TemporaryFolder: Sendable {
  let path: String

  init() throws {
    path = "/dev/shm/mpgtop-e2e-\(UUID().uuidString.prefix(8))"
    try FileManager.default.createDirectory(
      atPath: path, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o755])
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }
}
