// Sysmon: the thread that watches from outside. It holds no P, allocates nothing, and takes no lock that user code
// could hold, so it works when everything else is stuck.
//
// §1 What it looks for, at every look: Ps whose M is in a system call that lasts (Syscall §2), and Ps that have run
// one G for a whole slice while others wait (Preempt §2).
//
// §2 How often. 20 µs after something was found; doubling from the 50th idle look on, to 10 ms; and when every P has
// been idle for a while it sleeps until one is not (`noteActivity`), so an idle process costs nothing.
//
// §3 On the side it keeps the region's clock exact: the pair of moments by which readers convert ticks to nanoseconds
// is taken anew, rarer and rarer.
//
// §4 It polls the network when the netpoll thread stands by (so every P is busy) and nobody has looked for 10 ms. Who
// asks the kernel is otherwise a matter of who has time: Ms that search, and the thread while some P is idle (Netpoll
// §2, §3). When every P runs a G that goes on and on, neither has. The thread's own backstop wakes it every 10 ms for
// timers, and would do for sockets too; that sysmon looks first keeps that thread asleep, and makes the promise hold
// by the one thread that is always about. Gs that are found go on the GRQ, where sysmon, by §1, sees that somebody
// waits, and has room made for them. It can do so without a P, without allocating and without user code's locks: the
// poll works on the stack, on the region, and on locks that are held inside the runtime only, where no G is ever
// stopped.
import CMPG
import Region
import Synchronization

/// What sysmon remembers of one P from look to look.
private struct Watch {
  /// The M that was sent a signal on account of this P, until its handler has answered.
  var signalled: M?
  var activity: UInt64 = 0
  /// When the activity was first seen, in ticks.
  var since: UInt64 = 0
  var offered: Int?
}

enum Sysmon {
  /// Whether it sleeps until a P is taken from the idle list.
  private static let asleep = Atomic<Bool>(false)
  nonisolated(unsafe) private static var thread: M?

  /// Called when an M takes hold of a P.
  @inline(__always)
  static func noteActivity() {
    guard asleep.load(ordering: .relaxed) else { return }
    if asleep.exchange(false, ordering: .acquiringAndReleasing) { unsafe thread?.wake() }
  }

  /// Has it look at once. Async-signal-safe.
  static func wake() { unsafe thread?.wake() }

  static func run(_ m: M) -> Never {
    unsafe thread = m
    let watches = UnsafeMutableBufferPointer<Watch>.allocate(capacity: Capacity.ps)
    unsafe watches.initialize(repeating: Watch())
    var clock = ClockKeeper()
    var idleLooks = 0
    var pause: Int64 = 20_000
    while true {
      if idleLooks == 0 { pause = 20_000 } else if idleLooks > 50 { pause = min(pause * 2, 10_000_000) }
      AllGoroutines.printIfWanted()
      if idleLooks > 60, allIdle {
        Deadlock.check()
        sleepUntilActivity(m, limit: clock.untilNext)
        idleLooks = 0
      } else {
        m.sleepUntilWoken(nanoseconds: pause)
      }
      clock.keep()
      // A poll alone is no reason to look often: nothing can be found before 10 ms have passed again.
      _ = sched.netpoll.pollIfNobodyDid(m)
      idleLooks = unsafe look(m, watches) ? 0 : idleLooks + 1
    }
  }

  private static var allIdle: Bool { Int(sched.shared[.idlePs].ordered) == sched.procs }

  private static func sleepUntilActivity(_ m: M, limit: Int64) {
    asleep.store(true, ordering: .sequentiallyConsistent)
    if allIdle { m.sleepUntilWoken(nanoseconds: limit) }
    asleep.store(false, ordering: .sequentiallyConsistent)
  }

  /// One look at every P; whether anything was done.
  private static func look(_ m: M, _ watches: UnsafeMutableBufferPointer<Watch>) -> Bool {
    var found = false
    let now = Clock.now
    for id in 0..<sched.procs {
      let p = sched.p(id)
      if unsafe watch(p, &watches[id], now, m) { found = true }
    }
    return found
  }

  private static func watch(_ p: P, _ watch: inout Watch, _ now: UInt64, _ m: M) -> Bool {
    if let signalled = watch.signalled { return answer(of: signalled, &watch, m) }
    let activity = p.activity
    let offered = p.offeredBy
    guard activity == watch.activity, offered == watch.offered else {
      watch = Watch(signalled: nil, activity: activity, since: now, offered: offered)
      return false
    }
    let lasted = now &- watch.since
    if let offered {
      guard sched.hasWork || lasted > sched.slice else { return false }
      sched.retake(p, from: offered, by: m)
      return true
    }
    guard sched.preempts, p.shared[.status].relaxed == UInt64(PStatus.running.rawValue), p.shared[.g].relaxed != 0 else { return false }
    if lasted > sched.slice / 4 { sched.wantSpare() }
    guard lasted > sched.slice, sched.hasWork else { return false }
    watch.since = now
    return request(p, activity, &watch, m)
  }

  private static func request(_ p: P, _ activity: UInt64, _ watch: inout Watch, _ m: M) -> Bool {
    let holder = p.shared[.m].relaxed
    guard holder != 0, let target = sched.m(Int(holder - 1)) else { return false }
    p.requestEnd(of: activity)
    watch.signalled = target
    m.emit(.preemptRequest, count: p.id, arg: holder - 1)
    mpg_preempt_thread(Int32(truncatingIfNeeded: target.shared[.tid].relaxed))
    return true
  }

  /// Whether the handler has answered, and what comes of it. No second signal before that.
  private static func answer(of signalled: M, _ watch: inout Watch, _ m: M) -> Bool {
    switch signalled.stop {
    case .runs: return true  // not yet; look again soon
    case .leftANote: signalled.letGo()
    case .standsStill: sched.stopped(signalled, by: m)
    }
    watch.signalled = nil
    return true
  }
}

/// When the clock's second moment is taken anew: after 0.1 s, 1 s, 10 s, and then every minute.
private struct ClockKeeper {
  private var pause: UInt64 = 100_000_000
  private var next: UInt64

  init() { next = Clock.now &+ Clock.ticks(nanoseconds: pause) }

  var untilNext: Int64 {
    let now = Clock.now
    return next > now ? Int64(clamping: Clock.nanoseconds(ticks: next - now)) + 1 : 0
  }

  mutating func keep() {
    guard Clock.now >= next else { return }
    Clock.refine(sched.region.header)
    pause = min(pause * 10, 60_000_000_000)
    next = Clock.now &+ Clock.ticks(nanoseconds: pause)
  }
}
