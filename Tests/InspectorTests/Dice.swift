// Repeatable random numbers: a failing case can be run again from its seed.

/// SplitMix64. The seed determines the whole case.
struct Dice {
  var state: UInt64

  init(_ seed: UInt64) { state = seed }

  mutating func roll() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  mutating func below(_ limit: Int) -> Int { Int(roll() % UInt64(limit)) }

  mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8(truncatingIfNeeded: roll()) } }

  /// A number at which mistakes are likely (near powers of two and capacities), or any number at all.
  mutating func value() -> UInt64 {
    switch below(6) {
    case 0: return roll()
    case 1: return UInt64(below(16))
    case 2: return UInt64(1) << UInt64(below(64))
    case 3: return (UInt64(1) << UInt64(below(64))) &- 1
    case 4: return UInt64.max &- UInt64(below(16))
    default: return [255, 256, 257, 1023, 1024, 1025, 9999, 10_000, 10_001, 4096][below(10)]
    }
  }
}
