// The request parser: llhttp, fed line by line, behind rules of our own.
//
// §1 The problem. llhttp is the grammar that Node trusts, but Debian's 8.1 lets things pass over which two
// parsers in a row may disagree (obs-fold, several blanks in a request line, a bare LF at the end of
// trailers), and it says nothing of Host or of sizes. Disagreement is how requests are smuggled, so whatever
// is ambiguous is refused.
//
// §2 The design. The head is cut into lines here, every line is checked, and only then does llhttp see it,
// whole. Bodies go to llhttp as they come: its strict mode leaves nothing open there, and it takes the chunk
// framing off. It stops behind the last chunk's size line, and the trailers are lines again.
//
//        bytes ──▶ lines: CRLF only, no control byte, limits ──▶ llhttp: tokens, lengths, chunks
//                  request line, obs-fold (RequestParser+Head)       │ offsets of the fields
//                  end of head: Host, framing, Expect ◀──────────────┘
//
// §3 The promise. What comes out does not depend on where the network cut the bytes: a line is judged when
// its CRLF is there or its limit is passed, never earlier. HTTPTests splits every request of its corpus at
// every position.

import CLLHTTP

/// An incremental parser for the requests of one connection: it does no I/O and allocates nothing per request
/// (but for a path with percent escapes).
///
/// Memory: owns the C parser, and frees it.
@safe
struct RequestParser: ~Copyable {
  enum Progress: Equatable {
    case incomplete
    /// The whole message is there; `position` is its length.
    case complete
    case rejected(Rejection)
  }

  enum Phase: Equatable { case head, body, trailers, complete }

  let limits: Limits
  private let machine: OpaquePointer
  private(set) var phase = Phase.head
  var head = Head()

  /// Where the current line begins, and how far it was looked at. Offsets from the message's first byte.
  private var lineStart = 0
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
  /// What Content-Length says; 0 without one.
  var contentLength: UInt64 { unsafe cllhttp_content_length(machine) }
  /// Where the decoded body lies.
  var body: Range<Int> {
    let start = unsafe cllhttp_body_start(machine)
    return unsafe start..<start + cllhttp_body_length(machine)
  }
  /// How many bytes of the message were taken; its length when complete. Not for use before the end of the head.
  var position: Int { unsafe cllhttp_position(machine) }
  /// Whether the client lets the connection live on; valid when complete.
  var keepsAlive: Bool { unsafe cllhttp_keep_alive(machine) != 0 }

  /// Forgets the message, ready for the next.
  mutating func reset() {
    unsafe cllhttp_reset(machine)
    phase = .head
    head = Head()
    (lineStart, scanned) = (0, 0)
    (sawRequestLine, skippedEmptyLine) = (false, false)
  }

  /// Goes on with the message of which `message` is everything received so far, from its first byte; more may
  /// follow behind its end. Writes only to the body, from which it takes the chunk framing.
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

  /// The bytes between the decoded body and what is still to be taken: framing that nobody needs any more.
  var gap: Range<Int> { body.upperBound..<position }

  /// Says that the caller cut `gap` out of the message.
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

  /// Looks for the end of the current line. A byte that no line may have is found before the line is
  /// complete.
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

  /// The first offset at which the line's CR may no longer lie, and what it means if it does.
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
        // RFC 9112 §2.2: a server should ignore one, because old clients send one too many after a body.
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

  /// What llhttp lets pass in a field line: the continuation of the line before, and an empty name.
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

  /// Shows `range` of the message to llhttp, and moves to the phase that it says.
  ///
  /// - Parameter otherwise: what it means when llhttp forbids the bytes and says no more than that.
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
