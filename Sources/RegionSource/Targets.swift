// Finding targets. Every process that uses the runtime keeps a file named PID-STARTTIME.mpg in a folder of its user. If
// a process of another pid namespace has that name, the file is named PID-STARTTIME-NAMESPACE.mpg.
//
// A folder is looked into only if no other user may write to it: /dev/shm is open to everyone, and a folder that
// another user made there under our name could hold anything. The files are opened without following symbolic links,
// and must be ours (see Mapping). A process may have been started in another environment, without XDG_RUNTIME_DIR, so
// all places are looked at, whatever the environment of this process is.
internal import Glibc
import Host
import Observed
import Region

/// A process that can be observed, or what a process left behind.
public struct Target: Sendable, Equatable {
  /// Whether the process lives, and whether it can be seen from here.
  public enum State: Sendable, Equatable {
    /// The process lives, and can be seen from here.
    case live
    /// The process most probably lives, in a pid namespace that cannot be seen from here.
    case elsewhere
    /// The process has ended. Its region is a black box.
    case ended(TargetEnding)
    /// There is a file, but it cannot be read; the error says why.
    case unreadable(InspectorError)
  }

  /// The process by the pid and the start time that it has here. For a dead process, and for one elsewhere, these are
  /// the ones that the process has in its own namespaces.
  public var process: ProcessIdentity
  /// The process by the pid and the start time that it has in its own namespaces.
  public let named: ProcessIdentity
  /// The region's file.
  public var path: String
  /// The executable's file name; empty when the region cannot be read.
  public var name: String
  /// Whether the process lives.
  public var state: State
  /// When the target booted, in nanoseconds of the monotonic clock; 0: the region cannot be read.
  public var bootTime: UInt64

  /// The process as a snapshot names it.
  package var identity: Snapshot.Target {
    Snapshot.Target(pid: process.pid, name: name, bootTime: bootTime)
  }

  /// Whether a viewer can follow the process.
  public var isLive: Bool { state == .live || state == .elsewhere }
}

/// The folders in which regions lie. May be used from any thread.
public struct RegionFolders: Sendable, Equatable {
  /// The paths of the folders, in the order in which they are looked at.
  public var paths: [String]

  /// Names the folders to look into; whether they exist is not checked.
  public init(_ paths: [String]) { self.paths = paths }

  /// The folders into which the runtime puts regions of this user: `$XDG_RUNTIME_DIR/mpg`, which usually is
  /// `/run/user/UID/mpg`; `/dev/shm/mpg-UID`; and, if neither can be used, `mpg-UID` in `$TMPDIR`.
  public static var standard: RegionFolders {
    var paths: [String] = []
    if let runtime = environment("XDG_RUNTIME_DIR") { paths.append(runtime + "/mpg") }
    let user = currentUser()
    let temporary = environment("TMPDIR") ?? "/tmp"
    for path in ["/run/user/\(user)/mpg", "/dev/shm/mpg-\(user)", "\(temporary)/mpg-\(user)"]
    where !paths.contains(path) {
      paths.append(path)
    }
    return RegionFolders(paths)
  }

  /// Finds all regions, and returns first those of live processes, then those of processes elsewhere, then all others
  /// (of dead processes, and unreadable ones); each group sorted by pid.
  public func targets() -> [Target] {
    func rank(_ target: Target) -> Int { target.state == .live ? 0 : target.state == .elsewhere ? 1 : 2 }
    return files().map { $0.look() }.sorted { (rank($0), $0.process.pid) < (rank($1), $1.process.pid) }
  }

  /// Finds the live target that has this pid here. If there is none, takes the target of another pid namespace that has
  /// this pid there, provided that there is only one.
  ///
  /// - Throws: what the user can act on: there is no such process, it belongs to another user, it does not use
  ///   the runtime, or it is gone.
  public func target(pid: Int32) throws(InspectorError) -> Target {
    let files = files()
    let named = files.filter { $0.process.pid == pid }
    switch ProcessIdentity.look(for: pid) {
    case .process(let living):
      // Mostly the process has the same pid in its own namespace, so the files that name this pid are tried first.
      if let target = named.lazy.map({ $0.look() }).first(where: { $0.process == living && !$0.isEnded }) {
        return target
      }
      if let target = files.lazy.map({ $0.look() }).first(where: { $0.process == living && !$0.isEnded }) {
        return target
      }
      if let target = elsewhere(named) { return target }
      if let owner = ProcessIdentity.owner(of: pid), owner != currentUser() {
        throw .otherUser(pid: pid, uid: owner)
      }
      if let refusal = refusal() { throw refusal }
      throw .notATarget(pid: pid, name: ProcessIdentity.name(of: pid) ?? "")
    case .unknown(let error): throw .unknownWhetherAlive(pid: pid, error)
    case .nobody: break
    }
    if let target = elsewhere(named) { return target }
    let latest = named.max { $0.process.startTime < $1.process.startTime }
    switch latest?.look().state {
    case .ended(let ending): throw .gone(pid: pid, ending)
    case .unreadable(.system(let call, let path, let errno)):
      throw .system(call: call, path: path, errno: errno)
    default: throw refusal() ?? .noSuchProcess(pid: pid)
    }
  }

  /// The only target among these files whose process seems to live, but cannot be seen from here, such as one in
  /// another container; nil: there is none, or more than one.
  private func elsewhere(_ files: [RegionFile]) -> Target? {
    let found = files.map { $0.look() }.filter { $0.state == .elsewhere }
    return found.count == 1 ? found[0] : nil
  }

