// The target's clock: how its ticks are converted into the machine's nanoseconds.
//
// The region's header holds two moments, each in both units. The runtime refines the second one while it runs. During a
// change a sequence word is odd; a reader that finds the word odd or changed reads again.

/// Converts ticks and nanoseconds into each other by a straight line through two moments.
package struct Clock: Equatable {
  /// One moment of the line, in ticks and in nanoseconds.
  package let ticks, nanoseconds: UInt64
  /// The slope of the line: how many nanoseconds a tick lasts.
  package let nanosecondsPerTick: Double

  /// The line through one moment. A slope that is not a finite, positive number is replaced by 1.
  package init(ticks: UInt64, nanoseconds: UInt64, nanosecondsPerTick: Double) {
    (self.ticks, self.nanoseconds) = (ticks, nanoseconds)
    let isSlope = nanosecondsPerTick.isFinite && nanosecondsPerTick > 0
    self.nanosecondsPerTick = isSlope ? nanosecondsPerTick : 1
  }

  /// The line through two moments, each in ticks and in nanoseconds. If `second` is not later than `first` in both
  /// units, because it is not set yet or is damaged, a tick counts as a nanosecond.
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

  /// The nanoseconds that a number of ticks lasts; 0 if there are too many for the type.
  package func nanoseconds(lasting ticks: UInt64) -> UInt64 {
    UInt64(exactly: (Double(ticks) * nanosecondsPerTick).rounded()) ?? 0
  }

  private static func difference(_ a: UInt64, _ b: UInt64) -> Double {
    Double(Int64(truncatingIfNeeded: a &- b))
  }

  /// `base` plus `delta`; or `base` if `delta` is too large for the type, which only damage causes.
  private static func moved(_ base: UInt64, by delta: Double) -> UInt64 {
    guard let whole = Int64(exactly: delta.rounded()) else { return base }
    return base &+ UInt64(truncatingIfNeeded: whole)
  }
}
