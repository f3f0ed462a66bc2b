// How large a request may be, how long it may take, and how many connections there may be.

/// The bounds within which the server works for a client. docs/http.md shows them as a table.
public struct Limits: Sendable {
  /// Bytes of a request line without its CRLF; beyond: 414.
  public var requestLine = 8 << 10
  /// Bytes of a head, request line and last CRLF included; beyond: 431.
  public var head = 16 << 10
  /// Bytes of a request body after decoding; beyond: 413.
  public var body = 1 << 20
  /// Bytes of all chunk extensions of a body, and of its trailers; beyond: 400. Neither is used for anything.
  public var framing = 8 << 10

  /// How long a connection may lie without a byte of a next request, from when its client has taken the last answer; beyond:
  /// closed without a word.
  public var idle: Duration = .seconds(60)
  /// How long a head may take from its first byte; beyond: 408.
  public var header: Duration = .seconds(10)
  /// How long a body may take from the end of its head; beyond: 408.
  public var content: Duration = .seconds(30)
  /// How long a client may take nothing at all of what was written (`Delivery`); beyond: reset.
  public var write: Duration = .seconds(30)
  /// How long requests in flight may go on after the order to stop; beyond: they are left, and end with a reset.
  public var drain: Duration = .seconds(10)

  /// Connections served at once; one more gets 503.
  public var connections = 10_000

  public init() {}
}
