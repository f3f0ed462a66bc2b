// The distribution of the lengths of many waits: their number, quantiles that are exact to an eighth, and the longest exactly.

struct Spread: Sendable {
  /// Eight buckets for every power of two. Below eight nanoseconds, each has a bucket of its own.
  private var buckets = [Int](repeating: 0, count: 62 * 8)
  private(set) var count = 0
  private(set) var longest: UInt64 = 0

  mutating func add(_ nanoseconds: UInt64) {
    buckets[Self.bucket(nanoseconds)] += 1
    count += 1
    longest = max(longest, nanoseconds)
  }

  mutating func add(_ other: Spread) {
    for index in buckets.indices { buckets[index] += other.buckets[index] }
    count += other.count
    longest = max(longest, other.longest)
  }

  /// A length that this percentage of the waits did not exceed. It may be too long by an eighth.
  func percentile(_ hundredths: Int) -> UInt64 {
    let rank = count * hundredths / 100
    var seen = 0
    for (index, number) in buckets.enumerated() {
      seen += number
      if seen > rank { return min(Self.end(of: index), longest) }
    }
    return longest
  }

  private static func bucket(_ value: UInt64) -> Int {
    guard value >= 8 else { return Int(value) }
    let power = 63 - value.leadingZeroBitCount
    return (power - 2) * 8 + Int(value >> UInt64(power - 3) & 7)
  }

  private static func end(of bucket: Int) -> UInt64 {
    guard bucket >= 8 else { return UInt64(bucket) }
    let power = bucket / 8 + 2
    return 1 << UInt64(power) + UInt64(bucket % 8 + 1) << UInt64(power - 3)
  }
}
