// System calls that block: the thread is lost to them, the P is not.
//
// §1 A G that goes into `blocking` keeps its thread. Its P is put on offer, not given away: most calls return within
// microseconds, and then the M takes it back with one compare-and-swap.
//
// §2 The protocol. `PRequests.syscallM` holds the M inside, plus 1.
//     enter:   count the G as in a syscall, on the P's lane; then syscallM ← M, release. From here on the M touches
//              neither the P nor its lane.
//     sysmon:  if the call lasts (a look later it is still the same offer) and somebody waits, or it lasts 10 ms:
//              syscallM M → 0 by CAS; the winner owns the P and has another M go on with it (§5).
//     exit:    syscallM M → 0 by CAS. Success: the P is still ours, as we left it. Else take an idle P; else the G goes
//              on the GRQ and the M to sleep.
// The word names the M, so an M that lost its P cannot claim it while another M has put it on offer.
//
// §3 An M whose P was taken is not counted among the workers until it comes back (Spinning §4).
//
// §4 A call is not cut short by preemption. A signal ends many calls early (EINTR), and gains nothing: the P can be had
// without it. Sysmon's request and the offer are ordered like this:
//     M:       offer;   then a request without signal? answers it (a note). One with a signal? waits until that has come
//     sysmon:  request → request with a signal, by CAS;   a barrier in every thread;   then on offer? takes it back : signal
// The M's half has no fence, since calls are many; the barrier makes up for it (Drift §3). Either the M sees the signal
// coming, and the call begins after it; or sysmon sees the offer. What the M answered by a note it owes: if it still has
// its P when the call is over, it gives way then.
//
// §5 Where others wait, a P that was taken goes to an M at once, and not on the idle list. From there the G that comes out of
// its call would mostly have it back, before the M that was woken has its CPU; and nobody is woken where somebody searches
// already. If that one waits for a lock whose owner waits for a turn, the G would have its P back from every call that it
// makes, each time with a new slice, and none of the others would ever run. (A run of the fairness mix found that: 128 s.)
import CMPG
import Region

/// Runs `body`, which may block its thread in the system, without holding up other Gs.
///
/// For system calls and foreign code; `body` must not use the runtime (channels, `go`, sockets of `Net`…). Returns on
/// a P again, perhaps a little later than `body` did. Called outside of a G, or in a child of fork, it just runs `body`.
public func blocking<Result, Failure: Error>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result {
  guard M.current != nil else { return try body() }
  enterRuntime("blocking").enterSyscall()
  defer {
    // The same M: a G in a system call does not move. None: `body` forked, and this is the child.
    if let m = M.current {
      m.exitSyscall()
      leaveRuntime()
    }
  }
  return try body()
}

extension M {
  fileprivate func enterSyscall() {
    guard let g else { fatal("blocking was called outside of a G") }
    let now = Clock.now  // one for G, M and P: to read it is the dearest thing here
    enteredSyscall(g, at: tracing ? now : 0)
    p.shared[.g].set(0)
    setState(.syscall, at: tracing ? now : 0)
    offerP(at: now)
    answerBeforeCall()  // after the offer: §4
  }

  fileprivate func exitSyscall() {
    guard let g else { fatal("M\(id) came out of a system call without a G") }
    let old = offeredP
    let isMine = old.claim(from: id)
    if isMine, old.mustRetire {
      sched.retireClaimed(old, by: self)
    } else if isMine {
      let now = Clock.now
      retakeOwn(old, at: now)
      returnedFromSyscall(g, onOldP: true, at: tracing ? now : 0)
      return setState(.running, at: tracing ? now : 0)
    }
    if let p = sched.takeIdleP() {
      acquire(p)
      returnedFromSyscall(g, onOldP: false, at: stamp())
    } else {
      ask(.syscallExit)
      return switchAway(g, self)
    }
    setState(.running)
  }

  /// On the scheduling stack, without a P: the G waits its turn, the thread for its next P.
  /// - Parameter stays: its thread is its home: then the next P comes with its turn.
  func settleSyscallExit(_ g: G, stays: Bool) {
    shared[.g].set(0)
    queuedAfterSyscall(g)
    sched.lock.lock()
    if !stays { sched.workers += 1 }
    sched.grqAppend(fresh: g, at: stamp())
    sched.lock.unlock()
    sched.wakePAfterSubmit(self)
    if stays { sleepAtHome() } else { sleepForP() }
  }
}

extension Scheduler {
  /// An idle P for an M that comes out of a system call.
  fileprivate func takeIdleP() -> P? {
    guard shared[.idlePs].relaxed != 0 else { return nil }
    lock.lock()
    defer { lock.unlock() }
    guard let p = popIdleP() else { return nil }
    workers += 1
    return p
  }

  /// Sysmon's half: takes `p` from the M inside a system call and lets others have it, or nobody, where nobody waits.
  func retake(_ p: P, from id: Int, by sysmon: M) {
    guard p.claim(from: id) else { return }
    sysmon.noteRetake(p, from: id)
    p.change(to: .idle)
    lock.lock()
    workers -= 1
    passOn(p, by: sysmon)
  }

  /// Sysmon has taken `p`, which nobody holds: others go on with it, or nobody, where nobody waits. Where somebody waits, an
  /// M gets it at once (§5). Under the lock, which this gives back.
  func passOn(_ p: P, by sysmon: M) {
    if p.id < procs, hasWork, let next = popIdleM() {
      next.prepare(nextP: p, spinning: false)
      lock.unlock()
      return finish(.sleeper(next), spinning: false, by: sysmon)
    }
    giveUp(p, by: sysmon)
    lock.unlock()
    netpoll.arm(sysmon)
    if hasWork { wakePAfterSubmit(sysmon) }
  }
}
