// Random numbers that come again: a case that fails is found by its seed.

/// SplitMix64 (Steele, Lea and Flood 2014): the same seed gives the same numbers, in every run and on every machine.
package struct Dice: RandomNumberGenerator, Sendable {
  private var state: UInt64

  package init(_ seed: UInt64) { state = seed }

  package mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }

  /// A number from 0 up to `limit`, which is not among them.
  package mutating func below(_ limit: Int) -> Int { Int(next() % UInt64(limit)) }

  package mutating func bytes(_ count: Int) -> [UInt8] {
    (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) }
  }

  /// Numbers where mistakes live: around powers of two and capacities; or any number at all.
  package mutating func value() -> UInt64 {
    switch below(6) {
    case 0: return next()
    case 1: return UInt64(below(16))
    case 2: return UInt64(1) << UInt64(below(64))
    case 3: return (UInt64(1) << UInt64(below(64))) &- 1
    case 4: return UInt64.max &- UInt64(below(16))
    default: return [255, 256, 257, 1023, 1024, 1025, 9999, 10_000, 10_001, 4096][below(10)]
    }
  }
}
