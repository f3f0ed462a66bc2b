// Blocking system calls: the call occupies the thread, not the P.
//
// §1 A G that enters `blocking` keeps its thread. Its M puts the P on offer instead of giving it away: most calls
// return within microseconds, and then the M takes the P back with one compare-and-swap.
//
// §2 The protocol. `PRequests.syscallM` holds the M inside the call, plus 1.
//     enter:   count the G as in a syscall, on the P's lane; then syscallM ← M, release. From here on the M touches
//              neither the P nor its lane.
//     sysmon:  if the call lasts (at the next look it is still the same offer) and a G waits, or if it lasts 10 ms:
//              syscallM M → 0 by CAS; the winner owns the P and has another M go on with it (§5).
//     exit:    syscallM M → 0 by CAS. Success: the P is still ours, as we left it. Else take an idle P. Without one,
//              the G goes on the GRQ and the M goes to sleep.
// The word names the M, so an M that lost its P cannot claim the P while another M has put it on offer.
//
// §3 An M whose P was taken is not counted among the workers until it comes back (Spinning §4).
//
// §4 Preemption cuts no call short. A signal ends many calls early (EINTR) and gains nothing, because the P can be had
// without it. Sysmon's request to stop (Preempt §3) and the M's offer are ordered like this:
//     M:       offer;   then: asked without a signal? answers by a note. With a signal? waits until the signal has come
//     sysmon:  asked → asked with a signal, by CAS;   a barrier in every thread;   then: on offer? takes the request
//              back : sends the signal
// The M's half has no fence, because calls are frequent; sysmon's barrier makes up for that (Drift §3). Either the M
// sees that a signal is coming, and begins the call after it; or sysmon sees the offer. An M that answered by a note
// must still give way: if it still has its P when the call is over, its G gives way then.
//
// §5 Where Gs wait, sysmon does not put the P that it has taken on the idle list, but hands it to a sleeping M at once.
// If the P were idle, the G that comes out of its call would mostly get it back before a woken M has a CPU; and while
// some M searches already, no M would be woken at all. Suppose the M that searches waits, inside the runtime, for
// malloc's lock, and the G that holds malloc's lock is stopped and waits for a P. Then the G that makes calls would get
// its P back after every call, each time with a new slice, and the Gs that wait would never run. (In a test of fairness
// under load one G had the only P that ran anything for 128 s.)
import CMPG
import Region

/// Runs `body`, which may block its thread in the system, without holding up other Gs.
///
/// It is meant for system calls and foreign code; `body` must not use the runtime (channels, `go`, sockets of
/// `Net`…). It returns when the G has a P again, perhaps a little later than `body` did. Outside of a G, and
/// in a child of fork, it only runs `body`.
public func blocking<Result, Failure: Error>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result {
  guard M.current != nil else { return try body() }
  enterRuntime("blocking").enterSyscall()
  defer {
    // This M is the one that entered the call: a G in a system call does not move. `M.current` is nil if
    // `body` forked and this is the child.
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
    let now = Clock.now  // read once for G, M and P: reading the clock is the most expensive step here
    enteredSyscall(g, at: tracing ? now : 0)
    p.shared[.g].set(0)
    setState(.syscall, at: tracing ? now : 0)
    offerP(at: now)
    answerBeforeCall()  // must come after the offer: §4
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

  /// Puts the G on the GRQ for its turn, and sleeps until there is a P. Call on the scheduling stack, without
  /// a P.
  ///
  /// - Parameter stays: whether the G keeps this thread (Home.swift). Then the M's next P comes with the G's turn.
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
  /// Takes an idle P for an M that comes out of a system call.
  fileprivate func takeIdleP() -> P? {
    guard shared[.idlePs].relaxed != 0 else { return nil }
    lock.lock()
    defer { lock.unlock() }
    guard let p = popIdleP() else { return nil }
    workers += 1
    return p
  }

  /// Sysmon's half of §2: takes `p` from M `id`, which is inside a system call, and passes it on.
  func retake(_ p: P, from id: Int, by sysmon: M) {
    guard p.claim(from: id) else { return }
    sysmon.noteRetake(p, from: id)
    p.change(to: .idle)
    lock.lock()
    workers -= 1
    passOn(p, by: sysmon)
  }

  /// Passes on `p`, which sysmon has taken and no M holds. Where Gs wait, a sleeping M gets `p` at once (§5); else `p`
  /// goes on the idle list, or is retired. Call under the lock, which this function releases.
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
