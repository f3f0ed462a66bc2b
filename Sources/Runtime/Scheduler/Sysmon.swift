// Sysmon: the monitor thread, which watches all Ps from outside. It holds no P, allocates nothing, takes no lock that
// user code could hold, and writes no messages (Safety/Reporter.swift does), so it works when everything else is stuck.
//
// §1 At every look it searches for: Ps whose M is in a system call that lasts (Syscall §2); Ps that have run one G for
// too long while other Gs wait (Preempt §2); and Ps whose thread sleeps in the kernel outside of `blocking` (Drift).
// Watch.swift says what sysmon does about one P; Loan.swift, what it does when every P is stuck.
//
// §2 How often it looks. 20 µs after a look that found something; from the 50th idle look on the pause doubles, up to
// 10 ms. While a G waits behind one that runs, the pause is 125 µs and doubles up to 1 ms. That is often enough to find
// a hog, or a thread that has fallen asleep. It also wastes little CPU on a machine with more to do than CPUs, where
// threads that are no hogs wait long for a CPU. When every P has been idle for a while, sysmon sleeps until one is
// taken (`noteActivity`), so an idle process costs nothing. `Rest` says how long every P must have been idle for that.
//
// Sysmon and the netpoll thread ask the kernel for slices of 0.1 ms. So where hogs have all CPUs, these two threads run
// sooner after they are woken. docs/performance.md has the measurement.
//
// §3 Sysmon also keeps the region's clock exact. Readers convert ticks to nanoseconds by two moments, each of which was
// measured in both units (Clock.swift); sysmon measures the second moment anew, at ever longer intervals.
//
// §4 Sysmon polls the network when the netpoll thread stands by (it does so while every P is busy) and no thread has
// polled for 10 ms. Otherwise a thread that has time asks the kernel: an M that searches, or the netpoll thread while
// some P is idle (Netpoll §2, §3). When every P runs a G that goes on and on, neither has time. The netpoll thread
// wakes every 10 ms for timers anyway (its backstop), and could poll for sockets then; but sysmon is awake at that time
// too, and if sysmon polls, the netpoll thread can sleep on. Gs that the poll finds go on the GRQ; by §1 sysmon then
// sees that a G waits, and stops a hog for it. Sysmon can poll without a P, without allocating and without user code's
// locks: the poll works on the stack, on the region, and on locks that are held only inside the runtime, where no G is
// ever stopped.
import CMPG
import Region
import Synchronization

enum Sysmon {
  /// Whether sysmon sleeps until some M takes a P from the idle list.
  private static let asleep = Atomic<Bool>(false)
  nonisolated(unsafe) private static var thread: M?

  /// Wakes sysmon if it sleeps while all is idle. Called when an M takes hold of a P.
  @inline(__always)
  static func noteActivity() {
    guard asleep.load(ordering: .relaxed) else { return }
    if asleep.exchange(false, ordering: .acquiringAndReleasing) { unsafe thread?.wake() }
  }

  /// Makes sysmon check whether anything can still happen. Called when a timer went off and readied no G, so that
  /// perhaps no timer is left; and when threads that have ended are gone. Both sides are sequentially consistent:
  /// sysmon checks after it has announced its sleep (Deadlock §4).
  static func noteQuiet() {
    guard asleep.load(ordering: .sequentiallyConsistent) else { return }
    if asleep.exchange(false, ordering: .acquiringAndReleasing) { unsafe thread?.wake() }
  }

  /// Whether sysmon sleeps for longer than a waiting G should have to wait.
  private static let naps = Atomic<Bool>(false)

  /// Wakes sysmon from a long pause, so that it looks for Gs that keep their P too long (Preempt §7). Called when Gs
  /// came in and no P was idle.
  static func nudge() {
    guard naps.load(ordering: .relaxed) else { return }
    if naps.exchange(false, ordering: .acquiringAndReleasing) { unsafe thread?.wake() }
  }

  static func run(_ m: M) -> Never {
    unsafe thread = m
    mpg_thread_prompt()
    let watches = UnsafeMutableBufferPointer<Watch>.allocate(capacity: Capacity.ps)
    unsafe watches.initialize(repeating: Watch())
    var (loan, drift) = (Loan(), Drift())
    var clock = ClockKeeper()
    var rest = Rest()
    var idleLooks = 0
    var pause: Int64 = 20_000
    var soon: Int64 = 125_000
    while true {
      if rest.isDue {
        let start = Clock.now
        if sleepUntilActivity(m, limit: clock.untilNext) {
          rest.wake(after: Clock.now &- start)
          (idleLooks, pause) = (51, 1_000_000)
        }
      } else {
        nap(m, rest.nap ?? pause)
      }
      clock.keep()
      // A poll alone is no reason to look often: the next one is due only after 10 ms.
      _ = sched.netpoll.pollIfNobodyDid(m)
      let came = unsafe look(m, watches, &loan, &drift)
      idleLooks = came == .acted ? 0 : idleLooks + 1
      if idleLooks == 0 { pause = 20_000 } else if idleLooks > 50 { pause = min(pause * 2, 10_000_000) }
      soon = came == .soon ? min(soon * 2, 1_000_000) : 125_000
      if came == .soon { pause = min(pause, soon) }
      rest.look(allIdle: allIdle && drift.isEmpty, activity: activity)
    }
  }

