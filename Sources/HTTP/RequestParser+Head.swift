// The checks of a head that llhttp does not make: of its request line, and of its fields taken together.
// Why they are needed: see RequestParser §1.

// MARK: the request line

extension RequestParser {
  /// Checks the request line in `content`, and notes where its parts lie.
  mutating func judgeRequestLine(_ bytes: Span<UInt8>, _ content: Range<Int>) -> Rejection? {
    // Exactly two blanks, and no tab. Other parsers may skip several blanks or take a tab for one, and find another target.
    guard let first = find(UInt8(ascii: " "), bytes, content),
      let second = find(UInt8(ascii: " "), bytes, first + 1..<content.upperBound),
      find(UInt8(ascii: " "), bytes, second + 1..<content.upperBound) == nil,
      find(UInt8(ascii: "\t"), bytes, content) == nil
    else { return .requestLine }
    let method = content.lowerBound..<first
    let target = first + 1..<second
    guard !method.isEmpty, !target.isEmpty, method.allSatisfy({ isTokenByte(bytes[$0]) })
    else { return .requestLine }
    if let rejection = judgeVersion(bytes, second + 1..<content.upperBound) { return rejection }
    if matches(bytes, method, "CONNECT") { return .connectMethod }
    head.target = target
    return judgeTarget(bytes, target, isOptions: matches(bytes, method, "OPTIONS"))
  }

  private mutating func judgeVersion(_ bytes: Span<UInt8>, _ version: Range<Int>) -> Rejection? {
    guard version.count == 8, matches(bytes, version.prefix(5), "HTTP/"),
      isDigit(bytes[version.lowerBound + 5]), bytes[version.lowerBound + 6] == UInt8(ascii: "."),
      isDigit(bytes[version.lowerBound + 7])
    else { return .requestLine }
    head.minorVersion = bytes[version.lowerBound + 7] &- UInt8(ascii: "0")
    let isKnown = bytes[version.lowerBound + 5] == UInt8(ascii: "1") && head.minorVersion <= 1
    return isKnown ? nil : .version
  }

  /// Checks that the target has origin form, absolute form, or is `*` (RFC 9112 §3.2), and finds path and query in it.
  private mutating func judgeTarget(
    _ bytes: Span<UInt8>, _ target: Range<Int>, isOptions: Bool
  ) -> Rejection? {
    guard find(UInt8(ascii: "#"), bytes, target) == nil else { return .target }
    var rest = target
    if bytes[target.lowerBound] != UInt8(ascii: "/") {
      if target.count == 1 && bytes[target.lowerBound] == UInt8(ascii: "*") && isOptions {
        (head.path, head.isAboutServer) = (target, true)
        return nil
      }
      guard let authorityEnd = authorityEnd(bytes, target) else { return .target }
      rest = authorityEnd..<target.upperBound
    }
    let question = find(UInt8(ascii: "?"), bytes, rest)
    head.path = rest.lowerBound..<(question ?? rest.upperBound)
    head.query = question.map { $0 + 1..<rest.upperBound }
    head.isAboutServer = isOptions && rest.isEmpty  // OPTIONS without path and query: RFC 9112 §3.2.4
    guard find(UInt8(ascii: "%"), bytes, head.path) != nil else { return nil }
    head.decodedPath = percentDecode(bytes, head.path)
    return head.decodedPath == nil ? .escape : nil
  }

  /// The offset at which the path begins in an absolute target; nil when the target has neither of the
  /// schemes http and https, or no host.
  private func authorityEnd(_ bytes: Span<UInt8>, _ target: Range<Int>) -> Int? {
    let scheme = ["http://", "https://"].first { equals(bytes, target.prefix($0.utf8CodeUnitCount), $0) }
    guard let scheme else { return nil }
    let authority = target.lowerBound + scheme.utf8CodeUnitCount
    let end = (authority..<target.upperBound).first {
      bytes[$0] == UInt8(ascii: "/") || bytes[$0] == UInt8(ascii: "?")
    }
    let authorityRange = authority..<(end ?? target.upperBound)
    return isHost(bytes, authorityRange) ? authorityRange.upperBound : nil
  }
}

// MARK: too long

extension RequestParser {
  /// The reason why a request line that is too long is refused; `line` is its part within the limit. If the
  /// method alone fills that part, it is an unknown method (RFC 9112 §3).
  func judgeLongRequestLine(
    _ bytes: Span<UInt8>, _ line: Range<Int>, otherwise beyond: Rejection
  ) -> Rejection {
    guard find(UInt8(ascii: " "), bytes, line) == nil else {
      return bytes[line.lowerBound] == UInt8(ascii: " ") ? .requestLine : beyond
    }
    return line.allSatisfy { isTokenByte(bytes[$0]) } ? .unknownMethod : .requestLine
  }
}

// MARK: the fields together

extension RequestParser {
  /// Checks the fields taken together. To be called when llhttp has taken all of them.
  ///
  /// If the message is malformed and also asks for something that this server does not do, the answer says that it is
  /// malformed: that is true at every server.
  mutating func judgeFields(_ bytes: Span<UInt8>) -> Rejection? {
    var (hosts, codings, lengths) = (0, 0, 0)
    var unwilling: Rejection?
    for index in 0..<fieldTable.count {
      let (name, value) = fieldTable.field(index, in: bytes)
      // The name's length is compared first, so that most fields cost one comparison.
      switch name.count {
      case 4 where equals(bytes, name, "host"):
        hosts += 1
        guard isHost(bytes, value) else { return .malformedHost }
      case 6 where equals(bytes, name, "expect"):
        // In HTTP/1.0 the field Expect has no meaning (RFC 9110 §10.1.1).
        guard head.minorVersion >= 1 else { continue }
        for member in members(bytes, value) {
          head.expectsContinue = equals(bytes, member, "100-continue")
          if !head.expectsContinue { unwilling = unwilling ?? .unknownExpectation }
        }
      case 14 where equals(bytes, name, "content-length"): lengths += 1
      case 17 where equals(bytes, name, "transfer-encoding"):
        codings += 1
        if members(bytes, value).isEmpty { return .codingNotLast }
        head.isChunked = equals(bytes, value, "chunked")
        if !head.isChunked { unwilling = unwilling ?? .unknownCoding }
      default: continue
      }
    }
    if hosts > 1 { return .repeatedHost }
    if hosts == 0 && head.minorVersion >= 1 { return .missingHost }
    if let rejection = judgeFraming(codings: codings, lengths: lengths) ?? unwilling { return rejection }
    return contentLength > UInt64(limits.body) ? .bodyTooLarge : nil
  }

  private func judgeFraming(codings: Int, lengths: Int) -> Rejection? {
    guard codings > 0 else { return nil }
    if lengths > 0 { return .lengthAndCoding }
    if head.minorVersion == 0 { return .codingInOldVersion }
    return codings > 1 ? .codingNotLast : nil
  }
}
