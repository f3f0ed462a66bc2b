// Counts lengths of time cheaply, in front of the HDR histograms.
//
// Recording a length in a histogram of the package Histogram takes some seventy instructions, more than
// everything else that is done for a record. So the lengths of a second are first counted here, in ticks, in
// slots like those of the histogram: 64 to each power of two, so that a slot is at most 1/64 of its values
// wide. When the histogram is wanted, each slot with counts goes into it once, at the middle of the slot, which
// is at most 0.8 % off. Numbers, sums and the longest are exact.

/// The lengths of one second, of all kinds, in memory of its own. In a value type, each length would cost a
/// check whether the memory is shared.
///
/// Safe because: the memory lives as long as this object; slots and kinds are below their counts, whatever the length.
@safe final class SpanTally {
  static let bits = 6
  static let slots = (65 - bits) << bits
  private static let kinds = SpanKind.allCases.count

  // This object owns the memory.
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

  /// A copy of another tally.
  convenience init(_ other: SpanTally) {
    self.init()
    unsafe counts.update(from: other.counts, count: Self.slots * Self.kinds)
    unsafe sums.update(from: other.sums, count: Self.kinds)
    unsafe longest.update(from: other.longest, count: Self.kinds)
  }

  deinit {
    unsafe counts.deallocate()
    unsafe sums.deallocate()
    unsafe longest.deallocate()
  }

  /// The slot of a length: the length itself below 64, otherwise given by its seven highest bits.
  @inline(__always)
  static func slot(_ ticks: UInt64) -> Int {
    let shift = max(0, 63 - bits - ticks.leadingZeroBitCount)
    return shift << bits + Int(truncatingIfNeeded: ticks >> UInt64(shift))
  }

  /// The length in the middle of a slot.
  static func middle(_ slot: Int) -> UInt64 {
    let shift = max(0, slot >> bits - 1)
    let low = UInt64(slot - shift << bits) << UInt64(shift)
    return low + (1 << UInt64(shift)) / 2
  }

  /// Counts a length, in ticks.
  @inline(__always)
  func add(_ kind: SpanKind, _ ticks: UInt64) {
    unsafe counts[kind.rawValue &* Self.slots &+ Self.slot(ticks)] &+= 1
    unsafe sums[kind.rawValue] &+= ticks
    if unsafe ticks > longest[kind.rawValue] { unsafe longest[kind.rawValue] = ticks }
  }

  /// The histograms of what was counted, in ticks.
  var spans: Spans {
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
