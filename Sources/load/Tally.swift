// The counts of a run. Connections share a few tallies: with one tally for all, connections would wait for each other's
// counting; and one for each connection would take too much memory, because each tally has a histogram.

import Histogram
import MPG

/// The outcome of one request.
struct Outcome {
  let turn: Turn
  /// When the client began to send the request, and when it had the answer or gave up, in nanoseconds of the monotonic clock.
  let begun, ended: UInt64
  let result: Result<Answer, Trouble>
  let received, sent: Int
  /// Whether the request ended before the end of the time to measure.
  let isInTime: Bool
}

struct Counts {
  /// A request that is sent later than due by more than this, in nanoseconds, counts as late.
  static let tolerance: UInt64 = 1_000_000
  /// The longest latency that percentiles can tell, in nanoseconds (100 hours); longer ones count as this.
  private static let longest: UInt64 = 100 * 3600 * 1_000_000_000

  private(set) var begun = 0
  private(set) var answered = 0
  private(set) var answeredInTime = 0
  /// The number of requests whose wait for an answer was cut off, because mpg-load was interrupted.
  private(set) var cutOff = 0
  /// The number of answers, by the first digit of their status.
  private(set) var statuses = [Int](repeating: 0, count: 10)
  private(set) var troubles = [Int](repeating: 0, count: TroubleKind.allCases.count)
  /// The words of the first error whose kind alone does not explain it; nil: there was none.
  private(set) var firstDetail: String?
  private(set) var (received, sent) = (0, 0)
  /// The number of requests that were sent late because all connections waited for answers, and of those that were sent late
  /// although a connection was free.
  private(set) var (lateForConnection, lateByItself) = (0, 0)
  /// The largest lateness, in nanoseconds, of a request for which a connection was free.
  private(set) var mostLateByItself: UInt64 = 0
  private(set) var lastEnd: UInt64 = 0

  /// Latencies in nanoseconds, to three significant digits. The longest one is exact in `longestLatency`.
  private var latencies = Histogram<UInt64>(
    lowestDiscernibleValue: 1000, highestTrackableValue: longest, numberOfSignificantValueDigits: .three)
  private(set) var longestLatency: UInt64?
  /// How many of the latencies are of requests that were given up. Such a latency is the time that the request had waited.
  private(set) var atLeast = 0
  var latencyCount: Int { Int(latencies.totalCount) }

  mutating func add(_ outcome: Outcome) {
    begun += 1
    received += outcome.received
    sent += outcome.sent
    lastEnd = max(lastEnd, outcome.ended)
    addLateness(outcome)
    let latency = outcome.ended - min(outcome.ended, outcome.turn.due)
    switch outcome.result {
    case .success(let answer):
      answered += 1
      if outcome.isInTime { answeredInTime += 1 }
      statuses[min(answer.status / 100, 9)] += 1
      add(latency: latency)
    case .failure(let trouble):
      if let kind = trouble.kind { troubles[kind.rawValue] += 1 } else { cutOff += 1 }
      firstDetail = firstDetail ?? trouble.detail
      // A request that timed out or was cut off counts with the time that it waited: its latency is at least that. A
      // connection that was refused at once says nothing of latency, so it does not count.
      if trouble == .timeout || trouble == .cutOff { addGivenUp(after: latency) }
    }
  }

  private mutating func addLateness(_ outcome: Outcome) {
    let late = outcome.begun - min(outcome.begun, outcome.turn.due)
    if outcome.turn.isBehind {
      if late > Self.tolerance { lateForConnection += 1 }
    } else {
      if late > Self.tolerance { lateByItself += 1 }
      mostLateByItself = max(mostLateByItself, late)
    }
  }

  /// Counts `count` requests that were given up after they had waited `latency` nanoseconds.
  mutating func addGivenUp(after latency: UInt64, count: Int = 1) {
    atLeast += count
    add(latency: latency, count: count)
  }

  private mutating func add(latency: UInt64, count: Int = 1) {
    latencies.record(min(latency, Self.longest), count: UInt64(count))
    longestLatency = max(longestLatency ?? 0, latency)
  }

  mutating func add(_ other: Counts) {
    begun += other.begun
    answered += other.answered
    answeredInTime += other.answeredInTime
    cutOff += other.cutOff
    for index in statuses.indices { statuses[index] += other.statuses[index] }
    for index in troubles.indices { troubles[index] += other.troubles[index] }
    firstDetail = firstDetail ?? other.firstDetail
    received += other.received
    sent += other.sent
    lateForConnection += other.lateForConnection
    lateByItself += other.lateByItself
    mostLateByItself = max(mostLateByItself, other.mostLateByItself)
    lastEnd = max(lastEnd, other.lastEnd)
    latencies.add(other.latencies)
    if let longest = other.longestLatency { longestLatency = max(longestLatency ?? 0, longest) }
    atLeast += other.atLeast
  }

  /// The latency, in nanoseconds, that `percentile` percent of all latencies do not exceed; nil: there are no latencies.
  func latency(percentile: Double) -> UInt64? {
    longestLatency.map { min($0, latencies.valueAtPercentile(percentile)) }
  }
}

/// Counts that several Gs share.
///
/// Thread-safe; use it from Gs only.
final class Tally: @unchecked Sendable {
  // Safe because: `counts` is touched under `lock` alone.
  private let lock = MPG.Mutex()
  private var counts = Counts()

  func add(_ outcome: Outcome) { lock.withLock { counts.add(outcome) } }
  func add(to sum: inout Counts) { lock.withLock { sum.add(counts) } }
}
