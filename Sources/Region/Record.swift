// A record: one event, 32 bytes, four words.
//
//     word 0   time, in ticks of the region's clock
//     word 1   kind (bits 0–7) · detail (8–15) · M (16–31) · count (32–63)
//     word 2   id of the G that the event is about, 0 for none
//     word 3   arg: its meaning depends on the kind
//
// No record names the P: the ring in which the record lies is that of the P, or of an M that held none.

@frozen public struct Record: Sendable, Equatable, BitwiseCopyable {
  public var time: UInt64
  public var what: UInt64
  public var g: UInt64
  public var arg: UInt64

  /// The size of a record, in bytes.
  public static let bytes = 32
  /// The size of a record, in words.
  public static let words = 4

  @inlinable @inline(__always)
  public init(time: UInt64, what: UInt64, g: UInt64, arg: UInt64) {
    (self.time, self.what, self.g, self.arg) = (time, what, g, arg)
  }

  @inlinable @inline(__always)
  public init(
    _ kind: EventKind, time: UInt64, m: UInt16, g: UInt64 = 0, detail: UInt8 = 0, count: UInt32 = 0,
    arg: UInt64 = 0
  ) {
    let what =
      UInt64(kind.rawValue) | UInt64(detail) << 8 | UInt64(m) << 16 | UInt64(count) << 32
    self.init(time: time, what: what, g: g, arg: arg)
  }

  /// The kind; nil when this version does not know it: a newer writer, or damaged memory.
  public var kind: EventKind? { EventKind(rawValue: UInt8(truncatingIfNeeded: what)) }
  public var detail: UInt8 { UInt8(truncatingIfNeeded: what >> 8) }
  public var m: UInt16 { UInt16(truncatingIfNeeded: what >> 16) }
  public var count: UInt32 { UInt32(truncatingIfNeeded: what >> 32) }
}
