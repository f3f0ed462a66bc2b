// Lengths of time of one kind: an HDR histogram, with what it rounds beside it in full.
internal import Histogram

/// What lengths of time are measured of.
public enum SpanKind: Int, CaseIterable, Sendable {
  /// Runnable: from ready, created or yielded until it ran; told by `goStart`.
  case runQueue
  /// The same of Gs that waited for a descriptor: from found ready until served.
  case netpoll
  /// On a P in one go: from its start to the park, yield, exit, system call or preemption that ended it.
  case slice
  /// In a system call; told by `goSyscallExit`.
  case syscall
}

/// How often which length of time came. Percentiles are within a fiftieth; number, sum and longest are exact.
///
/// Inside it counts ticks; what it says is nanoseconds.
public struct SpanHistogram: Sendable, Equatable {
  private var histogram: Histogram<UInt64>
  private var ticks: UInt64 = 0
  private var longestTicks: UInt64 = 0
  package var nanosecondsPerTick = 1.0

  /// Longer ones than some hours count as so long in percentiles: noise must not make the histogram large.
  private static let most: UInt64 = 1 << 45

  public init() { self.init(upTo: 0) }

  /// - Parameter longest: there will be lengths up to so many ticks. Longer ones make the histogram grow, which costs.
  package init(upTo longest: UInt64) {
    let highest = min(max(longest, 2), Self.most)
    histogram = Histogram(
      lowestDiscernibleValue: 1, highestTrackableValue: highest, numberOfSignificantValueDigits: .two)
    histogram.autoResize = true
  }

  /// So many of one length, in ticks.
  package mutating func record(_ span: UInt64, count: UInt64 = 1) {
    histogram.record(min(span, Self.most), count: count)
    ticks &+= span &* count
    longestTicks = max(longestTicks, span)
  }

  /// What they came to in full, where they were recorded rounded.
  package mutating func set(sum: UInt64, longest: UInt64) { (ticks, longestTicks) = (sum, longest) }

  package mutating func add(_ other: SpanHistogram) {
    guard other.count != 0 else { return }
    // The longer of the two takes in the shorter: it need not grow.
    if other.longestTicks > longestTicks {
      var sum = other.histogram
      sum.add(histogram)
      histogram = sum
    } else {
      histogram.add(other.histogram)
    }
    ticks &+= other.ticks
    longestTicks = max(longestTicks, other.longestTicks)
    nanosecondsPerTick = other.nanosecondsPerTick
  }

  /// How many there were.
  public var count: UInt64 { histogram.totalCount }
  /// All of them together, and the longest, in nanoseconds.
  public var sum: UInt64 { nanoseconds(ticks) }
  public var longest: UInt64 { nanoseconds(longestTicks) }
  /// In nanoseconds; 0 when there were none.
  public var mean: Double { count == 0 ? 0 : Double(sum) / Double(count) }

  /// The length in nanoseconds that `percent` of all do not exceed, never above the longest; 0 when there were none.
  public func percentile(_ percent: Double) -> UInt64 {
    count == 0 ? 0 : nanoseconds(min(longestTicks, histogram.valueAtPercentile(percent)))
  }

  /// How many lay in each power of two: element *n* counts lengths from 2^n up to 2^(n+1) − 1 ns, the first also those
  /// of 0. What a heat map draws, one such row a second.
  public var powersOfTwo: [UInt64] {
    var rows: [UInt64] = []
    for value in histogram.recordedValues() {
      let row = max(0, 63 - nanoseconds(value.value).leadingZeroBitCount)
      while rows.count <= row { rows.append(0) }
      rows[row] += value.count
    }
    return rows
  }

  private func nanoseconds(_ ticks: UInt64) -> UInt64 {
    UInt64(exactly: (Double(ticks) * nanosecondsPerTick).rounded()) ?? 0
  }
}

/// The lengths of each kind.
public struct Spans: Sendable, Equatable {
  public internal(set) var runQueue = SpanHistogram()
  public internal(set) var netpoll = SpanHistogram()
  public internal(set) var slice = SpanHistogram()
  public internal(set) var syscall = SpanHistogram()

  public init() {}

  public subscript(kind: SpanKind) -> SpanHistogram {
    switch kind {
    case .runQueue: runQueue
    case .netpoll: netpoll
    case .slice: slice
    case .syscall: syscall
    }
  }

  package mutating func add(_ other: Spans) {
    runQueue.add(other.runQueue)
    netpoll.add(other.netpoll)
    slice.add(other.slice)
    syscall.add(other.syscall)
  }

  package mutating func scale(_ nanosecondsPerTick: Double) {
    runQueue.nanosecondsPerTick = nanosecondsPerTick
    netpoll.nanosecondsPerTick = nanosecondsPerTick
    slice.nanosecondsPerTick = nanosecondsPerTick
    syscall.nanosecondsPerTick = nanosecondsPerTick
  }
}
