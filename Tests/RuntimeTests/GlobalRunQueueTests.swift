// The GRQ's two lines: fresh Gs come first, in batches; worn Gs come one by one, in their turn.
import Region
import TestSupport
import Testing

@testable import MPG

@Suite("Global run queue")
struct GlobalRunQueueTests {
  @Test("fresh Gs come out in order and in batches, then worn ones one by one")
  func freshFirst() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 1) {
        withGRQ(of: 5) { gs in
          sched.grqAppend(worn: gs[0], at: 0)
          sched.grqAppend([gs[1], gs[2]], at: 0)
          sched.grqAppend(worn: gs[3], at: 0)
          sched.grqAppend([gs[4]], at: 0)
          checkEqual(sched.grqWorn, 2, "worn Gs")
          let batches = (0..<4).map { _ in sched.grqTake(2).drained() }
          check(
            batches == [[gs[1], gs[2]], [gs[4]], [gs[0]], [gs[3]]],
            "fresh batches, then worn Gs by themselves: \(batches)")
        }
      }
    }
  }

  @Test(
    "a G that yields while others wait goes to its LRQ, or to the GRQ where Ps are more than CPUs",
    arguments: [false, true])
  func yields(isCrowded: Bool) async {
    await #expect(processExitsWith: .success) { [isCrowded = isCrowded as Bool] in
      inRuntime(procs: isCrowded ? AvailableCPUs.count() + 1 : 1, preemption: false) {
        let (turns, ended, group) = (1000, Counter(), WaitGroup())
        let before = sched.shared[.grqPushed].relaxed
        let others = 20 * sched.procs
        group.add(others)
        for _ in 0..<others {
          go {
            for _ in 0..<turns { yield() }
            ended.add(1)
            group.done()
          }
        }
        group.wait()
        checkEqual(ended.value, others, "Gs that have ended")
        let pushed = Int(sched.shared[.grqPushed].relaxed - before)
        // Towards the end, a G without competitors stays on its P.
        let isRight = isCrowded ? pushed > others * turns / 2 : pushed == 0
        check(isRight, "most or none of \(others * turns) yields on the GRQ, not \(pushed)")
      }
    }
  }

  @Test("a worn G has its turn though fresh ones never run out")
  func wornInTurn() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 2) {
        withGRQ(of: 2) { gs in
          sched.grqAppend(worn: gs[0], at: 0)
          let start = Clock.now
          var taken = 0
          while true {
            sched.grqAppend([gs[1]], at: 0)
            let g = sched.grqTake(1).drained()[0]
            if g == gs[0] { break }
            taken += 1
          }
          let waited = Clock.now &- start
          check(taken > 0, "fresh Gs before the worn one")
          check(waited >= sched.slice / 4, "the worn one to wait for half a slice ÷ 2 Ps: \(waited) ticks")
          _ = sched.grqTake(2)
        }
      }
    }
  }

  @Test("of the worn Gs that keep a thread the last one can be taken out, and the line stays whole")
  func lastStopped() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 1) {
        withGRQ(of: 4) { gs in
          for g in [gs[1], gs[2]] { g.keeper = sched.m(0) }
          for g in gs { sched.grqAppend(worn: g, at: 0) }
          let found = (0..<3).map { _ in sched.grqTakeLastStopped() }
          for g in [gs[1], gs[2]] { g.keeper = nil }
          check(found == [gs[2], gs[1], nil], "the last, the one before, none: \(found)")
          sched.grqAppend(worn: gs[1], at: 0)
          let rest = (0..<3).map { _ in sched.grqTake(2).drained()[0] }
          check(rest == [gs[0], gs[3], gs[1]], "the others in order: \(rest)")
          checkEqual(sched.grqDepth, 0, "the depth")
        }
      }
    }
  }
}

/// Runs `body` under the scheduler's lock with Gs that are only table entries: nobody outside sees them.
private func withGRQ(of count: Int, _ body: ([G]) -> Void) {
  let p = enterRuntime("test").p
  let gs = (0..<count).map { _ in p.takeG() }
  for g in gs { g.shared[.status].set(GStatus(.runnable, kind: .user, sequence: 1).word) }
  sched.lock.lock()
  body(gs)
  sched.lock.unlock()
  for g in gs { g.shared[.status].set(GStatus(.dead, kind: .user, sequence: 2).word) }
  leaveRuntime()
}

extension Scheduler {
  fileprivate func grqAppend(_ gs: [G], at time: UInt64) {
    var queue = GQueue()
    for g in gs { queue.append(g) }
    grqAppend(queue, at: time)
  }
}

extension GQueue {
  fileprivate consuming func drained() -> [G] {
    var (queue, gs): (GQueue, [G]) = (self, [])
    while let g = queue.popFirst() { gs.append(g) }
    return gs
  }
}
