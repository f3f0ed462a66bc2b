// How deep the queues became over some time.

/// The largest depths of the queues.
public struct QueuePeaks: Sendable, Equatable {
  /// Nanoseconds that are looked back where nobody says how far.
  package static let window: UInt64 = 1_000_000_000

  public var grq: Int
  /// By P.
  public var lrq: [Int]

  public init(grq: Int = 0, lrq: [Int] = []) { (self.grq, self.lrq) = (grq, lrq) }

  package mutating func merge(_ other: QueuePeaks) {
    grq = max(grq, other.grq)
    while lrq.count < other.lrq.count { lrq.append(0) }
    for (p, depth) in other.lrq.enumerated() { lrq[p] = max(lrq[p], depth) }
  }
}
