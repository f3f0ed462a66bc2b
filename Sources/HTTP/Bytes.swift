// Functions on the bytes of a message: comparing them, and telling which of them HTTP allows in which place.

func find(_ byte: UInt8, _ bytes: Span<UInt8>, _ range: Range<Int>) -> Int? {
  for index in range where bytes[index] == byte { return index }
  return nil
}

/// Whether the bytes in `range` equal `text`, where ASCII letters match in both cases.
func equals(_ bytes: Span<UInt8>, _ range: Range<Int>, _ text: StaticString) -> Bool {
  guard range.count == text.utf8CodeUnitCount else { return false }
  let text = unsafe UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount).span
  for offset in 0..<range.count where lowercased(bytes[range.lowerBound + offset]) != lowercased(text[offset])
  {
    return false
  }
  return true
}

/// Whether the bytes in `range` equal `text` exactly.
func matches(_ bytes: Span<UInt8>, _ range: Range<Int>, _ text: StaticString) -> Bool {
  guard range.count == text.utf8CodeUnitCount else { return false }
  let text = unsafe UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount).span
  for offset in 0..<range.count where bytes[range.lowerBound + offset] != text[offset] { return false }
  return true
}

func lowercased(_ byte: UInt8) -> UInt8 {
  byte &- UInt8(ascii: "A") < 26 ? byte | 0x20 : byte
}

func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }

func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") < 10 }

func isLetter(_ byte: UInt8) -> Bool { lowercased(byte) &- UInt8(ascii: "a") < 26 }

/// Whether a token, such as a method, may have this byte (RFC 9110 §5.6.2).
func isTokenByte(_ byte: UInt8) -> Bool {
  if isLetter(byte) || isDigit(byte) { return true }
  switch byte {
  case UInt8(ascii: "!"), UInt8(ascii: "#"), UInt8(ascii: "$"), UInt8(ascii: "%"), UInt8(ascii: "&"),
    UInt8(ascii: "'"), UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."),
    UInt8(ascii: "^"), UInt8(ascii: "_"), UInt8(ascii: "`"), UInt8(ascii: "|"), UInt8(ascii: "~"):
    return true
  default: return false
  }
}

/// The members of a comma-separated list in a field, without the blanks around them. Empty members are left out, as RFC 9110
/// says in §5.6.1.2.
func members(_ bytes: Span<UInt8>, _ range: Range<Int>) -> [Range<Int>] {
  var (members, start) = ([Range<Int>](), range.lowerBound)
  while start < range.upperBound {
    let end = find(UInt8(ascii: ","), bytes, start..<range.upperBound) ?? range.upperBound
    var (first, last) = (start, end)
    while first < last, isBlank(bytes[first]) { first += 1 }
    while last > first, isBlank(bytes[last - 1]) { last -= 1 }
    if first < last { members.append(first..<last) }
    start = end + 1
  }
  return members
}

/// The value of a hexadecimal digit; nil: the byte is none.
func hexValue(_ byte: UInt8) -> UInt8? {
  if isDigit(byte) { return byte - UInt8(ascii: "0") }
  let letter = lowercased(byte) &- UInt8(ascii: "a")
  return letter < 6 ? letter + 10 : nil
}

/// The bytes of `range` with their percent escapes decoded; nil when an escape is not two hexadecimal digits or is NUL, or
/// when the result is not UTF-8.
func percentDecode(_ bytes: Span<UInt8>, _ range: Range<Int>, plusIsBlank: Bool = false) -> [UInt8]? {
  var decoded: [UInt8] = []
  decoded.reserveCapacity(range.count)
  var index = range.lowerBound
  while index < range.upperBound {
    var byte = bytes[index]
    index += 1
    if byte == UInt8(ascii: "%") {
      guard index + 1 < range.upperBound, let high = hexValue(bytes[index]),
        let low = hexValue(bytes[index + 1]), high | low != 0
      else { return nil }
      byte = high << 4 | low
      index += 2
    } else if plusIsBlank && byte == UInt8(ascii: "+") {
      byte = UInt8(ascii: " ")
    }
    decoded.append(byte)
  }
  return String(validating: decoded, as: UTF8.self) == nil ? nil : decoded
}
