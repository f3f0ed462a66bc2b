// Counting lengths of time cheaply: the tally in front of the HDR histograms.
//
// Recording into a histogram of the package takes some seventy instructions, more than all else that is done for a
// record. So a second's lengths are counted here first, in ticks, in slots of the same kind: 64 to each power of two, so
// that a slot is at most 1/64 of its values wide. When they are wanted, each slot that has any goes into the histogram at
// once, at its middle: at most 0.8 % off. Numbers, sums and the longest are exact.

/// One second's lengths of all kinds, in memory of its own: a value would ask at each length whether it is shared.
///
/// Safe because: the memory lives as long as this object; slots and kinds are below their counts, whatever the length.
@safe final class SpanTally {
  package static let bits = 6
  package static let slots = (65 - bits) << bits
  private static let kinds = SpanKind.allCases.count

  // Owner: this object.
  private let counts: UnsafeMutablePointer<UInt32>
  private let sums: UnsafeMutablePointer<UInt64>
  private let longest: UnsafeMutablePointer<UInt64>

  init() {
    unsafe counts = .allocate(capacity: Self.slots * Self.kinds)
    unsafe sums = .allocate(capacity: Self.kinds)
    unsafe longest = .allocate(capacity: Self.kinds)
    unsafe counts.initialize(repeating: 0, count: Self.slots * Self.kinds)
    unsafe sums.initialize(repeating: 0, count: Self.kinds)
    unsafe longest.initialize(repeating: 0, count: Self.kinds)
  }

  deinit {
    unsafe counts.deallocate()
    unsafe sums.deallocate()
    unsafe longest.deallocate()
  }

  /// The slot of a length: itself below 64, then by its seven highest bits.
  @inline(__always)
  package static func slot(_ ticks: UInt64) -> Int {
    let shift = max(0, 63 - bits - ticks.leadingZeroBitCount)
    return shift << bits + Int(truncatingIfNeeded: ticks >> UInt64(shift))
  }

  /// The middle of a slot.
  package static func middle(_ slot: Int) -> UInt64 {
    let shift = max(0, slot >> bits - 1)
    let low = UInt64(slot - shift << bits) << UInt64(shift)
    return low + (1 << UInt64(shift)) / 2
  }

  @inline(__always)
  package func add(_ kind: SpanKind, _ ticks: UInt64) {
    unsafe counts[kind.rawValue &* Self.slots &+ Self.slot(ticks)] &+= 1
    unsafe sums[kind.rawValue] &+= ticks
    if unsafe ticks > longest[kind.rawValue] { unsafe longest[kind.rawValue] = ticks }
  }

  package var spans: Spans {
    var spans = Spans()
    spans.runQueue = histogram(.runQueue)
    spans.netpoll = histogram(.netpoll)
    spans.slice = histogram(.slice)
    spans.syscall = histogram(.syscall)
    return spans
  }

  private func histogram(_ kind: SpanKind) -> SpanHistogram {
    var histogram = unsafe SpanHistogram(upTo: longest[kind.rawValue])
    for slot in 0..<Self.slots {
      let count = unsafe counts[kind.rawValue * Self.slots + slot]
      if count != 0 { histogram.record(Self.middle(slot), count: UInt64(count)) }
    }
    unsafe histogram.set(sum: sums[kind.rawValue], longest: longest[kind.rawValue])
    return histogram
  }
}
