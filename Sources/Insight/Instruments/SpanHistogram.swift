// Lengths of time of one kind: an HDR histogram, and beside it the exact sum and longest length, which the
// histogram rounds.
internal import Histogram

/// The kinds of lengths of time that are measured.
public enum SpanKind: Int, CaseIterable, Sendable {
  /// How long a G was runnable: from ready, created or yielded until it ran. `goStart` tells it.
  case runQueue
  /// How long a G was runnable after netpoll had found its descriptor ready, until it ran.
  case netpoll
  /// How long a G ran on a P in one go: from its start to the park, yield, exit, system call or preemption
  /// that ended it.
  case slice
  /// How long a G was in a system call. `goSyscallExit` tells it.
  case syscall
}

/// How often each length of time occurred. Percentiles are exact to two percent. Number, sum and longest are
/// exact.
///
/// It counts ticks inside, and answers in nanoseconds.
public struct SpanHistogram: Sendable, Equatable {
  private var histogram: Histogram<UInt64>
  private var ticks: UInt64 = 0
  private var longestTicks: UInt64 = 0
  package var nanosecondsPerTick = 1.0

  /// Longer lengths than this, which is some hours, count as this in percentiles. Otherwise damaged records
  /// could make the histogram large.
  private static let most: UInt64 = 1 << 45

  /// An empty histogram.
  public init() { self.init(upTo: 0) }

  /// - Parameter longest: the longest length to expect, in ticks. A longer one makes the histogram grow,
  ///   which costs time.
  package init(upTo longest: UInt64) {
    let highest = min(max(longest, 2), Self.most)
    histogram = Histogram(
      lowestDiscernibleValue: 1, highestTrackableValue: highest, numberOfSignificantValueDigits: .two)
    histogram.autoResize = true
  }

  /// Counts a length, in ticks, `count` times.
  package mutating func record(_ span: UInt64, count: UInt64 = 1) {
    histogram.record(min(span, Self.most), count: count)
    ticks &+= span &* count
    longestTicks = max(longestTicks, span)
  }

  /// Sets the exact sum and the exact longest, in ticks, after rounded lengths were recorded.
  package mutating func set(sum: UInt64, longest: UInt64) { (ticks, longestTicks) = (sum, longest) }

  package mutating func add(_ other: SpanHistogram) {
    guard other.count != 0 else { return }
    // The histogram with the longer length takes in the other one, so that it need not grow.
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

  /// How many lengths were counted.
  public var count: UInt64 { histogram.totalCount }
  /// The sum of all lengths, in nanoseconds.
  public var sum: UInt64 { nanoseconds(ticks) }
  /// The longest length, in nanoseconds; 0 if no length was counted.
  public var longest: UInt64 { nanoseconds(longestTicks) }
  /// The mean length, in nanoseconds; 0 if no length was counted.
  public var mean: Double { count == 0 ? 0 : Double(sum) / Double(count) }

  /// The length that `percent` of all lengths do not exceed, in nanoseconds. It is never above the longest,
  /// and 0 if no length was counted.
  public func percentile(_ percent: Double) -> UInt64 {
    count == 0 ? 0 : nanoseconds(min(longestTicks, histogram.valueAtPercentile(percent)))
  }

  /// How many lengths lay in each power of two. Element *n* counts lengths from 2^n up to 2^(n+1) − 1 ns, and
  /// the first one also counts 0. A heat map draws one such row a second.
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

/// A histogram for each kind of length.
public struct Spans: Sendable, Equatable {
  /// How long Gs were runnable before they ran; see `SpanKind.runQueue`.
  public internal(set) var runQueue = SpanHistogram()
  /// How long Gs were runnable after a poll had found their descriptor ready; see `SpanKind.netpoll`.
  public internal(set) var netpoll = SpanHistogram()
  /// How long Gs ran in one go; see `SpanKind.slice`.
  public internal(set) var slice = SpanHistogram()
  /// How long Gs were in system calls; see `SpanKind.syscall`.
  public internal(set) var syscall = SpanHistogram()

  /// Empty histograms.
  public init() {}

  /// The histogram of one kind.
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
