// Preemption: stopping a G that does not stop by itself.
//
// §1 The problem. Swift has no safe points: at any instruction a G may hold malloc's lock, or be inside an access to a
// thread-local. So the runtime must never switch a preempted G's stack away, nor move the G to another thread.
//
// §2 The design. Sysmon sends SIGURG to an M that has run one G for too long. The signal handler stands still on the
// G's own stack, so the thread stays with the G. Meanwhile sysmon takes the *P* away from the M and puts the G on the
// GRQ, like any other. The M that later takes the G from the GRQ gives its P to the thread that stands still, lets that
// thread go on, and goes to sleep. So no more Gs run than there are Ps, other Gs get their turn, and the interrupted
// code notices nothing.
//
// §3 The stop word of an M is how its thread and sysmon talk (thread.c; the values are `M.Stop`).
//     sysmon:   runs → asked
//     the G:    when it leaves the runtime (Enter.swift), which most Gs do all the time: asked → left a note. The G
//               gives way at once and goes to the GRQ's line for Gs that used up their slice (GlobalRunQueue §1).
//               That needs no signal, and no thread stands still
//     sysmon:   still asked after an eighth of a millisecond: asked → signalled, and sends the signal
//     handler:  outside the runtime: signalled → stands still, rings sysmon's bell, waits on the futex until the word
//               changes
//               inside: signalled → left a note, rings the bell, returns
//               in a library with locks (§8): signalled → was busy, rings the bell, returns
//     sysmon:   stands still: takes the P, or lets the thread go (→ runs). Left a note, or was busy: → runs
//     the M that takes the G from the GRQ: writes its P into the record of the M that stands still, then → runs, and
//               wakes that M
// All changes are by compare-and-swap or exchange, so a signal that comes late, or from another sender, finds a word
// that asks nothing of the handler. The handler does nothing else, because it may have interrupted any code. Whatever
// sysmon or another M does to the M meanwhile, it does on behalf of a thread that does not move; release and acquire of
// the word order the two sides. `signalled` tells a G that enters a system call that a signal is coming: the G waits
// for the signal, so that the signal does not cut the call short (Syscall §4). A thread that falls asleep in the kernel
// after it was asked answers nothing: sysmon takes the request back, and then the P (Drift).
//
// §4 Inside the runtime the handler only leaves a note, and the G gives way when it leaves the runtime.
//
// §5 Some M must go on with the P. Sysmon makes sure that a spare M sleeps before it sends the signal (`hasSpare`).
// Starting a thread allocates, so the gc thread does that. Without a spare the G runs on, and sysmon asks again.
//
// §6 Loans. A preempted G may hold a lock that other threads need, such as malloc's. A thread that waits for that lock
// in user code loses its P to the holder (Drift §4). But a P can be stuck behind the lock in three other ways:
//     • its M waits for malloc *inside the runtime* (for a heap that grows), where it cannot be stopped;
//     • the P is meant for a new thread, which waits for malloc before it gets so far as to take the P;
//     • the P is to be taken from a thread that waits in the kernel, but no M is there to go on with it, because the gc
//       thread, which would start one, waits for malloc too.
// When every P is stuck like this at once, no M is left that could give the holder its turn. So when every P has been
// stuck for a slice, sysmon lends time to one preempted G after the other: the G's thread runs on without a P, in user
// code only. That breaks no promise (no more Gs run than there are Ps), because all Ps are at rest.
//     lend:     stands still → on loan, wakes it
//     border:   a thread on loan that enters the runtime would touch what needs a P: on loan → stands still, and it
//               waits there until it is granted one. If the grant came first the CAS fails, and the thread goes on
//     recall:   when the loan has lasted its time: a signal; the handler does on loan → stands still
//     grant:    as in §3, whether the thread stands still or runs on loan: a thread on loan looks at the word again
//               only at the border
// Without the border's CAS the thread could overwrite a grant, and stand still for ever with a P of its own. The G
// stays queued while it is on loan, so its turn comes as soon as a P is no longer stuck.
//
// §7 Which G to stop, and when. What ends is a *slice*. A slice is the time for which one G runs, together with the Gs
// to which it hands the P by `runnext`; these inherit what is left of it. A system call does not begin a new slice,
// unless the G comes back on another P. When does a slice end? A waiting G that is new or was woken adds to the latency
// of some request, so beside such a G a slice ends after 1 ms (`grain`). Hogs among themselves take turns of 10 ms.
// What counts is the CPU time of the thread: a thread that waits for a CPU is no hog (Watch.swift). Sysmon may sleep
// for 10 ms while a G comes in and all Ps are busy, so the thread that injects that G nudges sysmon.
// The bound that all this must keep: a runnable G runs within (number runnable ÷ Ps + 2) slices.
//
// §8 Patience. When a G stands still with malloc's lock, or the lock of stdout, every thread that wants that lock waits
// for the G's next turn. Code that runs in libc, the dynamic linker or Swift's runtime when the signal comes may hold
// such a lock, and mostly leaves within microseconds. So the handler lets that code go on, and also leaves a note.
// Sysmon asks anew. After 16 times (some 3 ms) it has the thread stopped even there: `qsort` and `memcpy` can be hogs
// as well. The handler cannot recognise locks of other code; Drift §4 deals with those.
import CMPG
import Region
import Synchronization

