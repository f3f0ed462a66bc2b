// Finds all processes that `mpgtop serve` can look at, again and again, on a thread of its own: those of this user on MPG, and
// those that Go built. Looking for Go programs means asking each process of the machine, which takes some hundredths of a second
// where there are a thousand. So the search rests a hundred times as long as it took, and two seconds at least.
import GoAttach
import Inspector
import Synchronization

/// A target that was found.
struct FoundTarget: Sendable {
  /// A key that no other target has: the path of its region, or the pid of a Go program.
  let key: String
  let labels: TargetLabels
  /// When it began, in nanoseconds of the monotonic clock.
  let bootTime: UInt64
  let open: SourceOpening
}

/// Looks for targets. May be used from any thread.
final class FleetFinder: Sendable {
  /// The least time between two searches, and the age that a Go program must have before it is watched, both in
  /// nanoseconds. Attaching to a Go program takes some hundredths of a second, too much for a compiler that runs for a
  /// moment.
  private static let (pause, goAge): (UInt64, UInt64) = (2_000_000_000, 2_000_000_000)
  private static let share: UInt64 = 100
  /// How far apart looks at the queues of a Go program are, in nanoseconds.
  private static let lookPause: UInt64 = 20_000_000

  private struct Desk {
    var found: [FoundTarget]?
    var hasSearched = false
  }

  private let desk = Mutex(Desk())

  /// Begins to look, in these folders and for these names (empty: for all). `news` is rung after each search.
  init(_ folders: RegionFolders, names: Set<String>, labelsPid: Bool, news: Bell) {
    let body: @Sendable () -> Void = { [weak self] in
      let rest = Bell()
      while true {
        let work = CPUWork(of: .thread)
        let all = Self.search(folders, names, labelsPid)
        guard let self else { return }
        self.desk.withLock { ($0.found, $0.hasSearched) = (all, true) }
        news.ring()
        rest.wait(atMost: max(Self.pause, work.spent * Self.share))
      }
    }
    guard !OwnThread.begin(body) else { return }
    desk.withLock { $0.hasSearched = true }
    say("mpgtop: no thread can be started, so no targets are looked for")
  }

  /// Whether at least one search has ended.
  var hasSearched: Bool { desk.withLock { $0.hasSearched } }

  /// Takes the result of the last search; nil: no search has ended since the last call. An old result is not returned
  /// again, because targets in it may have ended.
  func news() -> [FoundTarget]? { desk.withLock { $0.found.take() } }

  private static func search(
    _ folders: RegionFolders, _ names: Set<String>, _ labelsPid: Bool
  ) -> [FoundTarget] {
    func isWanted(_ name: String) -> Bool { names.isEmpty || names.contains(name) }
    let onMPG = folders.targets().filter { $0.isLive || $0.isUnreadable }
    var found = onMPG.filter { isWanted(name(of: $0)) }.map { target in
      // The pid of a process in another container may also be that of a process here. So its label has its start time,
      // too, as its file's name has.
      let pid = target.process.pid
      let text = target.state == .elsewhere ? "\(pid)-\(target.process.startTime)" : "\(pid)"
      return FoundTarget(
        key: target.path, labels: TargetLabels(name: name(of: target), pid: text, hasPid: labelsPid),
        bootTime: target.bootTime, open: { () throws(InspectorError) in try Inspector(target) })
    }
    let (taken, now) = (Set(onMPG.map(\.process.pid)), monotonicNow())
    for program in GoProcess.all() where isWanted(program.name) && !taken.contains(program.pid) {
      guard now > program.bootTime + goAge else { continue }
      let pid = program.pid
      found.append(
        FoundTarget(
          key: "go \(pid)", labels: TargetLabels(name: program.name, pid: "\(pid)", hasPid: labelsPid),
          bootTime: program.bootTime,
          open: { () throws(InspectorError) in try GoSource(pid: pid, lookingEvery: lookPause) }))
    }
    return found
  }

  /// A region that cannot be read does not tell its process's name, but the system does.
  private static func name(of target: Target) -> String {
    target.name.isEmpty ? ProcessIdentity.name(of: target.process.pid) ?? "" : target.name
  }
}

extension Target {
  /// Whether the process lives and has booted, and yet its region cannot be read.
  fileprivate var isUnreadable: Bool {
    switch state {
    case .unreadable(.layout(_, .unfinished)): false
    case .unreadable: process.isAlive
    default: false
    }
  }
}
