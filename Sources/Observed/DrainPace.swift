// How often to take events from a source whose rings overwrite their oldest records: so often that the fullest ring becomes a
// quarter full in between.

/// How often events are taken from the rings of a source.
package enum DrainPace {
  /// The shortest and the longest interval between two drains, in nanoseconds.
  package static let (shortest, longest): (UInt64, UInt64) = (1_000_000, 30_000_000)
  /// The share of a ring that should become full between two drains.
  package static let target = 0.25

  /// Returns the nanoseconds until the fullest ring will be `target` full, if it became `fill` full in `elapsed`. The result
  /// is at most half as long again as the last interval.
  package static func next(fill: Double, after elapsed: UInt64, last interval: UInt64) -> UInt64 {
    let wanted = fill > 0 ? Double(elapsed) * target / fill : .infinity
    let slowest = min(Double(interval) * 1.5, Double(longest))
    return UInt64(min(max(wanted, Double(shortest)), slowest))
  }
}
