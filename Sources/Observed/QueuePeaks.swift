// The largest depths of the queues over some time.

/// The largest number of Gs that each queue held over some time.
public struct QueuePeaks: Sendable, Equatable {
  /// How far back the largest depths go for a reader that does not name a moment, in nanoseconds.
  package static let window: UInt64 = 1_000_000_000

  /// The largest depth of the global run queue; nil: the source has not looked yet.
  public var grq: Int?
  /// The largest depth of each P's local run queue, by the P's id.
  public var lrq: [Int]

  /// Makes the peaks from their parts.
  public init(grq: Int? = nil, lrq: [Int] = []) { (self.grq, self.lrq) = (grq, lrq) }

  package mutating func merge(_ other: QueuePeaks) {
    grq = larger(grq, other.grq)
    for (p, depth) in other.lrq.enumerated() {
      if p < lrq.count { lrq[p] = max(lrq[p], depth) } else { lrq.append(depth) }
    }
  }
}
