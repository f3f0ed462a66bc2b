// Deadlock: all goroutines are asleep, and nothing can wake them.
//
// §1 The verdict ends a process, so it must be certain. It is about one moment, at which all of this holds: every live
// G waits, and for something that only another G can bring (`isFromInside`); no timer is armed that could make one of
// them runnable, or start one; no M holds a P; the process has no threads besides ours. From that moment on nothing can
// happen. A G that waits for a socket, a signal, an `async` function or for time to pass may go on. So may a G in any
// other state: runnable, running, in a system call, preempted, or just readied and not yet on a queue.
//
// §2 The moment. The counts stand in many words, and other threads change them while sysmon reads them. All of them
// only ever grow. So sysmon reads them twice. If the sums are the same both times, then so was every word from the end
// of the first reading to the beginning of the second, and what they say is true of every moment in between. The other
// questions are asked in between:
//     D0  is every P idle?  else sysmon does not sleep (§4)
//     D1  counts:  live Gs = those that wait for one another?  else no
//     D2  is every P idle, still?
//     D3  is there a timer that counts?             then: are there foreign threads?
//     D4  counts again: the same?                   then it is a deadlock
// Only these can be about to make a waiting G runnable: a G that runs; an M that is just parking a G whose wait was
// ended meanwhile (Claim W4), and that still holds its P; a timer; a foreign thread; for a wait that is not from
// inside, the network. Each of them counts the G as runnable *before* it stops being what D2 and D3 look for. So if D2
// or D3 looks too late to find it, the counts have changed by then, and D4 sees that.
//
// §3 Timers. D1 sees a sleeping G by its wait reason, and deadlines of descriptors end only waits for the network,
// which D1 sees too. So D3 counts neither kind. All other timers count (`Timers.wakers`) from the moment at which they
// are armed until the move of the G that they readied or spawned is counted, or they are stopped; stale entries that
// are left in a heap do not count. If a timer were taken off that count before it has acted, no count would show it
// while the thread that fires it works on it.
//
// §4 When. Sysmon asks these questions when it is about to sleep, after it has announced that
// (`Sysmon.sleepUntilActivity`). Every event that later turns a no into a yes wakes sysmon. A G can leave a wait, or
// come back to one, only on a P, and an M that takes a P after D0 wakes sysmon (`noteActivity`); and if the last timer
// fires and readies no G, that wakes sysmon too (`noteQuiet`). Timer and announcement are sequentially consistent; the
// scheduler's lock orders P and announcement:
//     sysmon:  asleep ← true;   then D0 to D4;   then sleep        firer:  wakers − 1;   then asleep?  wake it
// At least one sees the other. Without D0 an M that took its P before the announcement may park its last G while the
// counts are read, and sysmon would not ask again. Only foreign threads come and go unannounced. So sysmon asks for
// them again, first after 20 ms, then at longer intervals, up to a second.
//
// §5 What was wrong with the first version. It looked at netpoll's thread, then at queues, and at the counts last.
// Between a poll that found something and the append to the GRQ, a G is in no queue and no longer waits, and the
// netpoll thread still says that it sleeps without limit. It also took a timer that was over, but lay in a heap, for
// one to come. DeadlockModel goes through all interleavings.
import CMPG
import Glibc
import Region
import Synchronization

enum Deadlock {
  /// Ends the process, with a message and with exit code 2 as in Go, if nothing can ever happen in it again.
  /// Otherwise returns after how many nanoseconds sysmon must check again, if nothing wakes it before; nil: sysmon
  /// need not check again until something wakes it. Called by sysmon when it is about to sleep.
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

  /// Waits for the reporter to write its report and end the process. If the reporter takes too long, ends the process
  /// itself.
  private static func awaitEnd() -> Int64 {
    let limit = Clock.ticks(nanoseconds: 2 * Reporter.limit)
    if unsafe Clock.now &- told > limit { Reporter.end(SIGABRT) }
    return 1_000_000_000
  }

  private static let shortest: Int64 = 20_000_000
  // MARK: only sysmon uses these
  nonisolated(unsafe) private static var pause = shortest
  /// The moment at which sysmon found that nothing can happen any more, in ticks; 0: it has not found that.
  nonisolated(unsafe) private static var told: UInt64 = 0
  private static var isTold: Bool { unsafe told != 0 }

  enum Verdict {
    case alive
    /// All Gs wait for one another, but the process has threads that are not ours.
    case foreign
    /// Something changed while the questions were asked.
    case moving
    case dead
  }

  /// Decides whether this process is deadlocked, by the questions D1 to D4 of §2. Sysmon has asked question D0
  /// already, before it calls `check`.
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
    // Ask all Ps that were ever made: a timer stays counted on the P on which it was armed (Timers+Moving §3).
    for id in 0..<sched.psMade where sched.p(id).timers.wakers != 0 { return true }
    return false
  }
}

/// Counts of Gs and of their moves, summed over all lanes. Each of these counts only grows.
private struct Counts: Equatable {
  private var created: UInt64 = 0
  private var exited: UInt64 = 0
  private var parked: UInt64 = 0
  private var readied: UInt64 = 0

  /// Ordering: every load acquires. So the loads happen in this order, and a reader that sees a count sees what came
  /// before.
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

  /// Whether there are Gs, and every one of them waits for another.
  var allWaitForOneAnother: Bool {
    let live = created &- exited
    return live > 0 && live == parked &- readied
  }
}

extension WaitReason {
  /// Whether only another G, or a timer that counts (§3), can end a wait for this reason.
  fileprivate var isFromInside: Bool {
    switch self {
    case .none, .netpollRead, .netpollWrite, .sleep, .signal, .await: false
    case .chanSend, .chanReceive, .waitGroup, .mutex, .select, .condition, .semaphore: true
    }
  }
}
