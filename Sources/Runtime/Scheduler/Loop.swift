// The loop of an M on its scheduling stack: find a G, run it until it leaves, do what it asked for, repeat.
import CMPG
import Region

extension M {
  /// Runs Gs for ever. The M must hold a P.
  func scheduleForever() -> Never {
    while true {
      let g = findRunnable()
      if isSpinning { stopSpinning() }
      if g.hasKeeper {
        handOver(to: g)
      } else if let home = g.home, home != self {
        send(g, to: home)
      } else {
        while execute(g) {}  // a G that keeps this thread runs here again, with another P: Home.swift
      }
    }
  }

  /// Runs `g` until it leaves, then does what `g` asked for. True when `g` keeps this thread and has its next turn
  /// here.
  @inline(__always)
  private func execute(_ g: G) -> Bool {
    if unsafe g.record.pointee.stack == nil {
      guard bindStack(g) else { return false }
      if unsafe g.record.pointee.job != nil { unsafe g.record.pointee.home = self }
    }
    g.prefetchStack()
    started(g)
    self.g = g
    unsafe mpg_fiber_enter(fiber, &g.record.pointee.fiber)
    self.g = nil
    let stays = g.home != nil  // read now: later, other Ms may find the G and run it
    if request == .syscallExit {
      settleSyscallExit(g, stays: stays)
      return stays
    }
    switch request {
    case .park: settlePark(g)
    case .yield: settleYield(g)
    case .preempt: settlePreempt(g)
    case .exit:
      settleExit(g)
      return false
    case .syscallExit: break  // handled above, where the M holds no P
    }
    if stays { stayHome() }
    return stays
  }

  /// Settles a park. The G is off its stack and counted as waiting; only now may other threads find it.
  @inline(__always)
  private func settlePark(_ g: G) {
    parked(g, reason, on: waitingOn)
    switch commit {
    case .nothing: break
    case .unlock(let lock): lock.unlock()
    case .claimable(let locks):
      let isParked = g.wait.commit()
      locks.unlock()
      if !isParked { makeReady(g) }
    case .poll(let side):
      if !side.commit(g) { makeReady(g) }
    case .rest(let side): settleRest(g, at: side)
    }
  }

  /// Puts a G that yielded at the end of the LRQ; or of the GRQ, where there are more Ps than CPUs: FindRunnable §2.
  private func settleYield(_ g: G) {
    if sched.isCrowded, p.lrq.depth > 0 || sched.grqDepth > 0 { return settleCrowdedYield(g) }
    yielded(g, lastPlace)
    pushLocal(g)
    guard sched.procs > 1, p.lrq.depth > 1 else { return }  // a G that is alone in the queue needs no other P
    sched.wakePAfterSubmit(self)
  }

  private func settleCrowdedYield(_ g: G) {
    yielded(g, grqPlace(behind: 0))
    sched.lock.lock()
    sched.grqAppend(fresh: g, at: stamp())
    sched.lock.unlock()
    sched.wakePAfterSubmit(self)
  }

  /// Puts a G whose slice is over at the end of the worn Gs on the GRQ (GlobalRunQueue §1).
  private func settlePreempt(_ g: G) {
    preemptedCooperatively(g)
    sched.lock.lock()
    sched.grqAppend(worn: g, at: stamp())
    sched.lock.unlock()
    sched.wakePAfterSubmit(self)
  }

  private func settleExit(_ g: G) {
    exited(g)
    unsafe g.record.pointee.home = nil
    unsafe mpg_fiber_retire(&g.record.pointee.fiber)
    if let stack = unsafe g.record.pointee.stack.take() { unsafe p.giveBack(stack: stack) }
    p.giveBack(g)
    if sched.hasStackless { takeUpStackless() }
  }
}
