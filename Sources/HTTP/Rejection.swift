// Every reason for which a request is refused before a handler sees it. docs/http.md has a row for each case; a test
// compares the two.

/// The reason why a request is refused, and the status of the answer.
///
/// After any of these the connection is closed. When a peer frames one message wrongly, this server and the peer may
/// disagree where the next message begins (request smuggling, RFC 9112 §11.2).
public enum Rejection: String, Error, Sendable, CaseIterable {
  // MARK: bytes and lines
  /// A CR that no LF follows.
  case bareCarriageReturn = "a CR that no LF follows"
  /// A line that ends without CR.
  case bareLineFeed = "a line that ends without CR"
  /// A control byte in the head.
  case controlByte = "a control byte in the head"
  /// A header field continued on the next line (obs-fold).
  case foldedLine = "a header field continued on the next line (obs-fold)"
  /// More than one empty line before the request line.
  case emptyLines = "more than one empty line before the request line"

  // MARK: the request line
  /// A request line that is not method, blank, target, blank, version.
  case requestLine = "a request line that is not method, blank, target, blank, version"
  /// A request line beyond its limit.
  case requestLineTooLong = "a request line beyond its limit"
  /// A method this server does not know.
  case unknownMethod = "a method this server does not know"
  /// CONNECT, and this server is no proxy.
  case connectMethod = "CONNECT, and this server is no proxy"
  /// A target that is neither a path, nor an http URL, nor * for OPTIONS.
  case target = "a target that is neither a path, nor an http URL, nor * for OPTIONS"
  /// A path with a wrong percent escape, an escaped NUL, or escapes that are not UTF-8.
  case escape = "a path with a wrong percent escape, an escaped NUL, or escapes that are not UTF-8"
  /// An HTTP version other than 1.0 and 1.1.
  case version = "an HTTP version other than 1.0 and 1.1"

  // MARK: header fields
  /// A header field that the grammar forbids, such as one with a blank before its colon.
  case malformedField = "a header field that the grammar forbids, such as one with a blank before its colon"
  /// A head beyond its limit.
  case headTooLarge = "a head beyond its limit"
  /// More than 100 header fields.
  case tooManyFields = "more than 100 header fields"
  /// No Host in a request of HTTP/1.1.
  case missingHost = "no Host in a request of HTTP/1.1"
  /// More than one Host.
  case repeatedHost = "more than one Host"
  /// A Host that is no host and port.
  case malformedHost = "a Host that is no host and port"
  /// An Expect other than 100-continue.
  case unknownExpectation = "an Expect other than 100-continue"

  // MARK: where the body ends
  /// A Content-Length that is not one plain number.
  case contentLength = "a Content-Length that is not one plain number"
  /// Both Content-Length and Transfer-Encoding.
  case lengthAndCoding = "both Content-Length and Transfer-Encoding"
  /// A Transfer-Encoding repeated, or one in which chunked is not last.
  case codingNotLast = "a Transfer-Encoding repeated, or one in which chunked is not last"
  /// A Transfer-Encoding in a request of HTTP/1.0.
  case codingInOldVersion = "a Transfer-Encoding in a request of HTTP/1.0"
  /// A Transfer-Encoding other than chunked.
  case unknownCoding = "a Transfer-Encoding other than chunked"
  /// A body beyond its limit.
  case bodyTooLarge = "a body beyond its limit"
  /// A chunk or trailer that the grammar forbids.
  case malformedChunk = "a chunk or trailer that the grammar forbids"
  /// Chunk extensions or trailers beyond their limit.
  case tooMuchFraming = "chunk extensions or trailers beyond their limit"

  // MARK: time
  /// A head that took too long.
  case headTimedOut = "a head that took too long"
  /// A body that took too long.
  case bodyTimedOut = "a body that took too long"

  /// The status of the answer.
  public var status: Status {
    switch self {
    case .requestLineTooLong: .uriTooLong
    case .headTooLarge, .tooManyFields: .fieldsTooLarge
    case .unknownMethod, .connectMethod, .unknownCoding: .notImplemented
    case .version: .versionNotSupported
    case .unknownExpectation: .expectationFailed
    case .bodyTooLarge: .contentTooLarge
    case .headTimedOut, .bodyTimedOut: .requestTimeout
    default: .badRequest
    }
  }
}
