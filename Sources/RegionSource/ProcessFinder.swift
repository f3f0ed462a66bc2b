// Finding the process of a region, which may be called otherwise here: Residence §2.
internal import Glibc
import Host
import Region

/// Whether /proc here is of our own pid namespace: who enters a new one has the old one's until it mounts its own.
private let procIsOwn: Bool = {
  var bytes = [UInt8](repeating: 0, count: 16)
  let count = unsafe bytes.withUnsafeMutableBytes { unsafe readlink("/proc/self", $0.baseAddress!, $0.count) }
  return count > 0 && String(decoding: bytes.prefix(count), as: UTF8.self) == "\(getpid())"
}()

/// Looks for the process of a region again and again, wherever it lives.
struct ProcessFinder {
  /// As it calls itself.
  let named: ProcessIdentity
  /// nil: the region does not tell; then it is taken to live here.
  let home: Residence?
  /// What it is called here; nil: not found so far.
  private(set) var seen: ProcessIdentity?
  /// That it is not shown here will not change.
  private var isHidden = false

  init(_ named: ProcessIdentity, _ home: Residence?) { (self.named, self.home) = (named, home) }

  enum Presence: Equatable {
    /// It runs, and is called so here.
    case alive(ProcessIdentity)
    case gone
    /// It cannot be seen from here, and seems to live.
    case elsewhere
    case unknown(SystemCallError)
  }

  /// - Parameter isLocked: whether somebody has the lock that the process holds while it lives; nil: that is not known.
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

  /// By its own number.
  private mutating func lookHere(_ isLocked: () -> Bool?) -> Presence {
    // A writer that has no /proc does not know when it started.
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

  /// Whether somebody has that number whom /proc does not show: it may be mounted so that it hides (`hidepid`).
  private var isHiddenHere: Bool {
    guard (try? FileStatus(ofLink: "/proc/\(named.pid)")) == nil else { return false }
    return kill(named.pid, 0) == 0 || errno != ESRCH
  }

  /// Goes through all processes that are shown here.
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
