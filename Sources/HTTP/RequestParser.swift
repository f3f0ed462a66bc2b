// The request parser: llhttp, fed line by line, behind checks of our own.
//
// §1 The problem. llhttp is the parser that Node trusts. But Debian's version 8.1 accepts messages about which two
// parsers in a row may disagree: obs-fold, several blanks in a request line, a bare LF at the end of trailers. And it
// checks neither Host nor sizes. Requests are smuggled by such disagreements, so whatever is ambiguous is refused.
//
// §2 The design. This file cuts the head into lines and checks every line; only then is the whole line fed to llhttp.
// Bodies are fed to llhttp as they come: its strict mode accepts nothing ambiguous there, and it removes the chunk
// framing. llhttp pauses behind the last chunk's size line, and the trailers are cut into lines again.
//
//        bytes ──▶ lines: CRLF only, no control byte, limits ──▶ llhttp: tokens, lengths, chunks
//                  request line, obs-fold (RequestParser+Head)       │ offsets of the fields
//                  end of head: Host, framing, Expect ◀──────────────┘
//
// §3 The promise. The result does not depend on where the network cut the bytes: a line is judged when its CRLF is there
// or its limit is passed, never earlier. HTTPTests splits every request of its corpus at every position.

import CLLHTTP

/// An incremental parser for the requests of one connection. It does no I/O, and allocates nothing for an ordinary request.
/// (Percent escapes in the path, and fields with lists, need memory.)
///
/// Memory: owns the C parser, and frees it.
@safe
struct RequestParser: ~Copyable {
  enum Progress: Equatable {
    case incomplete
    /// The message is complete; `position` is its length.
    case complete
    case rejected(Rejection)
  }

  enum Phase: Equatable { case head, body, trailers, complete }

  let limits: Limits
  private let machine: OpaquePointer
  private(set) var phase = Phase.head
  var head = Head()

  /// The offset at which the current line begins, from the message's first byte.
  private var lineStart = 0
  /// The offset up to which the end of the current line was searched for.
  private var scanned = 0
  private var sawRequestLine = false
  private var skippedEmptyLine = false
  private var trailersStart = 0

  init(limits: Limits) {
    guard let machine = unsafe cllhttp_create(UInt64(limits.body), UInt64(limits.framing)) else {
      fatalError("http: out of memory")
    }
    unsafe self.machine = machine
    self.limits = limits
  }

  deinit { unsafe cllhttp_destroy(machine) }

  var fieldTable: FieldTable { unsafe FieldTable(machine) }
  /// Whether the head says that a body follows.
  var hasBody: Bool { head.isChunked || contentLength > 0 }
  /// The value of the field Content-Length; 0 if the request has no such field.
  var contentLength: UInt64 { unsafe cllhttp_content_length(machine) }
  /// The place of the decoded body in the message.
  var body: Range<Int> {
    let start = unsafe cllhttp_body_start(machine)
    return unsafe start..<start + cllhttp_body_length(machine)
  }
  /// The number of bytes of the message that llhttp has taken; the message's length once it is complete. Not
  /// valid before the end of the head.
  var position: Int { unsafe cllhttp_position(machine) }
  /// Whether the request lets the connection stay open for another one. Valid when the message is complete.
  var keepsAlive: Bool { unsafe cllhttp_keep_alive(machine) != 0 }

  /// Makes the parser ready for the next message.
  mutating func reset() {
    unsafe cllhttp_reset(machine)
    phase = .head
    head = Head()
    (lineStart, scanned) = (0, 0)
    (sawRequestLine, skippedEmptyLine) = (false, false)
  }

  /// Goes on with a message. `message` holds all bytes received so far, from the message's first; bytes of the next message
  /// may follow. Changes only the bytes of the body, from which it removes the chunk framing.
  mutating func advance(over message: UnsafeMutableBufferPointer<UInt8>) -> Progress {
    while phase != .complete {
      if phase == .body {
        guard position < message.count else { return .incomplete }
        if let rejection = unsafe takeBody(message) { return .rejected(rejection) }
        continue
      }
      switch nextLine(unsafe message.span) {
      case .incomplete: return .incomplete
      case .rejected(let rejection): return .rejected(rejection)
      case .line(let content):
        if let rejection = unsafe takeLine(message, content) { return .rejected(rejection) }
        lineStart = content.upperBound + 2
        scanned = lineStart
      }
    }
    return .complete
  }

  /// The bytes between the decoded body and the first byte that llhttp has not taken: framing that is no longer needed.
  var gap: Range<Int> { body.upperBound..<position }

  /// Adjusts the offsets after the caller has removed `gap` from the message.
  mutating func didCutGap() {
    let count = gap.count
    unsafe cllhttp_did_cut(machine, count)
    lineStart -= count
    scanned -= count
    trailersStart -= count
  }
}