  /// A number that grows whenever any P starts a G.
  private static var activity: UInt64 {
    var all: UInt64 = 0
    for id in 0..<sched.psBound { all &+= sched.p(id).activity }
    return all
  }

  private static func nap(_ m: M, _ pause: Int64) {
    guard pause > 500_000 else { return m.sleepUntilWoken(nanoseconds: pause) }
    naps.store(true, ordering: .sequentiallyConsistent)
    // A G that came in before this store has not nudged sysmon, so look for one here.
    let someoneWaits = sched.grqDepth > 0 && sched.shared[.idlePs].ordered == 0
    m.sleepUntilWoken(nanoseconds: someoneWaits ? 250_000 : pause)
    naps.store(false, ordering: .relaxed)
  }

  private static var allIdle: Bool { sched.allIdle }

  /// Sleeps while every P is idle. True when there was activity; false when the time was up, or another thread woke
  /// sysmon for something else.
  private static func sleepUntilActivity(_ m: M, limit: Int64) -> Bool {
    asleep.store(true, ordering: .sequentiallyConsistent)
    if allIdle { m.sleepUntilWoken(nanoseconds: min(limit, Deadlock.check() ?? limit)) }
    return !asleep.exchange(false, ordering: .sequentiallyConsistent) || !allIdle
  }

  /// Looks at every P once.
  private static func look(
    _ m: M, _ watches: UnsafeMutableBufferPointer<Watch>, _ loan: inout Loan, _ drift: inout Drift
  ) -> Watch.Look {
    let (now, isHeld) = (Clock.paced, Pace.isHeld)
    Pace.beginLook()
    defer { Pace.endLook(m) }
    var came = isHeld ? .nothing : drift.look(now, by: m)
    let bound = sched.psBound
    // Look also at a P at or above the bound if an M was asked to stop on its account: that M must still be let go.
    for id in 0..<sched.psMade where unsafe id < bound || watches[id].isPending {
      came = unsafe max(came, watches[id].look(at: sched.p(id), now, &drift, by: m))
    }
    if isHeld { return came }
    return max(came, loan.look(now, isStuck: { unsafe watches[$0].isStuck(now) }, by: m))
  }
}

/// Decides when sysmon may sleep: when every P is idle, and none has started a G for some time. Waking sysmon costs the
/// waker some microseconds, and a program that is idle for moments only should not pay that each time. So after a short
/// sleep every P must have been idle for `long` before sysmon sleeps again, after a long sleep only for `short`.
/// Meanwhile sysmon looks at most a hundred times a second.
private struct Rest {
  /// How long every P must have been idle before sysmon sleeps, if its last sleep was long. In nanoseconds.
  private static let short: UInt64 = 1_000_000
  /// How long every P must have been idle before sysmon sleeps, if its last sleep was short. In nanoseconds.
  private static let long: UInt64 = 10_000_000
  /// A sleep of less than this many nanoseconds is short.
  private static let shortSleep: UInt64 = 100_000_000

  private var activity: UInt64 = 0
  /// The moment from which on every P has been idle, in ticks; 0: some P is busy, or started a G since the
  /// last look.
  private var since: UInt64 = 0
  private var needed = Self.long

  mutating func look(allIdle: Bool, activity: UInt64) {
    let isQuiet = allIdle && activity == self.activity
    self.activity = activity
    since = !isQuiet ? 0 : since == 0 ? Clock.now : since
  }

  var isDue: Bool { since != 0 && Clock.now &- since >= Clock.ticks(nanoseconds: needed) }

  /// How long to nap before the next look while every P is idle, in nanoseconds; nil: some P is busy.
  var nap: Int64? { since == 0 ? nil : Int64(needed) }

  /// Notes that sysmon slept for `ticks`, until there was activity.
  mutating func wake(after ticks: UInt64) {
    needed = ticks < Clock.ticks(nanoseconds: Self.shortSleep) ? Self.long : Self.short
    since = 0
  }
}

/// Calls `Clock.refine` from time to time. The clock converts ticks by two moments that were measured. Refining
/// measures the second moment anew: after 0.1 s, 1 s, 10 s, and then every minute.
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
