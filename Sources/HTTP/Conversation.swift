// The HTTP of one connection, without any I/O: it takes bytes, makes bytes, and says what to do next.
//
// The connection's G does what `advance` returns: read more, write what is there, or close. Tests do the same with arrays,
// and split the bytes at every position. Handlers run inside `advance` and may park. The conversation is a local variable
// of its G, so a parked G keeps no exclusive access to a class, global or closure open.

import MPG

/// The state of HTTP on one connection, between two reads or writes.
struct Conversation: ~Copyable {
  enum Next: Equatable {
    case read(Waiting)
    case write
    /// The last answer is written, but the peer may still be sending. The caller must end our half of the stream, let
    /// the peer read the answer, and then close.
    case finish
    /// The caller must close at once: nothing was ever written.
    case close
  }

  /// The part of a request for which the next read waits. Each has a time limit of its own.
  enum Waiting: Equatable { case request, head, body }

  /// Answers to pipelined requests are sent together, once they are this many bytes.
  static let batch = 16 << 10
  static let inputCapacity = 2 << 10

  private let mux: Mux
  /// The labels of the requests' spans; nil: no spans are made for requests.
  private let labels: RequestLabels?
  /// Tells whether the answer that is about to be written is to be the last. The conversation asks only after the handler
  /// has returned, because the order to stop may come while the handler runs.
  private let isLast: () -> Bool
  /// Runs a slow handler and, if it takes long, watches meanwhile whether the client stays. Returns how many bytes of
  /// the answer were sent meanwhile; nil: the client was not watched, and nothing was done to the connection.
  private let watching: (_ handler: () -> Void) -> Int?
  /// How many handlers on this connection were watched.
  private(set) var watched = 0
  private var input = ByteBuffer(capacity: inputCapacity)
  private var output = ByteBuffer(capacity: 512)
  private var parser: RequestParser
  private var response = Response()
  private var date = HTTPDate()
  private var saidContinue = false
  /// How the conversation ends once no further request will be answered: `.finish` or `.close`; nil until then.
  private var ending: Next?
  /// The number of requests that were answered, by a handler or by a refusal.
  private(set) var answered: Int

  init(
    mux: Mux, limits: Limits, labels: RequestLabels? = nil, answered: Int = 0,
    isLast: @escaping () -> Bool = { false },
    watching: @escaping (_ handler: () -> Void) -> Int? = {
      $0()
      return nil
    }
  ) {
    (self.mux, self.labels, self.isLast, self.watching) = (mux, labels, isLast, watching)
    self.answered = answered
    parser = RequestParser(limits: limits)
  }

  // MARK: bytes

  /// Memory for the bytes that are read next. The caller then tells `didRead` how many there were.
  mutating func room() -> UnsafeMutableRawBufferPointer { unsafe input.room(1 << 10) }

  mutating func didRead(_ count: Int) { input.commit(count) }

  /// Memory for bytes that come after the last answer and are dropped.
  mutating func scratch() -> UnsafeMutableRawBufferPointer {
    input.clear(keeping: Self.inputCapacity)
    return unsafe input.room(1 << 10)
  }

  /// The bytes that the caller is to write to the socket.
  var pending: UnsafeRawBufferPointer { unsafe UnsafeRawBufferPointer(output.bytes) }

  mutating func didWrite() { output.clear(keeping: Self.batch) }

  // MARK: progress

  /// Answers the complete requests in the input, and returns what to do next.
  /// - Parameter second: the time for the field Date, in seconds since 1970.
  mutating func advance(at second: Int) -> Next {
    while true {
      if output.count >= Self.batch { return .write }
      if let ending { return output.isEmpty ? ending : .write }
      switch unsafe parser.advance(over: input.bytes) {
      case .incomplete:
        makeRoomForBody()
        if isRefusedByHead {
          guard answer(at: second) else { return .write }
          continue
        }
        sayContinue()
        return output.isEmpty ? .read(waiting) : .write
      case .rejected(let rejection): refuse(rejection, at: second)
      case .complete:
        guard answer(at: second) else { return .write }
      }
    }
  }

  /// The time limit for `waiting` has passed: within a request the answer is 408, before one the connection just ends.
  mutating func timeOut(_ waiting: Waiting, at second: Int) {
    switch waiting {
    case .request: ending = answered == 0 ? .close : .finish
    case .head: refuse(.headTimedOut, at: second)
    case .body: refuse(.bodyTimedOut, at: second)
    }
  }

