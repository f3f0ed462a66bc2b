// Repeatable random numbers (SplitMix64): every decision of a soak follows from one seed. The order in which threads
// run does not follow from the seed. So a run with the same seed does the same things, but may not meet the same race.

struct Chance {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }

  mutating func number(in range: ClosedRange<Int>) -> Int {
    range.lowerBound + Int(next() % UInt64(range.count))
  }

  /// True in one of `n` calls, in the mean.
  mutating func once(in n: Int) -> Bool { next() % UInt64(n) == 0 }

  /// A new generator, seeded by this one, for another G.
  mutating func split() -> Chance { Chance(seed: next()) }
}
