// The limits of a server: the size of a request, the time that it may take, and the number of connections.

/// The limits of one client, and of a server. docs/http.md shows them as a table.
public struct Limits: Sendable {
  /// The most bytes of a request line without its CRLF; a longer one gets 414.
  public var requestLine = 8 << 10
  /// The most bytes of a head, request line and last CRLF included; a longer one gets 431.
  public var head = 16 << 10
  /// The most bytes of a request body after decoding; a longer one gets 413.
  public var body = 1 << 20
  /// The most bytes of a body's chunk extensions together, and of its trailers together; more get 400. The
  /// server uses neither.
  public var framing = 8 << 10

  /// How long a connection may be idle: from the moment at which its client has taken the last answer to the
  /// first byte of the next request. After that it is closed without an answer.
  public var idle: Duration = .seconds(60)
  /// How long a connection may be idle before its G gives its stack back, and its buffers too (`TCPConnection.rest`); nil: it keeps
  /// them. The next request then costs more. 0.1 s is good for crowds of connections that seldom ask.
  public var quiet: Duration?
  /// How long a head may take from its first byte; a slower one gets 408.
  public var header: Duration = .seconds(10)
  /// How long a body may take from the end of its head; a slower one gets 408.
  public var content: Duration = .seconds(30)
  /// How long the server waits while a client takes none of the bytes that were written to it (`Delivery`); then the
  /// connection is reset.
  public var write: Duration = .seconds(30)
  /// How long requests in flight may go on after `shutDown`; after that `serve` returns, and their connections end with a
  /// reset.
  public var drain: Duration = .seconds(10)

  /// The most connections that are served at the same time; one more gets 503.
  public var connections = 10_000

  /// Makes limits with the default values, which are written beside the properties above.
  public init() {}
}
