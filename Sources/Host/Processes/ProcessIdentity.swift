// Which process a region belongs to: a pid and the moment that it started, since pids are used again.
internal import Glibc

/// A process by a name that is never used twice while the machine is up.
public struct ProcessIdentity: Sendable, Hashable {
  public let pid: Int32
  /// When it started, in clock ticks since the machine booted: field 22 of /proc/PID/stat.
  public let startTime: UInt64

  public init(pid: Int32, startTime: UInt64) {
    (self.pid, self.startTime) = (pid, startTime)
  }

  /// What the system says of a process that is looked for.
  package enum Found: Equatable {
    case process(ProcessIdentity)
    /// Nobody has that pid; or who had it has died, and was not waited for.
    case nobody
    /// The system could not be asked: of a viewer that has no descriptors left, for one. That says nothing of the process.
    case unknown(SystemCallError)
  }

  /// Who has `pid` now.
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

  /// The process that has `pid` now; nil when there is none, or when it cannot be told.
  public init?(living pid: Int32) {
    guard case .process(let process) = Self.look(for: pid) else { return nil }
    self = process
  }

  /// Whether a process is there.
  package enum Presence: Equatable {
    case alive, gone
    case unknown(SystemCallError)
  }

  /// Whether this very process still runs. Only that nobody has its pid, or somebody else, is its death.
  package var presence: Presence {
    switch Self.look(for: pid) {
    case .process(let other): other == self ? .alive : .gone
    case .nobody: .gone
    case .unknown(let error): .unknown(error)
    }
  }

  /// Whether this very process runs, as far as the system tells: who cannot be asked after is not known to be dead, and
  /// counts as alive.
  public var isAlive: Bool { presence != .gone }

  /// State letter and start time of a /proc/PID/stat. The name in parentheses may itself hold blanks and
  /// parentheses, so the count starts after the last one.
  package static func parse(stat: [UInt8]) -> (state: Character, startTime: UInt64)? {
    guard let end = stat.lastIndex(of: UInt8(ascii: ")")) else { return nil }
    let fields = String(decoding: stat[(end + 1)...], as: UTF8.self).split(separator: " ")
    guard fields.count > 19, let state = fields[0].first, let start = UInt64(fields[19]) else { return nil }
    return (state, start)
  }

  /// What the system calls the process with `pid` (/proc/PID/comm); nil when there is none.
  package static func name(of pid: Int32) -> String? {
    guard let comm = smallFile("/proc/\(pid)/comm", limit: 64) else { return nil }
    return printable(String(decoding: comm.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self))
  }

  /// The user that the process with `pid` runs as; nil when there is none.
  package static func owner(of pid: Int32) -> UInt32? { try? FileStatus(ofLink: "/proc/\(pid)").owner }
}

/// `text` with every control character replaced: foreign names may not steer a terminal.
package func printable(_ text: String) -> String {
  // Nearly all are, and to ask for categories is slow.
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
