// The loop of an M on its scheduling stack: find a G, run it until it leaves, do what it asked for, again.
import CMPG
import Region
import Synchronization

extension M {
  /// Runs Gs for ever. The M holds a P.
  func scheduleForever() -> Never {
    while true {
      let g = findRunnable()
      if isSpinning { stopSpinning() }
      execute(g)
    }
  }

  /// Runs `g` until it leaves, then settles what it left for.
  @inline(__always)
  private func execute(_ g: G) {
    started(g)
    self.g = g
    if unsafe g.record.pointee.stack == nil { unsafe g.bind(stack: p.takeStack()) }
    unsafe mpg_fiber_enter(fiber, &g.record.pointee.fiber)
    self.g = nil
    p.shared[.g].set(0)
    shared[.g].set(0)
    switch request {
    case .park: settlePark(g)
    case .yield: settleYield(g)
    case .exit: settleExit(g)
    }
  }

  /// The G is off its stack and counted as waiting; only now may others find it.
  @inline(__always)
  private func settlePark(_ g: G) {
    parked(g, reason, on: waitingOn)
    switch commit {
    case .nothing: break
    case .unlock(let lock): lock.unlock()
    case .poll(let side):
      if !side.commit(g) { makeReady(g) }
    }
  }

  private func settleYield(_ g: G) {
    yielded(g)
    pushLocal(g)
    guard sched.procs > 1, p.lrq.depth > 1 else { return }  // alone, it goes on here
    atomicMemoryFence(ordering: .sequentiallyConsistent)  // S1 of Spinning §3
    sched.wakeP(self)
  }

  private func settleExit(_ g: G) {
    exited(g)
    unsafe mpg_fiber_retire(&g.record.pointee.fiber)
    if let stack = unsafe g.record.pointee.stack.take() { unsafe p.giveBack(stack: stack) }
    p.giveBack(g)
  }
}
