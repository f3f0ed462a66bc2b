// Preemption: stopping a G that does not stop by itself.
//
// §1 The problem. Swift has no safe points: at any instruction a G may hold malloc's lock, or be inside an access to a
// thread-local. So its stack must never be switched away under it, and its thread must stay its thread.
//
// §2 The design. Sysmon sends SIGURG to an M that has run one G for too long. The handler, on the G's own stack, gives
// away the *P* and waits on a futex inside the handler: the thread keeps the G. The G stands on the GRQ like any
// other. The M that picks it up hands its P over to the waiting thread and goes to sleep. So there are never more Gs
// running than Ps, others get their turn, and the interrupted code notices nothing.
//
// §3 Inside the runtime (Enter.swift) the handler only leaves a note, and the G gives way when it leaves the runtime:
// an ordinary yield, to the GRQ.
//
// §4 The handler may not allocate, start a thread, or take a lock that user code can hold. It takes the scheduler's
// lock: whoever holds that is inside the runtime, so it is never this thread, nor a preempted one. And there must be
// an M to give the P to: sysmon sees to a spare one beforehand (`wantSpare`). Without one the G just runs on, and is
// asked again.
//
// §5 A preempted G may hold a lock that the next one needs, malloc's for one. Then that one blocks its thread with the
// P in its hands; sysmon preempts it too, after a slice, and the first gets its turn on the GRQ.
import CMPG
import Region

extension M {
  /// In the signal handler, outside the runtime: gives the P away and waits until the G has its turn again.
  fileprivate func stopHere() {
    guard let g, let p = heldP, p.mustYield else { return }
    let sched = sched
    sched.lock.lock()
    guard let next = sched.popIdleM() else { return sched.lock.unlock() }
    preempted(g)
    p.shared[.g].set(0)
    _ = release()
    g.keeper = self
    sched.workers -= 1
    var queue = GQueue()
    queue.append(g)
    sched.grqAppend(queue, at: stamp())
    setState(.preemptWait)
    next.prepare(nextP: p, spinning: false)
    sched.lock.unlock()
    emit(.mWake, count: next.id)
    next.wake()
    sleepUntilWoken()
    guard let (given, _) = takeNext() else { fatal("M\(id) was woken without a P") }
    acquire(given)
    resumed(g)
    setState(.running)
  }

  /// On the scheduling stack: `g` has its turn, on the thread that keeps it.
  func handOver(to g: G) {
    guard let keeper = g.keeper else { fatal("the preempted goroutine \(g.id) has no thread") }
    let sched = sched
    sched.lock.lock()
    sched.workers += 1
    sched.lock.unlock()
    keeper.prepare(nextP: release(), spinning: false)
    emit(.mWake, count: keeper.id)
    keeper.wake()
    sleepForP()
  }
}

enum Preemption {
  /// Installs the handler; at boot.
  static func install() {
    let error = unsafe mpg_preempt_install { raw in
      unsafe M(raw.unsafelyUnwrapped.assumingMemoryBound(to: MRecord.self)).stopHere()
    }
    if error != 0 { fatal("sigaction of SIGURG: \(errnoName(error))") }
  }
}