  /// Answers 503, because the server is full, and ends the conversation.
  mutating func turnAway(at second: Int) {
    response.replace(.serviceUnavailable, "503 Service Unavailable: too many connections")
    send(at: second, .close)
    ending = .finish
  }

  private var waiting: Waiting {
    parser.phase != .head ? .body : input.isEmpty ? .request : .head
  }

  /// Drops chunk framing that was parsed, so that a body takes no more memory than its limit.
  private mutating func makeRoomForBody() {
    guard parser.phase != .head else { return }
    input.cut(parser.gap)
    parser.didCutGap()
  }

  /// Whether the client waits for `100 Continue` before it sends a body, though the head alone is enough to refuse the request.
  private var isRefusedByHead: Bool {
    guard parser.phase != .head, parser.head.expectsContinue, !saidContinue else { return false }
    let request = unsafe Request(UnsafeBufferPointer(input.bytes), parser)
    return mux.decide(request, route: mux.route(for: request)).isRefusal
  }

  private mutating func sayContinue() {
    guard parser.phase != .head, parser.head.expectsContinue, !saidContinue else { return }
    saidContinue = true
    output.append("HTTP/1.1 100 Continue\r\n\r\n")
  }

  // MARK: answers

  /// Answers the first request in the input, which is complete or can be refused by its head. Returns false, and does
  /// nothing, when earlier answers must be sent first.
  private mutating func answer(at second: Int) -> Bool {
    let request = unsafe Request(UnsafeBufferPointer(input.bytes), parser)
    let route = mux.route(for: request)
    let isSlow = route.map { mux.routes[$0].pace == .slow } ?? false
    if isSlow, !output.isEmpty { return false }
    let decision = mux.decide(request, route: route)
    var sent = 0
    if isSlow, case .handled = decision {
      let watching = self.watching
      if let count = watching({ respond(to: request, decision, labelled: route) }) {
        watched += 1
        sent = count
      }
    } else {
      respond(to: request, decision, labelled: route)
    }
    // A client that waited for `100 Continue` and was refused may send its body all the same, or leave it out: RFC 9110 says
    // so in §10.1.1. Whether the next bytes are that body or a new request cannot be known, so the connection ends.
    let isAmbiguous = parser.head.expectsContinue && parser.hasBody && decision.isRefusal
    let keepsAlive = parser.keepsAlive && !isAmbiguous && !isLast()
    send(at: second, keepsAlive ? parser.head.minorVersion == 0 ? .keepAlive : .unsaid : .close)
    output.consume(sent)  // `sent` counts bytes of this answer: output was empty before the handler ran
    input.consume(parser.position)
    input.shrink(to: Self.inputCapacity)
    parser.reset()
    saidContinue = false
    if !keepsAlive { ending = .finish }  // not .close, even with no input: more bytes may come
    return true
  }

  private mutating func respond(
    to request: borrowing Request, _ decision: Mux.Decision, labelled route: Int?
  ) {
    guard let labels else { return respond(to: request, decision) }
    withSpan(labels.label(request.method, route: route)) { respond(to: request, decision) }
  }

  private mutating func respond(to request: borrowing Request, _ decision: Mux.Decision) {
    switch decision {
    case .options(let methods):
      response.status = .noContent
      response.add("Allow", methods.allow)
    case .notFound: response.replace(.notFound, "404 Not Found")
    case .notAllowed(let methods):
      response.replace(.methodNotAllowed, "405 Method Not Allowed")
      response.add("Allow", methods.allow)
    case .handled(let route): handle(request, by: route)
    }
  }

  private mutating func handle(_ request: borrowing Request, by route: Int) {
    do {
      try mux.routes[route].handler(request, &response)
    } catch let error as HTTPError {
      response.replace(error.status, error.message)
    } catch {
      response.replace(.internalServerError, "500 Internal Server Error")
    }
  }

  private mutating func refuse(_ rejection: Rejection, at second: Int) {
    let status = rejection.status
    response.replace(status, "\(status.code) \(status.reason): \(rejection.rawValue)")
    send(at: second, .close)
    ending = .finish
  }

  private mutating func send(at second: Int, _ connection: Response.Connection) {
    response.render(
      into: &output, date: date.at(second), connection, isHead: parser.head.method == .head)
    response.reset()
    answered += 1
  }
}
