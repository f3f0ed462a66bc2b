// How long the garbage collector held the program up lately, for sources that tell it.
import History
import Observed

/// Lengths of what the collector took from the program.
public struct CollectorTimes: Sendable, Equatable {
  /// How long Gs had to mark before they could go on allocating.
  public var assists = SpanHistogram()
  /// How long the world stood still, for the collector or for something else.
  public var stops = SpanHistogram()
  /// How long Ps swept in one go: looked for memory that nobody uses any more.
  public var sweeps = SpanHistogram()

  /// Makes empty histograms.
  public init() {}

  /// Counts the stretches that ended between two moments, in ticks.
  package init(_ ranges: [CollectorRange], after from: UInt64, upTo to: UInt64, _ clock: Clock) {
    (assists.nanosecondsPerTick, stops.nanosecondsPerTick, sweeps.nanosecondsPerTick) = (
      clock.nanosecondsPerTick, clock.nanosecondsPerTick, clock.nanosecondsPerTick
    )
    for range in ranges[ranges.firstPlace { $0.end <= from }...] {
      guard range.end <= to else { break }
      let length = range.end &- min(range.begin, range.end)
      switch range.kind {
      case .assist: assists.record(length)
      case .stop: stops.record(length)
      case .sweep: sweeps.record(length)
      }
    }
  }
}
