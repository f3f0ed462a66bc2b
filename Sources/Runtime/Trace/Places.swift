// The place of a G in the queues: on which queue the G is put when it becomes runnable, and how many Gs are before it
// there. The G's event tells the place, and the lane counts it. To find the place costs little: it loads words that the
// push needs anyway. Without events only the queue is told, not the depth.
import Region

extension P {
  /// The place behind all Gs that are on the LRQ now. Only the LRQ's owner may call this: another thread may read a
  /// `tail` that is older than `head`, and the difference would wrap around.
  @inline(__always)
  fileprivate func lrqPlace(_ queue: Place.Queue) -> Place {
    let shared = shared
    let depth = shared[.lrqTail].relaxed &- shared[.lrqHead].relaxed
    return Place(queue, exactly: depth)
  }
}

extension M {
  /// Where `submitNext` puts a G: in `runnext`, which is empty, or from which it displaces another G.
  @inline(__always)
  var nextPlace: Place { place(p.lrq.hasOwnNext ? .displacing : .runnext) }

  /// Where `pushLocal` puts a G: at the end of the LRQ.
  @inline(__always)
  var lastPlace: Place { place(.lrq) }

  @inline(__always)
  private func place(_ queue: Place.Queue) -> Place {
    tracing ? p.lrqPlace(queue) : Place(queue, exactly: 0)
  }

  /// The queue on which one G of a batch ends up, and its depth there, for a batch that this M has readied. The batch
  /// goes to the end of the LRQ of this M's P, or to the end of the GRQ if this M holds no P.
  /// - Parameter count: how many Gs of the batch come before this one.
  func batchPlace(behind count: Int) -> Place {
    guard tracing else { return Place(heldP == nil ? .grq : .lrq, exactly: 0) }
    return heldP.map { Place(.lrq, depth: $0.lrq.depth &+ count) } ?? grqPlace(behind: count)
  }

  /// The place at the end of the GRQ. Its depth is a hint, because it is read without the lock.
  func grqPlace(behind count: Int) -> Place {
    tracing ? Place(.grq, depth: sched.grqDepth &+ count) : Place(.grq, exactly: 0)
  }

  /// Where `submitAnywhere` puts a G: on the GRQ if this M holds no P, else in `runnext`.
  var anyPlace: Place { heldP == nil ? grqPlace(behind: 0) : nextPlace }
}
