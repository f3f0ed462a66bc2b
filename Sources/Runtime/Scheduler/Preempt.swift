// Preemption: stopping a G that does not stop by itself.
//
// §1 The problem. Swift has no safe points: at any instruction a G may hold malloc's lock, or be inside an access to a
// thread-local. So its stack must never be switched away under it, and its thread must stay its thread.
//
// §2 The design. Sysmon sends SIGURG to an M that has run one G for too long. The handler stands still, on the G's own
// stack: the thread keeps the G. While it does, sysmon takes the *P* away from it and puts the G on the GRQ, like any
// other. The M that picks it up gives its P to the thread that stands still, lets it go on, and goes to sleep. So
// there are never more Gs running than Ps, others get their turn, and the interrupted code notices nothing.
//
// §3 The stop word of an M is how its thread and sysmon talk (thread.c; the values are `M.Stop`).
//     sysmon:   runs → asked
//     the G:    leaves the runtime (Enter.swift), which most do all the time: asked → left a note, and gives way at once, to
//               the GRQ's worn line, which needs no signal and keeps no thread
//     sysmon:   still asked after an eighth of a millisecond: asked → signalled, and the signal
//     handler:  outside the runtime: signalled → stands still, rings sysmon's bell, waits on the futex until the word changes
//               inside: signalled → left a note, rings the bell, returns
//               in a library with locks (§8): signalled → was busy, rings the bell, returns
//     sysmon:   stands still: takes the P, or lets go (→ runs); left a note, was busy: → runs
//     the M with a P for it: writes the P into the record of the M that stands still, then → runs, and wakes it
// All changes are by compare-and-swap or exchange, so a signal that comes late, or from elsewhere, finds a
// word that asks nothing of it. The handler does nothing else: it may have interrupted anything. What is done to the M
// meanwhile is done on behalf of a thread that does not move; release and acquire of the word order the two.
// `signalled` tells a G that goes into a system call that a signal is coming: it waits for it, so that the call is not
// cut short (Syscall §4). A thread that falls asleep in the kernel after it was asked answers nothing: sysmon takes the
// request back, and the P (Drift).
//
// §4 Inside the runtime the handler only leaves a note, and the G gives way when it leaves the runtime.
//
// §5 Somebody must go on with the P. Sysmon sees to a spare M before it sends the signal (`hasSpare`); starting a thread
// allocates, so that is the gc thread's work. Without a spare the G just runs on, and is asked again.
//
// §6 Loans. A preempted G may hold a lock that others need, malloc's for one. Who waits for it in user code loses its P to
// the holder (Drift §4). But an M *inside the runtime* cannot be stopped, and may need malloc too
// (a heap that grows). Or a P is on its way to a thread that begins, which waits for malloc before it gets so far as to
// take it. Or it is to be taken from a thread that waits in the kernel, and no M is there to go on with it, since the
// gc thread, which would start one, waits for malloc too. When such a thing is true of every P at once, nobody is left to give the holder its turn. So when all Ps
// have stood for a slice though they should not, sysmon lends time to one preempted G after the other: its
// thread runs on without a P, in user code only. That breaks no promise, because all Ps are at rest.
//     lend:     stands still → on loan, wakes it
//     border:   a thread on loan that enters the runtime would touch what needs a P: on loan → stands still, and it waits
//               there until it is granted one. If the grant came first the CAS fails, and it goes on
//     recall:   when the loan has lasted its time: a signal; the handler does on loan → stands still
//     grant:    as ever, whether the thread stands still or runs on loan: it looks at its word again at the border only
// Without the border's CAS a grant could be overwritten, and the thread stand for ever beside a P of its own. The G stays
// queued while it is on loan, so it comes up in turn as soon as a P moves again.
//
// §7 Whom to stop, and when. What ends is a *slice*: the time for which one G runs, and those to which it hands the P by
// `runnext`, which inherit what is left of it; a system call in between does not begin a new one, unless the G comes back
// on another P. A G that waits for its first turn, or was woken, is somebody's latency: for it a slice ends
// after 1 ms (`grain`). Hogs among themselves change after a slice of 10 ms. What counts is the CPU time of the
// thread: a thread that waits for a CPU is no hog (Watch.swift). Sysmon may be asleep for 10 ms when a G comes in and
// all Ps are busy, so whoever injects it nudges sysmon.
// The bound that all this is to hold: what is ready runs within (number ready ÷ Ps + 2) slices.
//
// §8 Patience. A G that stands still with malloc's lock in its hands, or that of stdout, makes everybody who wants that
// lock stand behind it. Code that runs in libc, the dynamic linker or Swift's runtime when the signal comes may hold such a
// lock, and mostly leaves within microseconds. So the handler lets it go on, and leaves a note besides; sysmon asks anew,
// and insists after 16 times, some 3 ms: `qsort` and `memcpy` can be hogs as well. Other locks it cannot know of: those are
// Drift's, §4.
import CMPG
import Region
import Synchronization

extension Scheduler {
  /// Takes the P away from `m`, which stands still in the handler; or lets it go on, if it should not stop after all.
  /// By sysmon. Whether it lost the P.
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
    finish(.sleeper(next), spinning: false, by: sysmon)
    return true
  }

  /// Who waits for a turn, in the GRQ and the LRQs. Those in `runnext` inherit the slice that runs on their P.
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

  /// Has `g`, which was taken from a queue, go on with `p`, which nobody else holds, on the thread that keeps it.
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
  /// On the scheduling stack: `g` has its turn, on the thread that keeps it. Ours goes to sleep.
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

  /// Gs that stand still and wait for their turn.
  static var queued: Int { preempted.load(ordering: .relaxed) }
  static func count(_ change: Int) { preempted.wrappingAdd(change, ordering: .relaxed) }

  /// Installs the handler; before the first G runs.
  static func install(bellOf sysmon: M) {
    let error = unsafe mpg_preempt_install(sysmon.bell)
    if error != 0 { fatal("sigaction of SIGURG: \(errnoName(error))") }
    count(0)  // made now: making a static takes a lock, and may allocate
  }
}
