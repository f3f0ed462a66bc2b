// Random numbers for choosing the P to steal from: a few instructions, and no promise beyond "spread out".

/// Marsaglia's xorshift64*. Not for secrets.
struct CheapRandom {
  private var state: UInt64

  init(seed: UInt64) { state = seed &* 0x9e37_79b9_7f4a_7c15 | 1 }

  mutating func next(below limit: Int) -> Int {
    state ^= state >> 12
    state ^= state << 25
    state ^= state >> 27
    let high = (state &* 0x2545_f491_4f6c_dd1d) >> 32
    return Int((high &* UInt64(limit)) >> 32)
  }
}
