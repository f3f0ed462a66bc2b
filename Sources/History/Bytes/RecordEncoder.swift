// The writing half of the codec. RecordCodec.swift says what the bytes are, and why.
import Region

/// Compresses runs of records into blocks, with memory that it owns. Not thread-safe.
///
/// Safe because: the memory lives as long as this object, and holds the longest form of as many records as a block has.
@safe package final class RecordEncoder {
  /// The most records that a block has.
  package static let most = 8192
  /// The most bytes that a record takes: shape 5, time 10, M 3, G 10, count 5, arg 10.
  private static let longest = 43

  private let memory = RecordMemory()
  // This object owns the memory.
  private let output: UnsafeMutablePointer<UInt8>
  private let table: UnsafeMutablePointer<UInt64>

  package init() {
    unsafe output = .allocate(capacity: Self.most * Self.longest)
    unsafe table = .allocate(capacity: ShapeTable.size)
    unsafe table.initialize(repeating: 0, count: ShapeTable.size)
  }

  deinit {
    unsafe output.deallocate()
    unsafe table.deallocate()
  }

  /// The records of `range`, 1 to `most` of them, as one block. The block begins at the time of the first record.
  package func encode(_ records: [Record], _ range: Range<Int>) -> [UInt8] {
    precondition(!range.isEmpty && range.count <= Self.most && range.upperBound <= records.count, "a block")
    unsafe table.update(repeating: 0, count: ShapeTable.size)
    memory.reset()
    var now = RecordMoment(at: records[range.lowerBound].time)
    var block = unsafe BlockWriter(output, ShapeTable(table))
    for index in range { block.write(records[index], memory, &now) }
    return unsafe Array(UnsafeBufferPointer(start: output, count: block.next - output))
  }
}

/// The numbers of a block's shapes, found by hash.
///
/// Safe because: slots are masked to the table's size, and the encoder that owns the table lives as long as its block
/// writers.
@safe private struct ShapeTable {
  static let size = 1024
  /// Each slot holds the shape's word, bit 32, and the shape's number in bits 40 to 47; 0: the slot is free.
  // The encoder owns the memory.
  private let slots: UnsafeMutablePointer<UInt64>
  private var count = 0

  init(_ slots: UnsafeMutablePointer<UInt64>) { unsafe self.slots = slots }

  /// The number of a shape; nil: the shape is new. A new shape gets a number for its next use, while there are numbers
  /// left.
  @inline(__always)
  mutating func number(_ shape: RecordShape) -> UInt8? {
    // Bit 32 marks a slot that is in use, because the word of a shape may be 0.
    let entry = UInt64(shape.word) | 1 << 32
    var slot = Int(truncatingIfNeeded: (shape.word &* 0x9e37_79b1) >> 22)
    while true {
      let found = unsafe slots[slot]
      if found & 0x1_ffff_ffff == entry { return UInt8(truncatingIfNeeded: found >> 40) }
      if found == 0 { break }
      slot = (slot + 1) & (Self.size - 1)
    }
    guard count < RecordShape.most else { return nil }
    unsafe slots[slot] = entry | UInt64(count) << 40
    count += 1
    return nil
  }
}

/// Writes one block. It is a local variable of `encode`, so that the pointer to the next byte is in a register.
///
/// Safe because: the memory that it writes to has room for as many of the longest records as a block has.
@safe private struct BlockWriter {
  // The encoder owns the memory.
  private(set) var next: UnsafeMutablePointer<UInt8>
  private var shapes: ShapeTable

  init(_ start: UnsafeMutablePointer<UInt8>, _ shapes: ShapeTable) {
    unsafe next = start
    self.shapes = shapes
  }

  @inline(__always)
  mutating func write(_ record: Record, _ memory: RecordMemory, _ now: inout RecordMoment) {
    let kind = UInt8(truncatingIfNeeded: record.what)
    let seen = record.g == 0 ? RecordMemory.Seen() : memory.seen(record.g)
    let last = memory.last(kind)
    let elapsed = Int64(bitPattern: record.time &- now.time)
    let g: RecordShape.G =
      record.g == 0 ? .none : record.g == now.running ? .running : record.g == now.g ? .last : .told
    let count: RecordShape.Count =
      record.count == 0
      ? .none : record.count == seen.count &+ 1 ? .next : record.count == last.count ? .same : .told
    let arg: RecordShape.Arg =
      record.arg == 0
      ? .none
      : record.arg == record.time &- seen.time
        ? .wait
        : record.arg == now.running
          ? .running
          : record.arg == seen.waitingOn
            ? .place : record.arg == last.arg ? .same : Self.placed(record, last, now.running)
    let isOtherM = record.m != now.m
    put(RecordShape(what: record.what, isBack: elapsed < 0, isOtherM: isOtherM, g: g, count: count, arg: arg))
    put(elapsed.magnitude)
    if isOtherM { put(UInt64(record.m)) }
    if g == .told { put(zigzag(Int64(bitPattern: record.g &- now.g))) }
    if count == .told { put(UInt64(record.count)) }
    if arg == .told { put(record.arg) }
    if arg == .runningPlaced || arg == .placed { put(record.arg >> RecordMemory.placeShift) }
    memory.note(record, seen: seen, &now)
  }

  /// How to write an arg that names a place, and the running G or none. `told` for any other arg.
  @inline(__always)
  private static func placed(
    _ record: Record, _ last: RecordMemory.Last, _ running: UInt64
  ) -> RecordShape.Arg {
    let place = record.arg >> RecordMemory.placeShift
    if place == 0 { return .told }
    if record.other == 0 { return .placed }
    guard record.other == running else { return .told }
    return place == last.arg >> RecordMemory.placeShift ? .runningPlacedSame : .runningPlaced
  }

  /// Writes the number of a shape, or the shape itself if it is new.
  @inline(__always)
  private mutating func put(_ shape: RecordShape) {
    if let number = shapes.number(shape) { return put(number) }
    put(RecordShape.newShape)
    for byte in 0..<4 { put(UInt8(truncatingIfNeeded: shape.word >> UInt32(8 * byte))) }
  }

  @inline(__always)
  private mutating func put(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      put(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    put(UInt8(truncatingIfNeeded: rest))
  }

  @inline(__always)
  private mutating func put(_ byte: UInt8) {
    unsafe next.pointee = byte
    unsafe next += 1
  }
}
