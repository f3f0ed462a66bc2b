// Bytes, written and read: numbers in LEB128, texts with their length in front. Keyframes and recordings are made of
// them.
//
// The reader trusts nothing. Whatever the bytes are, it returns a value or nil, and it believes no count that is larger
// than the number of bytes that are left.
import Host
import Observed

/// Builds bytes by appending to them.
package struct ByteWriter {
  package private(set) var bytes: [UInt8] = []

  package init(bytes: [UInt8] = []) {
    self.bytes = bytes
  }

  package mutating func number(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(truncatingIfNeeded: rest))
  }

  package mutating func number(_ value: Int) { number(zigzag(Int64(value))) }

  /// Writes a number that may be missing: 0, or 1 followed by the number.
  package mutating func number(_ value: UInt64?) {
    number(value == nil ? 0 as UInt64 : 1)
    if let value { number(value) }
  }

  /// Writes a number as four bytes, the lowest first.
  package mutating func word32(_ value: UInt32) {
    for shift in stride(from: 0, to: 32, by: 8) {
      bytes.append(UInt8(truncatingIfNeeded: value >> UInt32(shift)))
    }
  }

  package mutating func text(_ text: String) { raw(Array(text.utf8)) }

  /// Writes bytes, with their number in front.
  package mutating func raw(_ more: [UInt8]) {
    number(UInt64(more.count))
    bytes += more
  }

  /// Writes bytes as they are, without their number.
  package mutating func append(_ more: [UInt8]) { bytes += more }
}

/// Reads bytes from the beginning to the end. If the bytes do not make sense, a call returns nil.
package struct ByteReader {
  private let bytes: ArraySlice<UInt8>
  private var next: Int

  package init(_ bytes: [UInt8]) { self.init(bytes[...]) }
  package init(_ bytes: ArraySlice<UInt8>) { (self.bytes, next) = (bytes, bytes.startIndex) }

  package var left: Int { bytes.endIndex - next }
  package var isAtEnd: Bool { left == 0 }

  package mutating func byte() -> UInt8? {
    guard left > 0 else { return nil }
    defer { next += 1 }
    return bytes[next]
  }

  package mutating func number() -> UInt64? {
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 70, by: 7) {
      guard let byte = byte() else { return nil }
      if shift == 63, byte > 1 { return nil }
      value |= UInt64(byte & 0x7f) << shift
      if byte < 0x80 { return value }
    }
    return nil
  }

  /// A number of at most `limit`.
  package mutating func number(upTo limit: Int) -> Int? {
    guard let value = number(), value <= UInt64(limit) else { return nil }
    return Int(value)
  }

  package mutating func signed() -> Int? { number().map { Int(unzigzag($0)) } }

  /// A number of Gs. It may be negative for a moment, because not all counts that a G's move changes are read at one
  /// instant. nil: the bytes are wrong, or the number is implausibly large.
  package mutating func gs() -> Int? { signed().flatMap { $0.magnitude < UInt(plausible) ? $0 : nil } }

  /// A number that may be missing. nil: the bytes are wrong; `.some(nil)`: the number is missing.
  package mutating func optional() -> UInt64?? {
    switch number() {
    case 0: return .some(nil)
    case 1: return number().map { .some($0) }
    default: return nil
    }
  }

  package mutating func word32() -> UInt32? {
    guard left >= 4 else { return nil }
    defer { next += 4 }
    return (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[next + $1]) << UInt32(8 * $1) }
  }

  package mutating func raw() -> ArraySlice<UInt8>? {
    // `left` is read after the number is, because the number itself takes bytes.
    guard let count = number(), count <= UInt64(left) else { return nil }
    defer { next += Int(count) }
    return bytes[next..<next + Int(count)]
  }

  package mutating func text() -> String? { raw().map { printable(String(decoding: $0, as: UTF8.self)) } }
}

/// Maps small numbers of either sign to small numbers without a sign: 0, −1, 1, −2… become 0, 1, 2, 3…
@inline(__always)
func zigzag(_ value: Int64) -> UInt64 { UInt64(bitPattern: value << 1 ^ value >> 63) }

@inline(__always)
func unzigzag(_ value: UInt64) -> Int64 { Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1) }
