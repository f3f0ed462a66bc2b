// Every reason for which a request is refused before a handler sees it. docs/http.md has a row for each case; a test
// compares the two.

/// Why a request is refused, and with which status.
///
/// After any of these the connection is closed. When a peer frames one message wrongly, this server and the peer may
/// disagree where the next message begins (request smuggling, RFC 9112 §11.2).
public enum Rejection: String, Error, Sendable, CaseIterable {
  // MARK: bytes and lines
  case bareCarriageReturn = "a CR that no LF follows"
  case bareLineFeed = "a line that ends without CR"
  case controlByte = "a control byte in the head"
  case foldedLine = "a header field continued on the next line (obs-fold)"
  case emptyLines = "more than one empty line before the request line"

  // MARK: the request line
  case requestLine = "a request line that is not method, blank, target, blank, version"
  case requestLineTooLong = "a request line beyond its limit"
  case unknownMethod = "a method this server does not know"
  case connectMethod = "CONNECT, and this server is no proxy"
  case target = "a target that is neither a path, nor an http URL, nor * for OPTIONS"
  case escape = "a path with a wrong percent escape, an escaped NUL, or escapes that are not UTF-8"
  case version = "an HTTP version other than 1.0 and 1.1"

  // MARK: header fields
  case malformedField = "a header field that the grammar forbids, such as one with a blank before its colon"
  case headTooLarge = "a head beyond its limit"
  case tooManyFields = "more than 100 header fields"
  case missingHost = "no Host in a request of HTTP/1.1"
  case repeatedHost = "more than one Host"
  case malformedHost = "a Host that is no host and port"
  case unknownExpectation = "an Expect other than 100-continue"

  // MARK: where the body ends
  case contentLength = "a Content-Length that is not one plain number"
  case lengthAndCoding = "both Content-Length and Transfer-Encoding"
  case codingNotLast = "a Transfer-Encoding repeated, or one in which chunked is not last"
  case codingInOldVersion = "a Transfer-Encoding in a request of HTTP/1.0"
  case unknownCoding = "a Transfer-Encoding other than chunked"
  case bodyTooLarge = "a body beyond its limit"
  case malformedChunk = "a chunk or trailer that the grammar forbids"
  case tooMuchFraming = "chunk extensions or trailers beyond their limit"

  // MARK: time
  case headTimedOut = "a head that took too long"
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
