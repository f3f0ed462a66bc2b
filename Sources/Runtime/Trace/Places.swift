// Where a G is put that becomes runnable, as its event tells it and its lane counts it. Costs loads of words that the push
// needs too. Without events the queue alone is told.
import Region

extension P {
  /// Behind those that are on the LRQ now. By the owner, whose `tail` is never behind `head`.
  @inline(__always)
  fileprivate func lrqPlace(_ queue: Place.Queue) -> Place {
    let shared = shared
    let depth = shared[.lrqTail].relaxed &- shared[.lrqHead].relaxed
    return Place(queue, exactly: depth)
  }
}

extension M {
  /// For `submitNext`.
  @inline(__always)
  var nextPlace: Place { place(p.lrq.hasOwnNext ? .displacing : .runnext) }

  /// For `pushLocal`.
  @inline(__always)
  var lastPlace: Place { place(.lrq) }

  @inline(__always)
  private func place(_ queue: Place.Queue) -> Place {
    tracing ? p.lrqPlace(queue) : Place(queue, exactly: 0)
  }

  /// For a batch that goes where this M puts what it readied: last into its P's LRQ, or on the GRQ when it holds no P.
  /// - Parameter count: Gs of the batch that come before it.
  func batchPlace(behind count: Int) -> Place {
    guard tracing else { return Place(heldP == nil ? .grq : .lrq, exactly: 0) }
    return heldP.map { Place(.lrq, depth: $0.lrq.depth &+ count) } ?? grqPlace(behind: count)
  }

  /// For the GRQ. Its depth is a hint, as without its lock.
  func grqPlace(behind count: Int) -> Place {
    tracing ? Place(.grq, depth: sched.grqDepth &+ count) : Place(.grq, exactly: 0)
  }

  /// For `submitAnywhere`.
  var anyPlace: Place { heldP == nil ? grqPlace(behind: 0) : nextPlace }
}
