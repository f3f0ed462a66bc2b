// Deadlock: all goroutines are asleep, and nothing can wake them.
//
// §1 The verdict ends a process, so it must be certain. It is one of a moment: every live G waits, and for something that
// only another G can bring (`isFromInside`); no timer is armed that could make one of them runnable, or start one; no M
// holds a P; no thread is there that is none of ours. From that moment on nothing can happen. A G that waits for a socket,
// a signal, an `async` function or for time to pass will go on, or may, and so may one that is anywhere else: runnable,
// running, in a system call, preempted, in the hands of whoever has just readied it.
//
// §2 The moment. The counts stand in many words, and others change them while they are read. All of them only ever
// grow. So they are read twice, and if the sums are the same each time, so was every word from the end of the first
// reading to the beginning of the second, and what they say is true of all moments in between. What else is asked is
// asked in between:
//     D0  is every P idle?  else sysmon does not sleep (§4)
//     D1  counts:  live Gs = those that wait for one another?  else no
//     D2  is every P idle, still?
//     D3  is there a timer that counts?             then are there foreign threads?
//     D4  counts again: the same?                   then it is a deadlock
// Whoever is about to make a waiting G runnable is one of these: a G that runs; an M that has just put a G aside, whose
// wait was ended meanwhile (Claim W4), and which still holds its P; a timer; a foreign thread; for a wait that is not from
// inside, the network. Each counts the G as runnable *before* it stops being what D2 and D3 ask for. So one who is past
// that when it is asked has changed the counts by then, and D4 sees it.
//
// §3 Timers. Sleepers are told by their wait, and deadlines of descriptors end waits for the network only. The others,
// `Timers.wakers`, count from the moment at which they are armed until what they did is counted, or they were stopped; an
// entry that was left in a heap counts no more. Counted out before it has acted, a timer would be nowhere to be seen
// while it is in the hands of who fires it.
//
// §4 When. Sysmon asks when it is about to sleep, after it has announced that (`Sysmon.sleepUntilActivity`). Whatever
// changes an answer of no later wakes it: a G can leave a wait, or come back to one, only on a P, and who takes hold of
// a P after D0 wakes it (`noteActivity`); and the last timer that fires for nobody says so (`noteQuiet`). Timer and
// announcement are sequentially consistent, P and announcement are ordered by the scheduler's lock:
//     sysmon:  asleep ← true;   then D0 to D4;   then sleep        firer:  wakers − 1;   then asleep?  wake it
// At least one sees the other. Without D0 an M that took its P before the announcement may put its last G aside while the
// counts are read, and nobody asks again. Only foreign threads come and go in silence: they are asked for again, after 20 ms and
// then rarer, once a second.
//
// §5 What the first version got wrong, which looked at netpoll's thread, then at queues, and at the counts last: between a
// poll that found something and the append to the GRQ a G is in no queue, no longer waits, and the thread still says that
// it sleeps without limit. And it took a timer that was over, but lay in a heap, for one to come. DeadlockModel goes
// through all interleavings.
import CMPG
import Glibc
import Region
import Synchronization

enum Deadlock {
  /// Has the process say so and end, with exit code 2 as Go does, if it will never do anything again. For how many nanoseconds
  /// the answer holds if nothing wakes sysmon; nil: for good. By sysmon, as it is about to sleep.
  static func check() -> Int64? {
    if isTold { return awaitEnd() }
    switch verdict {
    case .alive:
      unsafe pause = shortest
      return nil
    case .moving:
      return shortest
    case .foreign:
      defer { unsafe pause = min(pause * 2, 1_000_000_000) }
      return unsafe pause
    case .dead:
      unsafe told = Clock.now
      Reporter.ask(.deadlock)
      return awaitEnd()
    }
  }

  /// The reporter ends the process when it has said why. If it does not come to that, this does.
  private static func awaitEnd() -> Int64 {
    let limit = Clock.ticks(nanoseconds: 2 * Reporter.limit)
    if unsafe Clock.now &- told > limit { Reporter.end(SIGABRT) }
    return 1_000_000_000
  }

  private static let shortest: Int64 = 20_000_000
  // MARK: sysmon's
  nonisolated(unsafe) private static var pause = shortest
  /// When the verdict was spoken, in ticks; 0: it was not.
  nonisolated(unsafe) private static var told: UInt64 = 0
  private static var isTold: Bool { unsafe told != 0 }

  enum Verdict {
    case alive
    /// All Gs wait for one another, but there are threads that are none of ours.
    case foreign
    /// Something changed while it was asked.
    case moving
    case dead
  }

  /// §2.
  static var verdict: Verdict {
    let first = Counts()
    guard first.allWaitForOneAnother else { return .alive }
    guard sched.allIdle else { return .moving }
    guard !hasWakers else { return .alive }
    let isForeign = Outside.hasThreads
    guard first == Counts() else { return .moving }
    return isForeign ? .foreign : .dead
  }

  private static var hasWakers: Bool {
    // Of all that ever were: what is armed on a P stays counted there (Timers+Moving §3).
    for id in 0..<sched.psMade where sched.p(id).timers.wakers != 0 { return true }
    return false
  }
}

/// Sums over all lanes, each of which only grows.
private struct Counts: Equatable {
  private var created: UInt64 = 0
  private var exited: UInt64 = 0
  private var parked: UInt64 = 0
  private var readied: UInt64 = 0

  /// Ordering: every load acquires, so a later one is later; and who sees a count sees what came before it.
  init() {
    let sched = sched
    for p in 0..<sched.psMade { add(sched.region.lane(p: p).counters) }
    for m in 0..<Int(sched.shared[.mCount].acquired) { add(sched.region.lane(m: m).counters) }
  }

  private mutating func add(_ counters: Block<LaneField>) {
    created &+= counters[.created].acquired
    exited &+= counters[.exited].acquired
    for code in 0..<WaitReason.capacity {  // without an array of all cases: sysmon allocates nothing
      guard WaitReason(rawValue: UInt8(code))?.isFromInside ?? false else { continue }
      parked &+= counters[.parked, code].acquired
      readied &+= counters[.readied, code].acquired
    }
  }

  /// Whether there are Gs, and each of them waits for another one.
  var allWaitForOneAnother: Bool {
    let live = created &- exited
    return live > 0 && live == parked &- readied
  }
}

extension WaitReason {
  /// Whether only another G can end such a wait, or a timer that is counted as one that does (§3).
  fileprivate var isFromInside: Bool {
    switch self {
    case .none, .netpollRead, .netpollWrite, .sleep, .signal, .await: false
    case .chanSend, .chanReceive, .waitGroup, .mutex, .select, .condition, .semaphore: true
    }
  }
}
