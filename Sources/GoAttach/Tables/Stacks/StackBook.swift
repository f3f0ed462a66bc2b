// Equal stacks, kept once. 100,000 goroutines have only a few hundred different stacks.

/// Stacks by number, each only once.
struct StackBook {
  private(set) var stacks: [GoStack] = []
  /// The number of pcs in all stacks together.
  private(set) var pcs = 0
  private var hashes: [UInt64] = []
  /// Numbers of stacks by hash, with open addressing; -1 is a free place.
  private var places: [Int32] = Array(repeating: -1, count: 1024)

  /// Returns the number of a stack. A stack that is new is added.
  mutating func number(of pcs: [UInt64], end: GoStack.End) -> Int {
    var hash = UInt64(end.rawValue) &+ 0x9e37_79b9_7f4a_7c15
    for pc in pcs {
      hash = (hash ^ pc) &* 0xff51_afd7_ed55_8ccd
      hash ^= hash >> 32
    }
    var place = Int(truncatingIfNeeded: hash) & (places.count - 1)
    while places[place] >= 0 {
      let number = Int(places[place])
      if hashes[number] == hash, stacks[number].end == end, stacks[number].pcs == pcs { return number }
      place = (place + 1) & (places.count - 1)
    }
    stacks.append(GoStack(pcs: Array(pcs), end: end))
    hashes.append(hash)
    self.pcs += pcs.count
    places[place] = Int32(stacks.count - 1)
    if stacks.count * 2 >= places.count { grow() }
    return stacks.count - 1
  }

  private mutating func grow() {
    places = Array(repeating: -1, count: places.count * 4)
    for (number, hash) in hashes.enumerated() {
      var place = Int(truncatingIfNeeded: hash) & (places.count - 1)
      while places[place] >= 0 { place = (place + 1) & (places.count - 1) }
      places[place] = Int32(number)
    }
  }
}
