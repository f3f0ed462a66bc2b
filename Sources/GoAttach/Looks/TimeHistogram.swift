// Go's histogram of lengths of time, as it lies in memory. It has 160 counts: 40 powers of two, which are cut into four ranges
// each. The first power ends at 256 ns, and each later one at twice the end before it. Behind them are the counts of lengths
// below zero and of lengths beyond the last range, more than a day.
import Observed

/// The counts of one histogram. A plain value.
package struct TimeHistogram: Sendable, Equatable {
  /// The size of a histogram in memory, in bytes.
  package static let size = 1296
  private static let counts = 160

  private var counts: [UInt64]
  private var overflow: UInt64

  /// - Parameter bytes: the `size` bytes of a histogram.
  package init(_ bytes: [UInt8]) {
    counts = (0..<Self.counts).map { bytes.word($0 * 8) }
    overflow = bytes.word(Self.counts * 8 + 8)
  }

  /// How many lengths of time were counted.
  package var total: UInt64 { counts.reduce(overflow, &+) }

  /// The end of a range, in nanoseconds: the shortest length that is too long for it.
  package static func end(of range: Int) -> UInt64 {
    let (power, part) = (range / 4, UInt64(range % 4))
    // The first power, four ranges, has all that is shorter than 256 ns.
    guard power > 0 else { return (part + 1) << 6 }
    return 1 << UInt64(power + 7) + (part + 1) << UInt64(power + 5)
  }

  /// All counts since the program began, with the end of each range.
  package var totals: Snapshot.LatencyTotals {
    Snapshot.LatencyTotals(ends: counts.indices.map(Self.end), counts: counts, beyond: overflow)
  }

  /// The distribution of what was counted since an earlier reading; nil: nothing was counted, or a count fell.
  package func latency(since base: TimeHistogram) -> Snapshot.Latency? {
    guard zip(counts, base.counts).allSatisfy(>=), overflow >= base.overflow else { return nil }
    let new = zip(counts, base.counts).map { $0 - $1 }
    let total = new.reduce(overflow - base.overflow, &+)
    guard total > 0 else { return nil }
    func quantile(_ share: Double) -> UInt64 {
      let wanted = max(1, UInt64((Double(total) * share).rounded(.up)))
      var seen: UInt64 = 0
      for (range, count) in new.enumerated() {
        seen &+= count
        if seen >= wanted { return Self.end(of: range) }
      }
      return Self.end(of: Self.counts - 1)
    }
    return Snapshot.Latency(
      count: total, p50: quantile(0.5), p90: quantile(0.9), p99: quantile(0.99), max: quantile(1))
  }
}

/// Takes readings of one histogram, and tells the distribution over about the last second. Not thread-safe.
struct LatencyWatch {
  private struct Reading {
    var time: UInt64
    var counts: TimeHistogram
  }

  /// Two earlier readings. The distribution counts from `base`; when `next` is a second old, it becomes the base.
  private var readings: (base: Reading, next: Reading)?

  private static let window: UInt64 = 1_000_000_000

  /// The distribution since a reading that is at most two seconds old; nil: there is none yet, or nothing was counted.
  mutating func look(_ counts: TimeHistogram, at now: UInt64) -> Snapshot.Latency? {
    let reading = Reading(time: now, counts: counts)
    var pair = readings ?? (reading, reading)
    if now &- pair.next.time >= Self.window { pair = (pair.next, reading) }
    readings = pair
    return counts.latency(since: pair.base.counts)
  }
}