  /// Finds the region that the process with this pid left behind. If several processes had the pid, it is that of the
  /// process that started last.
  ///
  /// - Throws: an error if there is no such region.
  public func blackBox(pid: Int32) throws(InspectorError) -> Target {
    var latest: Target?
    for file in files() where file.process.pid == pid {
      let target = file.look()
      switch target.state {
      case .live, .elsewhere: continue
      case .unreadable(.cannotTell(let pid, let call, let errno)):
        throw .cannotTell(pid: pid, call: call, errno: errno)
      case .unreadable where target.process.isAlive: continue
      case .ended, .unreadable:
        if file.process.startTime >= latest?.named.startTime ?? 0 { latest = target }
      }
    }
    guard let latest else { throw refusal() ?? .noSuchProcess(pid: pid) }
    return latest
  }

  /// Looks at the region in the file at `path`, which must be named as regions are.
  ///
  /// - Throws: an error if the region cannot be read.
  public static func target(path: String) throws(InspectorError) -> Target {
    let cut = path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex
    let folder = cut == path.startIndex ? "." : String(path[..<cut].dropLast())
    guard let file = RegionFile(folder: folder, name: String(path[cut...])) else {
      throw .notPermitted(path: path, reason: "it is not named PID-STARTTIME.mpg, as regions are")
    }
    let target = file.look()
    if case .unreadable(let error) = target.state { throw error }
    return target
  }

  /// The reason why one of the folders that exist is not looked into; nil: all of them are.
  public func refusal() -> InspectorError? {
    for path in paths {
      if case .refused(let error) = Self.look(into: path) { return error }
    }
    return nil
  }

  /// The files that are named like regions, in the folders that are ours.
  private func files() -> [RegionFile] {
    paths.flatMap { folder in
      guard case .ours(let names) = Self.look(into: folder) else { return [RegionFile]() }
      return names.compactMap { RegionFile(folder: folder, name: $0) }
    }
  }

  private enum Verdict {
    case missing
    /// The folder is ours, and has these names in it.
    case ours([String])
    case refused(InspectorError)
  }

  /// Lists a folder. A folder that may not be looked into is `refused`, since it may hold regions; `missing` means that
  /// there is no such folder.
  private static func look(into folder: String) -> Verdict {
    func refused(_ reason: String) -> Verdict { .refused(.notPermitted(path: folder, reason: reason)) }
    do throws(SystemCallError) {
      let status = try FileStatus(ofLink: folder)
      guard status.isDirectory else { return refused("it is not a folder; remove it") }
      guard status.owner == currentUser() else {
        return refused("the folder belongs to user \(status.owner), not to \(currentUser()); remove it")
      }
      guard status.permissions & 0o022 == 0 else {
        return refused("others may write to the folder; chmod 700 it")
      }
      return .ours(try listing(of: folder))
    } catch {
      let isMissing = error.errno == ENOENT || error.errno == ENOTDIR
      return isMissing ? .missing : .refused(InspectorError(error, path: folder))
    }
  }
}

extension Target {
  /// Whether the process is known to be dead.
  fileprivate var isEnded: Bool {
    if case .ended = state { true } else { false }
  }
}

/// A file that is named like a region.
struct RegionFile {
  let path: String
  /// The process with the pid and the start time in the file's name, which are those that the process has in its own
  /// namespaces.
  let process: ProcessIdentity

  init(path: String, process: ProcessIdentity) {
    (self.path, self.process) = (path, process)
  }

  /// Parses the file's name; nil: it is not the name of a region.
  init?(folder: String, name: String) {
    guard let parts = RegionName(name) else { return nil }
    path = folder + "/" + name
    process = ProcessIdentity(pid: parts.pid, startTime: parts.startTime)
  }

  /// Opens the region, and checks that it belongs to the process that the file's name names.
  ///
  /// - Parameter past: see `RegionReader`.
  func open(past: Int = 0) throws(InspectorError) -> RegionReader {
    let mapping = try Mapping(path: path)
    do throws(LayoutProblem) {
      let source = try RegionReader(mapping, past: past)
      guard source.process == process else {
        throw .impossible("header.pid", UInt64(truncatingIfNeeded: source.process.pid))
      }
      return source
    } catch {
      throw .layout(path: path, error)
    }
  }

  /// Whether the process that began to write the file is gone. A process takes the lock before it writes anything,
  /// wherever it lives.
  private var isAbandoned: Bool {
    guard process.presence == .gone, let file = try? FileDescriptor(reading: path) else { return false }
    return Mapping.isLocked(file) == false
  }

  /// Finds out what is known of the process, without staying attached to it.
  func look() -> Target {
    var target = Target(process: process, named: process, path: path, name: "", state: .live, bootTime: 0)
    do throws(InspectorError) {
      let source = try open()
      let who = try layoutErrors(path) { () throws(LayoutProblem) in try source.whoIsThere() }
      (target.name, target.bootTime) = (who.name, who.bootTime)
      switch try layoutErrors(path, { () throws(LayoutProblem) in try source.life() }) {
      case .alive: target.process = source.seen ?? process
      case .elsewhere: target.state = .elsewhere
      case .ended(let ending): target.state = .ended(ending)
      case .unknown(let error): throw .unknownWhetherAlive(pid: process.pid, error)
      }
    } catch .layout(let path, .unfinished) where isAbandoned {
      target.state = .unreadable(.layout(path: path, .abandoned))
    } catch {
      target.state = .unreadable(error)
    }
    return target
  }
}

/// Runs `body`, and adds the file's path to an error about its bytes.
func layoutErrors<Value>(
  _ path: String, _ body: () throws(LayoutProblem) -> Value
) throws(InspectorError) -> Value {
  do throws(LayoutProblem) {
    return try body()
  } catch {
    throw .layout(path: path, error)
  }
}
