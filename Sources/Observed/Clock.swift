// The target's clock: how its ticks and the machine's nanoseconds go together.
//
// The header holds two moments, each in both units. The second is refined while the target runs, under a sequence
// word that is odd meanwhile; a reader that sees it odd, or changed, reads again.

/// A straight line through two moments.
package struct Clock: Equatable {
  /// A moment in both units, and the slope.
  package let ticks, nanoseconds: UInt64
  package let nanosecondsPerTick: Double

  /// The line through a moment; a slope that is none counts as 1.
  package init(ticks: UInt64, nanoseconds: UInt64, nanosecondsPerTick: Double) {
    (self.ticks, self.nanoseconds) = (ticks, nanoseconds)
    let isSlope = nanosecondsPerTick.isFinite && nanosecondsPerTick > 0
    self.nanosecondsPerTick = isSlope ? nanosecondsPerTick : 1
  }

  /// - Parameter first, second: moments in ticks and in nanoseconds. Two that are no interval (the second is not
  ///   set yet, or is noise) give a nanosecond per tick.
  package init(first: (ticks: UInt64, nanoseconds: UInt64), second: (ticks: UInt64, nanoseconds: UInt64)) {
    let (ticks, isBack) = second.ticks.subtractingReportingOverflow(first.ticks)
    let (time, isEarlier) = second.nanoseconds.subtractingReportingOverflow(first.nanoseconds)
    let isInterval = !isBack && !isEarlier && ticks > 0 && time > 0
    nanosecondsPerTick = isInterval ? Double(time) / Double(ticks) : 1
    (self.ticks, nanoseconds) = isInterval ? second : first
  }

  package func nanoseconds(at moment: UInt64) -> UInt64 {
    Self.moved(nanoseconds, by: Self.difference(moment, ticks) * nanosecondsPerTick)
  }

  package func ticks(at moment: UInt64) -> UInt64 {
    Self.moved(ticks, by: Self.difference(moment, nanoseconds) / nanosecondsPerTick)
  }

  /// A length of time in nanoseconds.
  package func nanoseconds(lasting ticks: UInt64) -> UInt64 {
    UInt64(exactly: (Double(ticks) * nanosecondsPerTick).rounded()) ?? 0
  }

  private static func difference(_ a: UInt64, _ b: UInt64) -> Double {
    Double(Int64(truncatingIfNeeded: a &- b))
  }

  /// `base` plus `delta`, or `base` where the sum is none (noise).
  private static func moved(_ base: UInt64, by delta: Double) -> UInt64 {
    guard let whole = Int64(exactly: delta.rounded()) else { return base }
    return base &+ UInt64(truncatingIfNeeded: whole)
  }
}
