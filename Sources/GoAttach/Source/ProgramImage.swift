// Which program a process runs. A pid does not tell, since pids are used again. Nor does a process, since it may execute
// another program and keep its pid and its start time. A server that replaces itself by a newer copy does so, and even executes
// the same file. From then on all known addresses are those of a program that is no more, and reading them gives numbers that
// look right and are false.
import Host
import Observed

/// The program that a process runs. A plain value.
struct ProgramImage: Equatable {
  let process: ProcessIdentity
  /// The file that the process executes; nil: this user may not know it.
  private let executable: FileIdentity?
  /// Where the stack of the main thread begins, which the kernel chooses anew for each program; nil: this user may not know
  /// it, or the process is about to end.
  private let stack: UInt64?

  /// What is told of the end of any Go program: no more than that it ended.
  static let end = TargetEnding.told("ended; a Go program leaves no word of how")

  /// The program that the process runs now.
  init(_ process: ProcessIdentity) {
    self.process = process
    (executable, stack) = (FileIdentity(path: "/proc/\(process.pid)/exe"), Self.stack(of: process.pid))
  }

  /// How the program ended; nil: the process still runs it, or nothing can be known.
  ///
  /// - Throws: the system's error if it cannot say whether the process is there.
  func ending() throws(SystemCallError) -> TargetEnding? {
    switch process.presence {
    case .gone: return Self.end
    case .unknown(let error): throw error
    case .alive: return replacement.map { .told($0) }
    }
  }

  /// Whether the process still runs, but another program than the one that this image was read of.
  var isReplaced: Bool { process.presence == .alive && replacement != nil }

  /// What the process does instead of running this program, in words; nil: nothing is known of that.
  private var replacement: String? {
    let now = ProgramImage(process)
    if let was = executable, let new = now.executable, was != new { return "it executes another program now" }
    if let was = stack, let new = now.stack, was != new { return "it executes its program anew" }
    return nil
  }

  /// Field 28 of /proc/PID/stat, which is 0 for those who may not read the process's memory.
  private static func stack(of pid: Int32) -> UInt64? {
    guard let stat = smallFile("/proc/\(pid)/stat", limit: 1024),
      let end = stat.lastIndex(of: UInt8(ascii: ")"))
    else { return nil }
    let fields = String(decoding: stat[(end + 1)...], as: UTF8.self).split(separator: " ")
    // The kernel says 0 to those who may not know, and of a process that is about to end.
    guard fields.count > 25, let stack = UInt64(fields[25]), stack != 0 else { return nil }
    return stack
  }
}
