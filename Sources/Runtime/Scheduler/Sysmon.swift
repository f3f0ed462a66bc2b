// Sysmon: the thread that watches from outside. It holds no P, allocates nothing, takes no lock that user code could
// hold, and writes no words (Safety/Reporter.swift does), so it works when everything else is stuck.
//
// §1 What it looks for, at every look: Ps whose M is in a system call that lasts (Syscall §2), and Ps that have run
// one G for too long while others wait (Preempt §2), or whose thread sleeps in the kernel without having said so (Drift).
// What it does about one P is in Watch.swift; Loan.swift has what it does when every P is stuck.
//
// §2 How often. 20 µs after something was found; doubling from the 50th idle look on, to 10 ms. While somebody waits behind
// a G that runs, 125 µs, doubling to 1 ms: a hog, or a thread that has fallen asleep, is found so, and on a machine with
// more to do than CPUs, where threads stand still for long without being hogs, little is wasted. When every P has been idle for a while it sleeps until one
// is not (`noteActivity`), so an idle process costs nothing. How long a while: see `Rest`.
//
// Sysmon and netpoll's thread ask the kernel for slices of 0.1 ms: where hogs have all CPUs, they run sooner when they are
// woken. docs/performance.md has the measure.
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

  /// Called when a timer came to nothing, so that nobody gets going for it, and there may be none left; or when threads
  /// that have ended are gone: has it look
  /// whether anything can happen any more. Sequentially consistent on both sides: it asks after it has announced its sleep
  /// (Deadlock §4).
  static func noteQuiet() {
    guard asleep.load(ordering: .sequentiallyConsistent) else { return }
    if asleep.exchange(false, ordering: .acquiringAndReleasing) { unsafe thread?.wake() }
  }

  /// Whether it sleeps for longer than somebody who waits should.
  private static let naps = Atomic<Bool>(false)

  /// Called when Gs came in and no P was idle: has a look at who keeps the Ps (Preempt §7).
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
      // A poll alone is no reason to look often: nothing can be found before 10 ms have passed again.
      _ = sched.netpoll.pollIfNobodyDid(m)
      let came = unsafe look(m, watches, &loan, &drift)
      idleLooks = came == .acted ? 0 : idleLooks + 1
      if idleLooks == 0 { pause = 20_000 } else if idleLooks > 50 { pause = min(pause * 2, 10_000_000) }
      soon = came == .soon ? min(soon * 2, 1_000_000) : 125_000
      if came == .soon { pause = min(pause, soon) }
      rest.look(allIdle: allIdle && drift.isEmpty, activity: activity)
    }
  }

  /// Grows whenever any P starts a G.
  private static var activity: UInt64 {
    var all: UInt64 = 0
    for id in 0..<sched.psBound { all &+= sched.p(id).activity }
    return all
  }

  private static func nap(_ m: M, _ pause: Int64) {
    guard pause > 500_000 else { return m.sleepUntilWoken(nanoseconds: pause) }
    naps.store(true, ordering: .sequentiallyConsistent)
    // Who came in before that did not nudge.
    let someoneWaits = sched.grqDepth > 0 && sched.shared[.idlePs].ordered == 0
    m.sleepUntilWoken(nanoseconds: someoneWaits ? 250_000 : pause)
    naps.store(false, ordering: .relaxed)
  }

  private static var allIdle: Bool { sched.allIdle }

  /// Whether there was any; else the time was up, or somebody wants something of sysmon itself.
  private static func sleepUntilActivity(_ m: M, limit: Int64) -> Bool {
    asleep.store(true, ordering: .sequentiallyConsistent)
    if allIdle { m.sleepUntilWoken(nanoseconds: min(limit, Deadlock.check() ?? limit)) }
    return !asleep.exchange(false, ordering: .sequentiallyConsistent) || !allIdle
  }

  /// One look at every P.
  private static func look(
    _ m: M, _ watches: UnsafeMutableBufferPointer<Watch>, _ loan: inout Loan, _ drift: inout Drift
  ) -> Watch.Look {
    let now = Clock.now
    var came = drift.look(now, by: m)
    let bound = sched.psBound
    // An M that was asked on account of a P that is stopped by now is still to be let go.
    for id in 0..<sched.psMade where unsafe id < bound || watches[id].isPending {
      came = unsafe max(came, watches[id].look(at: sched.p(id), now, &drift, by: m))
    }
    return max(came, loan.look(now, isStuck: { unsafe watches[$0].isStuck(now) }, by: m))
  }
}

/// When sysmon may sleep: every P is idle, and none has started a G for a while. To be woken from sleep costs who wakes it
/// some microseconds, so a program that is idle for moments only shall not pay that each time: where the last sleep was
/// short, the while is long, and there are at most a hundred looks a second.
private struct Rest {
  /// Nanoseconds.
  private static let short: UInt64 = 1_000_000
  private static let long: UInt64 = 10_000_000
  private static let shortSleep: UInt64 = 100_000_000

  private var activity: UInt64 = 0
  /// Since when all is quiet, in ticks; 0: it is not.
  private var since: UInt64 = 0
  private var needed = Self.long

  mutating func look(allIdle: Bool, activity: UInt64) {
    let isQuiet = allIdle && activity == self.activity
    self.activity = activity
    since = !isQuiet ? 0 : since == 0 ? Clock.now : since
  }

  var isDue: Bool { since != 0 && Clock.now &- since >= Clock.ticks(nanoseconds: needed) }

  /// How long to nap while it is quiet; nil: it is not.
  var nap: Int64? { since == 0 ? nil : Int64(needed) }

  /// It slept for so many ticks, until there was activity.
  mutating func wake(after ticks: UInt64) {
    needed = ticks < Clock.ticks(nanoseconds: Self.shortSleep) ? Self.long : Self.short
    since = 0
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
