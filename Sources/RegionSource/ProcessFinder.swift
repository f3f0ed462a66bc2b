// Finds the process of a region. The process may have another pid in our pid namespace than in its own: Residence §2.
internal import Glibc
import Host
import Region

/// Whether /proc shows our own pid namespace. A process that enters a new pid namespace sees the /proc of the old one
/// until it mounts its own.
private let procIsOwn: Bool = {
  var bytes = [UInt8](repeating: 0, count: 16)
  let count = unsafe bytes.withUnsafeMutableBytes { unsafe readlink("/proc/self", $0.baseAddress!, $0.count) }
  return count > 0 && String(decoding: bytes.prefix(count), as: UTF8.self) == "\(getpid())"
}()

/// Looks for the process of a region repeatedly, in whichever namespace the process lives.
struct ProcessFinder {
  /// The process by the pid and the start time that it has in its own namespaces.
  let named: ProcessIdentity
  /// The namespaces in which the process lives; nil: the region does not tell them, and ours are assumed.
  let home: Residence?
  /// The process by its pid and start time in our own namespaces; nil: it was not found so far.
  private(set) var seen: ProcessIdentity?
  /// Whether a search has shown that /proc here does not list the process. Once true, this stays true.
  private var isHidden = false

  init(_ named: ProcessIdentity, _ home: Residence?) { (self.named, self.home) = (named, home) }

  enum Presence: Equatable {
    /// The process runs, and has this identity in our pid namespace.
    case alive(ProcessIdentity)
    case gone
    /// The process cannot be seen from here, but seems to live.
    case elsewhere
    case unknown(SystemCallError)
  }

  /// Looks for the process once.
  ///
  /// - Parameter isLocked: whether a process holds the lock that the writer of the region holds while it lives; nil:
  ///   not known.
  mutating func look(isLocked: () -> Bool?) -> Presence {
    if let seen { return Self.presence(of: seen) }
    if isHidden { return hidden(isLocked()) }
    guard let home, home.pid != 0, home.pid != Residence.own.pid || !procIsOwn else {
      return lookHere(isLocked)
    }
    do throws(SystemCallError) {
      seen = try search(home)
    } catch {
      return .unknown(error)
    }
    if let seen { return .alive(seen) }
    isHidden = true
    return hidden(isLocked())
  }

  private func hidden(_ isLocked: Bool?) -> Presence { isLocked == false ? .gone : .elsewhere }

  private static func presence(of process: ProcessIdentity) -> Presence {
    switch process.presence {
    case .alive: .alive(process)
    case .gone: .gone
    case .unknown(let error): .unknown(error)
    }
  }

  /// Looks here for the pid that the process has in its own namespace.
  private mutating func lookHere(_ isLocked: () -> Bool?) -> Presence {
    // A process without /proc does not know its own start time, and writes 0.
    if home != nil, named.startTime == 0 { return hidden(isLocked()) }
    switch ProcessIdentity.look(for: named.pid) {
    case .nobody: return isHiddenHere && isLocked() == true ? .elsewhere : .gone
    case .unknown(let error): return .unknown(error)
    case .process(let found):
      guard (home ?? .own).starts(named.startTime).contains(found.startTime) else { return .gone }
      seen = found
      return .alive(found)
    }
  }

  /// Whether a process has this pid although /proc does not show it: /proc may be mounted so that it hides processes
  /// (`hidepid`).
  private var isHiddenHere: Bool {
    guard (try? FileStatus(ofLink: "/proc/\(named.pid)")) == nil else { return false }
    return kill(named.pid, 0) == 0 || errno != ESRCH
  }

  /// Searches all processes that /proc here shows.
  private func search(_ home: Residence) throws(SystemCallError) -> ProcessIdentity? {
    for name in try listing(of: "/proc", limit: 1 << 20) {
      guard let pid = Int32(name), NamespaceNumbers.last(of: "/proc/\(name)/status") == named.pid,
        Residence.inode("pid", of: name) == home.pid,
        case .process(let found) = ProcessIdentity.look(for: pid),
        home.starts(named.startTime).contains(found.startTime)
      else { continue }
      return found
    }
    return nil
  }
}
