// The identity of a region's process: its pid, and the moment at which it started, because pids are used
// again.
internal import Glibc

/// A process, identified by pid and start time. While the machine is up, no two processes have the same identity.
public struct ProcessIdentity: Sendable, Hashable {
  /// The process id. It may be that of another pid namespace than ours.
  public let pid: Int32
  /// When the process started, in clock ticks since the machine booted: field 22 of /proc/PID/stat.
  public let startTime: UInt64

  /// Names a process; whether there is one is not checked.
  public init(pid: Int32, startTime: UInt64) {
    (self.pid, self.startTime) = (pid, startTime)
  }

  /// The operating system's answer to the question which process has a pid.
  package enum Found: Equatable {
    /// This process has the pid.
    case process(ProcessIdentity)
    /// No process has that pid; or the process with that pid has ended, and its parent has not waited for it yet.
    case nobody
    /// The system could not be asked, for example because this process has no file descriptors left. This says nothing
    /// about the process with that pid.
    case unknown(SystemCallError)
  }

  /// Looks up which process has `pid` now.
  package static func look(for pid: Int32) -> Found {
    guard pid > 0 else { return .nobody }
    do throws(SystemCallError) {
      let stat = try contents(of: "/proc/\(pid)/stat", limit: 1024)
      guard let parsed = parse(stat: stat) else { throw SystemCallError(call: "read", errno: EIO) }
      if parsed.state == "Z" || parsed.state == "X" { return .nobody }
      return .process(ProcessIdentity(pid: pid, startTime: parsed.startTime))
    } catch {
      return error.errno == ENOENT || error.errno == ESRCH ? .nobody : .unknown(error)
    }
  }

  /// The process that has `pid` now; nil: there is none, or the system could not be asked.
  public init?(living pid: Int32) {
    guard case .process(let process) = Self.look(for: pid) else { return nil }
    self = process
  }

  /// Whether a process is there. `unknown`: the system could not be asked.
  package enum Presence: Equatable {
    case alive, gone
    case unknown(SystemCallError)
  }

  /// Whether this very process still runs. It is gone only if its pid belongs to nobody, or to another process.
  package var presence: Presence {
    switch Self.look(for: pid) {
    case .process(let other): other == self ? .alive : .gone
    case .nobody: .gone
    case .unknown(let error): .unknown(error)
    }
  }

  /// Whether this very process still runs. If the system cannot be asked, the process counts as alive, because it is
  /// not known to be dead.
  public var isAlive: Bool { presence != .gone }

  /// State letter and start time from the bytes of /proc/PID/stat; nil: they make no sense. The name in parentheses may
  /// itself contain blanks and parentheses, so fields are counted from the last closing one.
  package static func parse(stat: [UInt8]) -> (state: Character, startTime: UInt64)? {
    guard let end = stat.lastIndex(of: UInt8(ascii: ")")) else { return nil }
    let fields = ProcBytes(stat[(end + 1)...]).words
    guard fields.count > 19, let state = fields[0].first, let start = ProcBytes.number(fields[19]) else {
      return nil
    }
    return (Character(Unicode.Scalar(state)), start)
  }

  /// The name of the process with `pid` (/proc/PID/comm), fit for a terminal; nil: there is no such process.
  package static func name(of pid: Int32) -> String? {
    guard let comm = smallFile("/proc/\(pid)/comm", limit: 64) else { return nil }
    return printable(String(decoding: comm.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self))
  }

  /// The parent of the process with `pid`; nil: there is no such process, or it has ended.
  package static func parent(of pid: Int32) -> Int32? {
    guard let stat = smallFile("/proc/\(pid)/stat", limit: 1024),
      let end = stat.lastIndex(of: UInt8(ascii: ")"))
    else { return nil }
    let fields = String(decoding: stat[(end + 1)...], as: UTF8.self).split(separator: " ")
    return fields.count > 1 && fields[0] != "Z" ? Int32(fields[1]) : nil
  }

  /// The user that the process with `pid` runs as; nil: there is no such process.
  package static func owner(of pid: Int32) -> UInt32? { try? FileStatus(ofLink: "/proc/\(pid)").owner }
}

/// `text` with every control character replaced by a dot. A name from another process could otherwise steer the
/// terminal.
package func printable(_ text: String) -> String {
  // Nearly all texts are plain ASCII, and asking for the category of a character is slow. So plain texts are returned
  // at once.
  if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return text }
  func isControl(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator: true
    default: false
    }
  }
  guard text.unicodeScalars.contains(where: isControl) else { return text }
  var clean = String.UnicodeScalarView()
  clean.append(contentsOf: text.unicodeScalars.map { isControl($0) ? "·" : $0 })
  return String(clean)
}
