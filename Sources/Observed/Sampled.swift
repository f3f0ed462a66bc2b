// Facts that only a source that samples a scheduler tells, beside the gauges that all sources share.

extension Snapshot {
  /// Facts about a scheduler that is read from outside as samples, mostly one of another runtime. A plain value.
  public struct Sampled: Sendable, Equatable {
    /// How often the source looked at the queues since the moment given to `observe(peaksSince:)`.
    public var looks: Int?
    /// How long the last of these looks took, in nanoseconds.
    public var lookTime: UInt64?
    /// The mean depth of the global run queue over these looks.
    public var grqMean: Double?
    /// The number of Gs by the target's own words for why they wait.
    public var waits: [String: Int]?
    /// The number of the runtime's own Gs, which are in no other count.
    public var systemGs: Int?
    /// How long Gs were ready before they ran, over about the last second.
    public var runLatency: Latency?
    /// How long Gs were ready before they ran, since boot, as the counts of a histogram; nil: the source does
    /// not tell.
    package var runLatencyTotals: LatencyTotals?
    /// How long Gs have waited for mutexes since boot, in nanoseconds, all together.
    public var mutexWait: UInt64?
    /// How often the world was stopped since boot: for the garbage collector, and for other reasons.
    public var stopsForGC, otherStops: UInt64?
    /// The phase of the garbage collector: `off`, `mark` or `mark termination`.
    public var gcPhase: String?
    /// The size of the live heap in bytes, and the size of the heap at which the next collection is to end.
    public var heapLive, heapGoal: UInt64?
    /// Makes a value in which nothing is known.
    public init() {}
  }

  /// A distribution of lengths of time, in nanoseconds, from a histogram. Each length is told as the upper end of its bucket
  /// in the histogram: from 256 ns on, that is at most a quarter more than the true length.
  public struct Latency: Sendable, Equatable {
    /// How many lengths there were.
    public var count: UInt64
    /// The lengths that at least half, nine tenths, and 99 hundredths of all lengths do not exceed; and, in `max`, the one
    /// that none exceeds.
    public var p50, p90, p99, max: UInt64
    /// Makes a distribution from its parts.
    public init(count: UInt64, p50: UInt64, p90: UInt64, p99: UInt64, max: UInt64) {
      (self.count, self.p50, self.p90, self.p99, self.max) = (count, p50, p90, p99, max)
    }
  }

  /// How many lengths of time there were since boot in each range of a histogram.
  package struct LatencyTotals: Sendable, Equatable {
    /// The end of each range, in nanoseconds, ascending: no length of the range is longer.
    package var ends: [UInt64]
    /// The number of lengths in each range.
    package var counts: [UInt64]
    /// The number of lengths that are longer than the last end.
    package var beyond: UInt64

    package init(ends: [UInt64], counts: [UInt64], beyond: UInt64) {
      (self.ends, self.counts, self.beyond) = (ends, counts, beyond)
    }
  }
}