// MARK: lines

extension RequestParser {
  private enum Line {
    case incomplete
    case rejected(Rejection)
    /// A line's content, without its CRLF.
    case line(Range<Int>)
  }

  /// Searches the end of the current line. A byte that no line may have is reported even before the line is complete.
  private mutating func nextLine(_ bytes: Span<UInt8>) -> Line {
    let limit = lineLimit
    let bound = min(bytes.count, limit.offset)
    while scanned < bound {
      let byte = bytes[scanned]
      if byte >= 0x20 && byte != 0x7f || byte == UInt8(ascii: "\t") {
        scanned += 1
        continue
      }
      guard byte == UInt8(ascii: "\r") else {
        return .rejected(byte == UInt8(ascii: "\n") ? .bareLineFeed : .controlByte)
      }
      guard scanned + 1 < bytes.count else { return .incomplete }
      guard bytes[scanned + 1] == UInt8(ascii: "\n") else { return .rejected(.bareCarriageReturn) }
      return .line(lineStart..<scanned)
    }
    guard bound == limit.offset else { return .incomplete }
    return .rejected(
      sawRequestLine
        ? limit.beyond : judgeLongRequestLine(bytes, min(lineStart, bound)..<bound, otherwise: limit.beyond))
  }

  /// The first offset at which the CR of the current line would lie beyond the limit, and the reason for refusing a
  /// longer line.
  private var lineLimit: (offset: Int, beyond: Rejection) {
    if phase == .trailers { return (trailersStart + limits.framing, .tooMuchFraming) }
    let head = limits.head - 1
    let requestLine = lineStart + limits.requestLine + 1
    return sawRequestLine || head < requestLine ? (head, .headTooLarge) : (requestLine, .requestLineTooLong)
  }

  private mutating func takeLine(
    _ message: UnsafeMutableBufferPointer<UInt8>, _ content: Range<Int>
  ) -> Rejection? {
    let bytes = unsafe message.span
    let line = content.lowerBound..<content.upperBound + 2
    if phase == .trailers {
      if let rejection = judgeFieldLine(bytes, content) { return rejection }
      return unsafe feed(message, line, otherwise: .malformedChunk)
    }
    if !sawRequestLine {
      if content.isEmpty {
        // RFC 9112 §2.2: a server should ignore one empty line here, because old clients send one after a body.
        defer { skippedEmptyLine = true }
        return skippedEmptyLine ? .emptyLines : nil
      }
      sawRequestLine = true
      if let rejection = judgeRequestLine(bytes, content) { return rejection }
      let rejection = unsafe feed(message, line, otherwise: .target)
      head.method = Method(number: unsafe cllhttp_method(machine))
      return rejection
    }
    if content.isEmpty {
      if let rejection = judgeFields(bytes) { return rejection }
      phase = .body
    } else if let rejection = judgeFieldLine(bytes, content) {
      return rejection
    }
    return unsafe feed(message, line, otherwise: .malformedField)
  }

  /// Refuses two kinds of field lines that llhttp accepts: the continuation of the line before, and an empty name.
  private func judgeFieldLine(_ bytes: Span<UInt8>, _ content: Range<Int>) -> Rejection? {
    guard let first = content.first else { return nil }
    if isBlank(bytes[first]) { return .foldedLine }
    return bytes[first] == UInt8(ascii: ":") ? .malformedField : nil
  }
}

// MARK: llhttp

extension RequestParser {
  private mutating func takeBody(_ message: UnsafeMutableBufferPointer<UInt8>) -> Rejection? {
    unsafe feed(message, position..<message.count, otherwise: .malformedChunk)
  }

  /// Feeds `range` of the message to llhttp, and sets `phase` by llhttp's answer.
  ///
  /// - Parameter otherwise: the reason to give when llhttp refuses the bytes without a reason of its own.
  private mutating func feed(
    _ message: UnsafeMutableBufferPointer<UInt8>, _ range: Range<Int>, otherwise: Rejection
  ) -> Rejection? {
    let event = unsafe cllhttp_feed(machine, message.baseAddress, range.lowerBound, range.upperBound)
    switch event {
    case cllhttp_more: return nil
    case cllhttp_complete: phase = .complete
    case cllhttp_trailers:
      phase = .trailers
      lineStart = position
      scanned = lineStart
      trailersStart = lineStart
    case cllhttp_too_many_fields: return .tooManyFields
    case cllhttp_body_too_large: return .bodyTooLarge
    case cllhttp_too_much_framing: return .tooMuchFraming
    case cllhttp_unknown_method: return .unknownMethod
    case cllhttp_bad_length: return .contentLength
    case cllhttp_bad_coding: return .codingNotLast
    default: return otherwise
    }
    return nil
  }
}
