// Counters of 32 bits that wrap, as totals that do not.

/// Totals of counters that Ps keep, by the P's address. A P that is not there any more keeps its total. Not thread-safe.
struct Ticks {
  private var known: [UInt64: (last: UInt32, total: UInt64)] = [:]

  /// The total after the counter has reached `value`.
  mutating func total(_ key: UInt64, _ value: UInt32) -> UInt64 {
    let before = known[key] ?? (0, 0)
    let total = before.total &+ UInt64(value &- before.last)
    known[key] = (value, total)
    return total
  }

  /// The number of totals whose keys are not among `keys`, and their sum.
  func others(than keys: Set<UInt64>) -> (count: Int, sum: UInt64) {
    known.reduce(into: (0, 0)) { result, entry in
      guard !keys.contains(entry.key) else { return }
      result.0 += 1
      result.1 &+= entry.value.total
    }
  }
}