extension Scheduler {
  /// Takes the P away from `m`, which stands still in the handler; or lets `m` go on, if the slice that was to end is
  /// over, or no M sleeps that could go on with the P. Called by sysmon. True when `m` lost the P.
  func stopped(_ m: M, by sysmon: M) -> Bool {
    guard let g = m.g, let p = m.heldP, p.mustYield else {
      m.letGo()
      return false
    }
    lock.lock()
    guard let next = popIdleM() else {
      lock.unlock()
      m.letGo()
      return false
    }
    m.preempted(g)
    p.shared[.g].set(0)
    _ = m.release()
    g.keeper = m
    m.setState(.preemptWait)
    workers -= 1
    Preemption.count(1)
    grqAppend(worn: g, at: sysmon.stamp())
    next.prepare(nextP: p, spinning: false)
    lock.unlock()
    Pace.rests(m)
    finish(.sleeper(next), spinning: false, by: sysmon)
    return true
  }

  /// The most urgent kind of Gs that wait for a turn in the GRQ and the LRQs. A G in `runnext` does not count: it
  /// inherits its P's slice.
  enum Waiting: Comparable {
    case nobody
    /// Gs whose slice was over.
    case worn
    case fresh
  }

  var waiting: Waiting {
    for id in 0..<psBound where p(id).lrq.depth > 0 { return .fresh }
    let (queued, worn) = (grqDepth, grqWorn)
    return queued > worn ? .fresh : queued > 0 ? .worn : .nobody
  }

  /// Lets `g`, which was taken from a queue, go on with `p`. It runs on its keeper, the thread that stands still inside
  /// `g`. No other M may hold `p`.
  func grant(_ p: P, to g: G, from found: RunSource) {
    guard let keeper = g.keeper else { fatal("the goroutine \(g.id), which was stopped, has no thread") }
    g.keeper = nil
    Preemption.count(-1)
    keeper.acquire(p)
    if g.status.state == .preempted {
      keeper.resumed(g, from: found)
    } else {
      keeper.found = found
      keeper.started(g)
    }
    keeper.setState(.running)
    keeper.letGo()
  }
}

extension M {
  /// Gives this M's P to the thread that stands still in `g`, whose turn has come. Then this M sleeps. Call
  /// on the scheduling stack.
  func handOver(to g: G) {
    let sched = sched
    sched.lock.lock()
    sched.workers += 1
    sched.lock.unlock()
    sched.grant(release(), to: g, from: found)
    sleepForP()
  }
}

enum Preemption {
  private static let preempted = Atomic<Int>(0)

  /// How many Gs stand still and wait for their turn; only a hint.
  static var queued: Int { preempted.load(ordering: .relaxed) }
  static func count(_ change: Int) { preempted.wrappingAdd(change, ordering: .relaxed) }

  /// Installs the signal handler. Call it before the first G runs.
  static func install(bellOf sysmon: M) {
    let error = unsafe mpg_preempt_install(sysmon.bell)
    if error != 0 { fatal("sigaction of SIGURG: \(errnoName(error))") }
    // Called here so that the static variable behind `count` is made now: making it takes a lock, and may allocate,
    // which sysmon must not.
    count(0)
  }
}
