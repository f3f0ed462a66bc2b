// The GRQ's batches: first in, first out, and a preempted G never among those that go into an LRQ.
import Region
import Testing

@testable import MPG

@Suite("Global run queue")
struct GlobalRunQueueTests {
  @Test("a preempted G ends a batch before it, and begins the next")
  func preemptedComesFirst() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 1) {
        // Gs that are only words: nobody sees them outside of this lock.
        let p = enterRuntime("test").p
        let gs = (0..<5).map { _ in p.takeG() }
        let states: [GState] = [.runnable, .runnable, .preempted, .runnable, .preempted]
        for (g, state) in zip(gs, states) {
          g.shared[.status].set(GStatus(state, kind: .user, sequence: 1).word)
        }
        sched.lock.lock()
        var queue = GQueue()
        for g in gs { queue.append(g) }
        sched.grqAppend(queue, at: 0)
        var batches: [[G]] = []
        while sched.grqDepth > 0 {
          var (batch, taken) = (sched.grqTake(128), [G]())
          while let g = batch.popFirst() { taken.append(g) }
          batches.append(taken)
        }
        sched.lock.unlock()
        for g in gs { g.shared[.status].set(GStatus(.dead, kind: .user, sequence: 2).word) }
        leaveRuntime()
        check(
          batches == [[gs[0], gs[1]], [gs[2], gs[3]], [gs[4]]],
          "batches that begin with the preempted Gs: \(batches)")
      }
    }
  }
}
