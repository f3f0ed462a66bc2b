// The global run queue: for Gs that no P has, and for what a full LRQ spills. A list under the scheduler's lock; its
// depth is public, and read without the lock to see whether a look is worth it.
import Region

extension Scheduler {
  /// Gs on the GRQ; a hint without the lock.
  @inline(__always)
  var grqDepth: Int { Int(truncatingIfNeeded: shared[.grqDepth].ordered) }

  /// Puts Gs last. Under the lock.
  func grqAppend(_ batch: consuming GQueue, at time: UInt64) {
    shared[.grqPushed].bump(by: UInt64(batch.count))
    unsafe guarded.pointee.grq.append(batch)
    noteDepth()
    Peaks.note(shared[.grqDepth].relaxed, at: time) { shared[.grqPeaks, $0] }
  }

  /// Takes the first `limit` at most. Under the lock.
  ///
  /// A preempted G comes out as the first, to be run at once, or not at all: it may have been stopped with malloc's lock
  /// in its hands. In the LRQ of an M that then waits for that lock inside the runtime, where it cannot be stopped, it
  /// would wait for its own waiter; the others, who take turns on the GRQ waiting for the same lock, would never look
  /// there.
  func grqTake(_ limit: Int) -> GQueue {
    var taken = GQueue()
    while taken.count < limit, let g = unsafe guarded.pointee.grq.first {
      if taken.count > 0, g.status.state == .preempted { break }
      _ = unsafe guarded.pointee.grq.popFirst()
      taken.append(g)
    }
    if taken.count > 0 { noteDepth() }
    return taken
  }

  private func noteDepth() { shared[.grqDepth].setOrdered(UInt64(unsafe guarded.pointee.grq.count)) }

  /// A fair share for one P: as many as each P would get, at most half an LRQ.
  @inline(__always)
  var grqShare: Int { min(grqDepth / procs + 1, Capacity.lrq / 2) }
}
