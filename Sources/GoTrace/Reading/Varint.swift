// Numbers of the format: seven bits a byte, the lowest first; a byte below 128 ends the number.

/// Reads numbers from a part of some bytes. After a number that is not whole or not a number, `isBroken` is true, and
/// everything read from then on is 0.
struct VarintReader {
  private let bytes: [UInt8]
  private(set) var next: Int
  private let end: Int
  private(set) var isBroken = false

  init(_ bytes: [UInt8], _ range: Range<Int>) {
    (self.bytes, next, end) = (bytes, range.lowerBound, min(range.upperBound, bytes.count))
  }

  var isAtEnd: Bool { isBroken || next >= end }

  mutating func byte() -> UInt8 {
    guard next < end, !isBroken else {
      isBroken = true
      return 0
    }
    defer { next += 1 }
    return bytes[next]
  }

  mutating func number() -> UInt64 {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while shift < 70 {
      let byte = byte()
      if isBroken { return 0 }
      if shift == 63, byte > 1 { break }
      value |= UInt64(byte & 0x7f) << shift
      if byte < 0x80 { return value }
      shift += 7
    }
    isBroken = true
    return 0
  }

  /// The next `count` bytes; nil: there are not so many.
  mutating func raw(_ count: UInt64) -> ArraySlice<UInt8>? {
    guard !isBroken, count <= UInt64(end - next) else {
      isBroken = true
      return nil
    }
    defer { next += Int(count) }
    return bytes[next..<next + Int(count)]
  }
}
