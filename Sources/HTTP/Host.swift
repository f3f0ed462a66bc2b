// Host and port, as the field Host and the authority of an http URL name them: parsed by their grammar (RFC 9110 §7.2,
// RFC 3986 §3.2.2), since whoever reads one more loosely than the next in line reads another host.

import Glibc

/// Whether `range` is a host, and a port if a colon follows it. An empty host is none: no http URL may have one (RFC 9110
/// §4.2.1).
func isHost(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
  guard let first = range.first else { return false }
  if bytes[first] == UInt8(ascii: "[") {
    guard let end = find(UInt8(ascii: "]"), bytes, range) else { return false }
    return isAddress(bytes, first + 1..<end) && isPort(bytes, end + 1..<range.upperBound)
  }
  let end = find(UInt8(ascii: ":"), bytes, range) ?? range.upperBound
  return isName(bytes, first..<end) && isPort(bytes, end..<range.upperBound)
}

/// Nothing, or a colon and a number of 16 bits; the number may be missing (RFC 3986 §3.2.3).
private func isPort(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
  guard let first = range.first else { return true }
  guard bytes[first] == UInt8(ascii: ":") else { return false }
  var port = 0
  for index in range.dropFirst() {
    guard isDigit(bytes[index]) else { return false }
    port = port * 10 + Int(bytes[index] - UInt8(ascii: "0"))
    guard port <= 65_535 else { return false }
  }
  return true
}

/// A name that some registry may know; an IPv4 address looks like one. Its escapes are held to what those of a path are.
private func isName(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
  guard !range.isEmpty else { return false }
  var hasEscapes = false
  for index in range {
    if bytes[index] == UInt8(ascii: "%") {
      hasEscapes = true
    } else if !isNameByte(bytes[index]) {
      return false
    }
  }
  return !hasEscapes || percentDecode(bytes, range) != nil
}

/// What stands between brackets: an IPv6 address, or one of a version to come (`v`, its number, a dot, and anything). A zone
/// (`%eth0`) means something to the sender alone, and the grammar of an http URL has none.
private func isAddress(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
  guard let first = range.first else { return false }
  if lowercased(bytes[first]) == UInt8(ascii: "v") {
    guard let dot = find(UInt8(ascii: "."), bytes, range) else { return false }
    let (version, address) = (first + 1..<dot, dot + 1..<range.upperBound)
    return !version.isEmpty && version.allSatisfy { hexValue(bytes[$0]) != nil }
      && !address.isEmpty && address.allSatisfy { isNameByte(bytes[$0]) || bytes[$0] == UInt8(ascii: ":") }
  }
  var text = range.map { CChar(bitPattern: bytes[$0]) }
  text.append(0)
  var address = in6_addr()
  return unsafe inet_pton(AF_INET6, text, &address) == 1
}

/// A byte of a name that stands for itself: `unreserved` and `sub-delims` of RFC 3986.
private func isNameByte(_ byte: UInt8) -> Bool {
  if isLetter(byte) || isDigit(byte) { return true }
  switch byte {
  case UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"),
    UInt8(ascii: "!"), UInt8(ascii: "$"), UInt8(ascii: "&"), UInt8(ascii: "'"), UInt8(ascii: "("),
    UInt8(ascii: ")"),
    UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "="):
    return true
  default: return false
  }
}
