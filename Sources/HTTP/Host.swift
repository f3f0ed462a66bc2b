// Host and port, as in the field Host and in the authority of an http URL. They are checked by their grammar: RFC 9110 §7.2
// and RFC 3986 §3.2.2. If two servers in a row parsed them loosely, each might find another host.

import Glibc

/// Whether `range` is a host, or a host, a colon and a port. An empty host is refused: an http URL may not have one (RFC
/// 9110 §4.2.1).
func isHost(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
  guard let first = range.first else { return false }
  if bytes[first] == UInt8(ascii: "[") {
    guard let end = find(UInt8(ascii: "]"), bytes, range) else { return false }
    return isAddress(bytes, first + 1..<end) && isPort(bytes, end + 1..<range.upperBound)
  }
  let end = find(UInt8(ascii: ":"), bytes, range) ?? range.upperBound
  return isName(bytes, first..<end) && isPort(bytes, end..<range.upperBound)
}

/// Whether `range` is empty, or a colon and a number of 16 bits. The number may be missing (RFC 3986 §3.2.3).
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

/// Whether `range` is a registered name or an IPv4 address, which has the form of a name. Its percent escapes must decode as
/// those of a path must.
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

/// Whether `range`, the text between the brackets, is an IPv6 address or an address of a future version (`v`, its number, a
/// dot, and more). A zone (`%eth0`) is refused: only the sender knows its meaning, and the grammar of an http URL has none.
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

/// Whether a name may have this byte without an escape: `unreserved` and `sub-delims` of RFC 3986.
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
