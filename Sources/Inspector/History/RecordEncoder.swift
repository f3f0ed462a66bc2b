// The writing half of the codec. What it writes, and why: RecordCodec.swift.
internal import Region

/// Compresses runs of records into blocks, with memory that it owns.
///
/// Safe because: the memory lives as long as this object, and holds the longest form of as many records as a block has.
@safe final class RecordEncoder {
  /// Records of a block at most; and bytes that the longest record takes: shape 5, time 10, M 3, G 10, count 5, arg 10.
  static let most = 8192
  private static let longest = 43

  private let memory = RecordMemory()
  // Owner: this object.
  private let output: UnsafeMutablePointer<UInt8>
  private var used = 0
  /// Shapes of this block, by hash: the shape's word, bit 32, its number in bits 40 to 47; 0: free.
  private let table: UnsafeMutablePointer<UInt64>
  private static let tableSize = 1024
  private var shapes = 0

  init() {
    unsafe output = .allocate(capacity: Self.most * Self.longest)
    unsafe table = .allocate(capacity: Self.tableSize)
    unsafe table.initialize(repeating: 0, count: Self.tableSize)
  }

  deinit {
    unsafe output.deallocate()
    unsafe table.deallocate()
  }

  /// The records of `range`, 1 to `most` of them, as one block. It begins at the time of the first.
  func encode(_ records: [Record], _ range: Range<Int>) -> [UInt8] {
    precondition(!range.isEmpty && range.count <= Self.most && range.upperBound <= records.count, "a block")
    (used, shapes) = (0, 0)
    unsafe table.update(repeating: 0, count: Self.tableSize)
    memory.reset(at: records[range.lowerBound].time)
    for index in range { encode(records[index]) }
    return unsafe Array(UnsafeBufferPointer(start: output, count: used))
  }

  @inline(__always)
  private func encode(_ record: Record) {
    let memory = memory
    let kind = UInt8(truncatingIfNeeded: record.what)
    let seen = record.g == 0 ? RecordMemory.Seen() : memory.seen(record.g)
    let last = memory.last(kind)
    let elapsed = Int64(bitPattern: record.time &- memory.time)
    let g: RecordShape.G =
      record.g == 0 ? .none : record.g == memory.running ? .running : record.g == memory.g ? .last : .told
    let count: RecordShape.Count =
      record.count == 0
      ? .none : record.count == seen.count &+ 1 ? .next : record.count == last.count ? .same : .told
    let arg: RecordShape.Arg =
      record.arg == 0
      ? .none
      : record.arg == record.time &- seen.time
        ? .wait
        : record.arg == memory.running
          ? .running
          : record.arg == seen.waitingOn ? .place : record.arg == last.arg ? .same : placed(record, last)
    let isOtherM = record.m != memory.m
    put(
      RecordShape(what: record.what, isBack: elapsed < 0, isOtherM: isOtherM, g: g, count: count, arg: arg))
    put(elapsed.magnitude)
    if isOtherM { put(UInt64(record.m)) }
    if g == .told { put(zigzag(Int64(bitPattern: record.g &- memory.g))) }
    if count == .told { put(UInt64(record.count)) }
    if arg == .told { put(record.arg) }
    if arg == .runningPlaced || arg == .placed { put(record.arg >> RecordMemory.placeShift) }
    memory.note(record, seen: seen)
  }

  /// How an arg is told that names the running G, or none, and a place besides; for others `told`.
  @inline(__always)
  private func placed(_ record: Record, _ last: RecordMemory.Last) -> RecordShape.Arg {
    let place = record.arg >> RecordMemory.placeShift
    if place == 0 { return .told }
    if record.other == 0 { return .placed }
    guard record.other == memory.running else { return .told }
    return place == last.arg >> RecordMemory.placeShift ? .runningPlacedSame : .runningPlaced
  }

  /// The number of a shape, or the shape itself where it is new.
  @inline(__always)
  private func put(_ shape: RecordShape) {
    // Bit 32 marks a slot that is in use: the word of a shape may be 0.
    let entry = UInt64(shape.word) | 1 << 32
    var slot = Int(truncatingIfNeeded: (shape.word &* 0x9e37_79b1) >> 22)
    while true {
      let found = unsafe table[slot]
      if found & 0x1_ffff_ffff == entry {
        unsafe output[used] = UInt8(truncatingIfNeeded: found >> 40)
        used += 1
        return
      }
      if found == 0 { break }
      slot = (slot + 1) & (Self.tableSize - 1)
    }
    unsafe output[used] = RecordShape.newShape
    for byte in 0..<4 {
      unsafe output[used + 1 + byte] = UInt8(truncatingIfNeeded: shape.word >> UInt32(8 * byte))
    }
    used += 5
    guard shapes < RecordShape.most else { return }
    unsafe table[slot] = entry | UInt64(shapes) << 40
    shapes += 1
  }

  @inline(__always)
  private func put(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      unsafe output[used] = UInt8(truncatingIfNeeded: rest) | 0x80
      used += 1
      rest >>= 7
    }
    unsafe output[used] = UInt8(truncatingIfNeeded: rest)
    used += 1
  }
}
