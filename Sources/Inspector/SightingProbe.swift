// Gathers what `SightingTaker` compares from look to look (Sightings.swift): from the table of Gs, from a few stacks, and
// from the operating system. Only for sources that sample: where there are events, these tell more.
import Host
import Insight
import Observed
import Region

/// Looks at the threads, locks and sockets of one source. Not thread-safe.
struct SightingProbe {
  private var taker = SightingTaker()
  private var sockets = SocketWatch()
  /// When the list of sockets was read that was looked at last.
  private var lastSockets: UInt64 = 0
  private var nextTable: UInt64 = 0

  /// `pause`: the least time between two looks at locks and sockets, in nanoseconds. `share`: these looks may take one
  /// part in `share` of a CPU's time.
  private static let (pause, share): (UInt64, UInt64) = (1_000_000_000, 20)
  /// Maximum number of Gs that wait for locks whose stacks are read at one look, and of descriptors that are
  /// looked at.
  private static let (mostStacks, mostDescriptors) = (256, 4096)
  /// Maximum number of descriptors that Gs wait for whose inodes are found out, on this machine.
  private static let mostWaiting = 512
  /// For how long after a G began to wait its descriptor may still be unknown, in nanoseconds.
  private static let young: UInt64 = 3_000_000_000

  var sightings: Sightings { taker.sightings }

  /// Looks at the threads to which Gs are locked that run or are ready.
  mutating func look(_ snapshot: Snapshot, _ places: ThreadPlaces?) {
    let busy = snapshot.ms.filter { $0.isLockedBusy == true }.prefix(64)
    let folders = busy.isEmpty ? [:] : places?.folders(of: busy.compactMap(\.tid)) ?? [:]
    taker.take(Array(busy), at: snapshot.time) { tid in
      folders[tid].flatMap { CPUPressureWatch.read($0) }
    }
  }

  /// Looks at the same threads, if another machine tells of them.
  mutating func look(_ snapshot: Snapshot, _ facts: SystemFacts) {
    let busy = snapshot.ms.filter { $0.isLockedBusy == true }.prefix(64)
    taker.take(Array(busy), at: snapshot.time) { tid in
      facts.threads[tid].map { ($0.cpuTime, $0.waitTime) }
    }
  }

  /// Looks at what the Gs of a table wait for.
  mutating func look(_ list: GoroutineList, _ observation: Observation, _ source: any SchedulerSource) {
    let (start, moment) = (monotonicNow(), source.now)
    guard start >= nextTable else { return }
    let work = CPUWork(of: .process)
    // The names have grown since the observation: the table has named new places.
    let names = NameBook(source.grownNames ?? observation.names)
    lookAtLocks(list, names, source, least: Convoy.least(procs: observation.snapshot.procs), moment)
    let gs = observation.snapshot.gs
    let isCrowded = gs.runnable + gs.preempted > 2 * observation.snapshot.procs
    lookAtSockets(list, names, source, isCrowded, moment)
    nextTable = start + max(Self.pause, work.spent * Self.share)
  }

  private mutating func lookAtLocks(
    _ list: GoroutineList, _ names: NameBook, _ source: any SchedulerSource, least: Int, _ now: UInt64
  ) {
    let rows = list.rows.filter { $0.state == .waiting && $0.reason == .mutex }
    // Fewer Gs than `least` are no convoy wherever they wait, so their stacks are not read.
    guard rows.count >= least else { return taker.take([], least: least, at: now) }
    let asked = rows.prefix(Self.mostStacks).map(\.id)
    let stacks = (try? source.stacks(of: .some(asked))) ?? nil
    // A G whose stack was not read is counted at the place where the Gs of its spawn site wait, if all of those whose
    // stacks were read wait at one place.
    var known: [UInt64: Set<String>] = [:]
    for row in rows {
      if let place = stacks?[row.id]?.own?.text { known[row.entry, default: []].insert(place) }
    }
    let waiters = rows.map { row in
      let others = known[row.entry].flatMap { $0.count == 1 ? $0.first : nil }
      let place = stacks?[row.id]?.own?.text ?? others ?? names.name(row.entry)
      return SightingTaker.LockWaiter(row: row, place: place, words: names.name(row.word) ?? "\(row.reason)")
    }
    taker.take(waiters, least: least, at: now)
  }

  private mutating func lookAtSockets(
    _ list: GoroutineList, _ names: NameBook, _ source: any SchedulerSource, _ isCrowded: Bool, _ now: UInt64
  ) {
    let polled = list.rows.filter {
      $0.state == .waiting && [.netpollRead, .netpollWrite].contains($0.reason)
    }
    // If the descriptor of one of these Gs is not known, its socket would seem to be one for which no G waits. So no socket
    // is judged then. The descriptors of Gs that have only just begun to wait need not be known yet.
    guard !list.isCut, polled.allSatisfy({ $0.waitingOn != 0 || $0.since &+ Self.young > now }) else {
      return takeNoSockets(isCrowded, now)
    }
    var waiters: [Int: [SightingTaker.PollWaiter]] = [:]
    for row in polled where row.waitingOn != 0 {
      waiters[Int(clamping: row.waitingOn - 1), default: []].append(
        SightingTaker.PollWaiter(g: row.id, since: row.since, isWriting: row.reason == .netpollWrite))
    }
    guard let facts = facts(of: waiters.keys.prefix(Self.mostWaiting), source) else { return }
    guard facts.hasAllFilled else { return takeNoSockets(isCrowded, now) }
    // A list of sockets that was read for an earlier look tells nothing new.
    guard facts.readAt != lastSockets else { return }
    lastSockets = facts.readAt
    let filled = facts.found.compactMapValues { found in
      found.socket.isFilled ? found.inode.map { SightingTaker.Queue(inode: $0, socket: found.socket) } : nil
    }
    let places = Dictionary(list.rows.enumerated().map { ($1.id, $0) }) { first, _ in first }
    taker.take(
      filled, waiters: waiters, inodes: facts.found.compactMapValues(\.inode), isCrowded: isCrowded, at: now
    ) { g in
      places[g].map { (since: list.rows[$0].since, words: names.name(list.rows[$0].word) ?? "") }
    }
  }

  /// Notes that no socket can be judged now.
  private mutating func takeNoSockets(_ isCrowded: Bool, _ now: UInt64) {
    taker.take([:], waiters: [:], inodes: [:], isCrowded: isCrowded, at: now) { _ in nil }
  }

  /// What is known of the sockets of a process on this machine, or what another machine tells; nil: nothing.
  private mutating func facts(of fds: some Sequence<Int>, _ source: any SchedulerSource) -> SocketFacts? {
    guard let pid = source.threads?.pid else { return source.sockets }
    return sockets.facts(pid: pid, fds: Array(fds), most: Self.mostDescriptors)
  }
}
