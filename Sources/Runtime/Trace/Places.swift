// The place at which a G that becomes runnable is queued, as its event tells it and its lane counts it. It costs loads
// of words that the push needs anyway. Without events only the queue is told, not the depth.
import Region

extension P {
  /// The place behind all Gs that are on the LRQ now. Call it as the owner, whose `tail` is never behind `head`.
  @inline(__always)
  fileprivate func lrqPlace(_ queue: Place.Queue) -> Place {
    let shared = shared
    let depth = shared[.lrqTail].relaxed &- shared[.lrqHead].relaxed
    return Place(queue, exactly: depth)
  }
}

extension M {
  /// The place for `submitNext`.
  @inline(__always)
  var nextPlace: Place { place(p.lrq.hasOwnNext ? .displacing : .runnext) }

  /// The place for `pushLocal`.
  @inline(__always)
  var lastPlace: Place { place(.lrq) }

  @inline(__always)
  private func place(_ queue: Place.Queue) -> Place {
    tracing ? p.lrqPlace(queue) : Place(queue, exactly: 0)
  }

  /// The place of a G in a batch that this M readied: at the end of its P's LRQ, or on the GRQ when it holds no P.
  /// - Parameter count: how many Gs of the batch come before it.
  func batchPlace(behind count: Int) -> Place {
    guard tracing else { return Place(heldP == nil ? .grq : .lrq, exactly: 0) }
    return heldP.map { Place(.lrq, depth: $0.lrq.depth &+ count) } ?? grqPlace(behind: count)
  }

  /// The place at the end of the GRQ. Its depth is a hint, because it is read without the lock.
  func grqPlace(behind count: Int) -> Place {
    tracing ? Place(.grq, depth: sched.grqDepth &+ count) : Place(.grq, exactly: 0)
  }

  /// The place for `submitAnywhere`.
  var anyPlace: Place { heldP == nil ? grqPlace(behind: 0) : nextPlace }
}
