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
// §3 The handler does nothing but say that it stands still, ring sysmon's bell, and wait on a futex (thread.c): it may
// have interrupted anything. All else is done by sysmon, and later by the M that hands over, on behalf of a thread
// that does not move; the stop word's release and acquire order the two.
//
// §4 Inside the runtime (Enter.swift) the handler only leaves a note, and the G gives way when it leaves the runtime:
// an ordinary yield, to the GRQ.
//
// §5 Somebody must go on with the P. Sysmon sees to a spare M beforehand (`wantSpare`); starting a thread allocates,
// so that is the gc thread's work. Without a spare the G just runs on, and is asked again.
//
// §6 A preempted G may hold a lock that the next one needs, malloc's for one. Then that one blocks its thread with the
// P in its hands; sysmon preempts it too, after a slice, and the first gets its turn on the GRQ. But when all Ps are
// held by Ms that are *inside the runtime* and need that lock (a pool that grows, a timer heap that grows), nobody can
// be stopped and the world stands still: seen in tests, under a load that stopped Gs in malloc. Until such a G is
// lent the little time that it needs, preemption is off unless a program asks for it.
import CMPG
import Region

extension Scheduler {
  /// Takes the P away from `m`, which stands still in the handler; or lets it go on, if it should not stop after all.
  /// By sysmon.
  func stopped(_ m: M, by sysmon: M) {
    guard let g = m.g, let p = m.heldP, p.mustYield else { return m.letGo() }
    lock.lock()
    guard let next = popIdleM() else {
      lock.unlock()
      return m.letGo()
    }
    m.preempted(g)
    p.shared[.g].set(0)
    _ = m.release()
    g.keeper = m
    m.setState(.preemptWait)
    workers -= 1
    var queue = GQueue()
    queue.append(g)
    grqAppend(queue, at: sysmon.stamp())
    next.prepare(nextP: p, spinning: false)
    lock.unlock()
    sysmon.emit(.mWake, count: next.id)
    next.wake()
  }
}

extension M {
  /// On the scheduling stack: `g` has its turn, on the thread that keeps it. Ours goes to sleep.
  func handOver(to g: G) {
    guard let keeper = g.keeper else { fatal("the preempted goroutine \(g.id) has no thread") }
    let sched = sched
    sched.lock.lock()
    sched.workers += 1
    sched.lock.unlock()
    keeper.acquire(release())
    keeper.resumed(g)
    keeper.setState(.running)
    keeper.letGo()
    sleepForP()
  }
}

enum Preemption {
  /// Installs the handler; before the first G runs.
  static func install(bellOf sysmon: M) {
    let error = unsafe mpg_preempt_install(sysmon.bell)
    if error != 0 { fatal("sigaction of SIGURG: \(errnoName(error))") }
  }
}
