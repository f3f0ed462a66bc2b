// Compressed records: 32 bytes become about five, at tens of millions a second.
//
// §1 The problem. Thirty seconds at a million events a second are 960 MB of records. They must fit in a quarter of
// that. The reader has 50 ns for each record, draining included, if it is to use less than a twentieth of a core.
// General compressors are too slow by far, and know nothing of what a record is.
//
// §2 The design. Encoder and decoder go through the records of one lane in order, and both keep the same small memory
// (`RecordMemory`) of the records before. From it they guess each part of the next record in a few ways: the G is the
// one that runs here, or the one mentioned last; its sequence number is one more than when it was last seen; the wait
// of a start is the time since then. A *shape* is a kind, a detail, and which of the guesses were right; a lane has
// some dozens of shapes. A record is the number of its shape in one byte, the time since the record before, and
// whatever was not guessed.
//
//     record     = shape, time, [M], [G], [count], [arg]
//     shape      = one byte, the number of a shape seen before in this block; or 255 and the shape itself
//     time       = LEB128 of the ticks since the record before, or until it when the shape says so
//     M          = LEB128, when it is another than before
//     G          = LEB128 of the zigzag difference to the G mentioned last, when not guessed
//     count, arg = LEB128, when not guessed
//
// §3 The guesses use the meaning of kinds only to guess well. Any record survives encoding and decoding, whatever its
// four words are, even if we do not know its kind (a property test feeds noise).
//
// §4 A block starts with an empty memory, so each block can be read by itself. That makes time travel cheap, and
// confines damage to one block. The decoder checks the bounds at every byte. From a damaged block it returns the
// records before the damage.
//
// §5 The memory is one allocation of fixed size that the encoder owns, so nothing is allocated for a record. What every
// record changes (`RecordMoment`) is not part of it, but a local variable of the function that goes through a block, so
// that it stays in registers. As a part of the object it would be stored and loaded again with each byte that is
// written.
import Region

/// A place in a block, with what the last record said.
struct RecordMoment {
  var time: UInt64
  /// The G that a record mentioned last.
  var g: UInt64 = 0
  /// The G that runs on this lane; 0: none.
  var running: UInt64 = 0
  var m: UInt16 = 0

  /// Starts at the beginning of a block, at `time`.
  init(at time: UInt64) { self.time = time }
}

/// The facts remembered of Gs and of kinds. They are the same in encoder and decoder.
///
/// Safe because: the memory lives as long as this object, and every index is masked to its size.
@safe final class RecordMemory {
  /// The last facts seen of one G.
  struct Seen {
    var g: UInt64 = 0
    var time: UInt64 = 0
    /// The descriptor that the G waited for in its last park.
    var waitingOn: UInt64 = 0
    var count: UInt32 = 0
  }

  /// The last facts seen of one kind.
  struct Last {
    var arg: UInt64 = 0
    var count: UInt32 = 0
  }

  static let gs = 1024
  /// The index of the lowest bit of an arg above the bits that hold the id of a G.
  static let placeShift: UInt64 = 52
  static let kinds = 64

  // This object owns the memory.
  private let seen: UnsafeMutablePointer<Seen>
  private let last: UnsafeMutablePointer<Last>

  init() {
    unsafe seen = .allocate(capacity: Self.gs)
    unsafe last = .allocate(capacity: Self.kinds)
    unsafe seen.initialize(repeating: Seen(), count: Self.gs)
    unsafe last.initialize(repeating: Last(), count: Self.kinds)
  }

  deinit {
    unsafe seen.deallocate()
    unsafe last.deallocate()
  }

  /// Forgets everything, because a new block begins.
  func reset() {
    unsafe seen.update(repeating: Seen(), count: Self.gs)
    unsafe last.update(repeating: Last(), count: Self.kinds)
  }

  /// The facts remembered of `g`; empty if another G has taken its place in the memory.
  @inline(__always)
  func seen(_ g: UInt64) -> Seen {
    let seen = unsafe seen[Int(truncatingIfNeeded: g) & (Self.gs - 1)]
    return seen.g == g ? seen : Seen()
  }

  @inline(__always)
  func last(_ kind: UInt8) -> Last { unsafe last[Int(kind) & (Self.kinds - 1)] }

  /// Remembers the facts of a record that was just encoded or decoded.
  @inline(__always)
  func note(_ record: Record, seen old: Seen, _ now: inout RecordMoment) {
    now.time = record.time
    now.m = record.m
    let kind = UInt8(truncatingIfNeeded: record.what)
    unsafe last[Int(kind) & (Self.kinds - 1)] = Last(arg: record.arg, count: record.count)
    guard record.g != 0 else { return }
    now.g = record.g
    let waitingOn = kind == EventKind.goPark.rawValue ? record.arg : old.waitingOn
    unsafe seen[Int(truncatingIfNeeded: record.g) & (Self.gs - 1)] = Seen(
      g: record.g, time: record.time, waitingOn: waitingOn, count: record.count)
    if starts >> UInt64(kind) & 1 == 1 { now.running = record.g }
    if stops >> UInt64(kind) & 1 == 1 { now.running = 0 }
  }

  private let starts = mask([.goStart, .goResume, .goSyscallExit])
  private let stops = mask([.goPark, .goYield, .goExit, .goPreempt, .goSyscall])

  /// A bit for each kind. A kind above 63 has none, because such a shift gives 0.
  static func mask(_ kinds: [EventKind]) -> UInt64 { kinds.reduce(0) { $0 | 1 << UInt64($1.rawValue) } }
}

/// A kind, a detail, and which guesses were right, in one word of 25 bits.
struct RecordShape: Equatable {
  /// The source of the G of a record: it is 0 (`none`), the running G, the G mentioned last, or written
  /// (`told`).
  enum G: UInt32 { case none, running, last, told }
  enum Count: UInt32 { case none, next, same, told }
  /// The source of the arg of a record. The arg is 0 (`none`), the time since the G was seen last (`wait`),
  /// the running G, the arg of the last record of this kind (`same`), the descriptor that the G waited for in
  /// its last park (`place`), or written (`told`). In the last three cases it has a G, which is the running
  /// one or none, and in the bits above it the queue on which a G was put (`Place`). The queue is written, or
  /// for `runningPlacedSame` that of the last record of this kind.
  enum Arg: UInt32 { case none, wait, running, same, place, told, runningPlaced, placed, runningPlacedSame }

  static let newShape: UInt8 = 255
  static let most = 255

  var word: UInt32

  init(word: UInt32) { self.word = word }

  @inline(__always)
  init(what: UInt64, isBack: Bool, isOtherM: Bool, g: G, count: Count, arg: Arg) {
    let modes: UInt32 = (isBack ? 1 : 0) | (isOtherM ? 2 : 0) | g.rawValue << 2 | count.rawValue << 4
    word = UInt32(truncatingIfNeeded: what & 0xffff) | (modes | arg.rawValue << 6) << 16
  }

  var isBack: Bool { word >> 16 & 1 != 0 }
  var isOtherM: Bool { word >> 17 & 1 != 0 }
  var g: G { G(rawValue: word >> 18 & 3) ?? .none }
  var count: Count { Count(rawValue: word >> 20 & 3) ?? .none }
  /// How the record's arg is written, according to the shape; nil: its bits are such as no encoder writes.
  var arg: Arg? { Arg(rawValue: word >> 22) }
  var kindAndDetail: UInt64 { UInt64(word & 0xffff) }
  var kind: UInt8 { UInt8(truncatingIfNeeded: word) }
}
