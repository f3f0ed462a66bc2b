// One connection's side of HTTP, without any I/O: bytes in, bytes out, and what to do next.
//
// The server's G does what `advance` says: read more, write what is there, or close. Tests do the same with
// arrays, at every split of the bytes. Handlers run inside `advance` and may park: the conversation is a
// local value of its G's function, so no class, global or closure is held open meanwhile.

import MPG

/// The state of one connection between its bytes.
struct Conversation: ~Copyable {
  enum Next: Equatable {
    case read(Waiting)
    case write
    /// Everything is said, but the peer may still be sending: say that nothing follows, let it read, then
    /// close.
    case finish
    /// Nothing was ever said.
    case close
  }

  /// What is being waited for, which decides how long.
  enum Waiting: Equatable { case request, head, body }

  /// Below this many bytes, answers to pipelined requests wait for each other.
  static let batch = 16 << 10
  static let inputCapacity = 2 << 10

  private let mux: Mux
  /// nil: requests are no spans.
  private let labels: RequestLabels?
  /// Whether the answer that is about to be written is to be the last. Asked when it is there, and no earlier: the order to
  /// stop may have come while the handler was at it.
  private let isLast: () -> Bool
  /// Runs a slow handler, and watches meanwhile whether its client stays, if it takes its time; how many bytes of the answer
  /// it has sent already, and nil if it has touched nothing of the connection.
  private let watching: (_ handler: () -> Void) -> Int?
  /// How many handlers were watched.
  private(set) var watched = 0
  private var input = ByteBuffer(capacity: inputCapacity)
  private var output = ByteBuffer(capacity: 512)
  private var parser: RequestParser
  private var response = Response()
  private var date = HTTPDate()
  private var saidContinue = false
  /// `.finish` or `.close`, when nothing more will be answered.
  private var ending: Next?
  /// Requests answered by a handler or a status, refusals included.
  private(set) var answered = 0

  init(
    mux: Mux, limits: Limits, labels: RequestLabels? = nil, isLast: @escaping () -> Bool = { false },
    watching: @escaping (_ handler: () -> Void) -> Int? = {
      $0()
      return nil
    }
  ) {
    (self.mux, self.labels, self.isLast, self.watching) = (mux, labels, isLast, watching)
    parser = RequestParser(limits: limits)
  }

  // MARK: bytes

  /// Room for what is read next; `didRead` says how much of it was filled.
  mutating func room() -> UnsafeMutableRawBufferPointer { unsafe input.room(1 << 10) }

  mutating func didRead(_ count: Int) { input.commit(count) }

  /// Room for bytes that nobody will look at, after the end.
  mutating func scratch() -> UnsafeMutableRawBufferPointer {
    input.clear(keeping: Self.inputCapacity)
    return unsafe input.room(1 << 10)
  }

  /// What is to be written.
  var pending: UnsafeRawBufferPointer { unsafe UnsafeRawBufferPointer(output.bytes) }

  mutating func didWrite() { output.clear(keeping: Self.batch) }

  // MARK: progress

  /// Answers what can be answered, and says what to do next. `second` is the time for Date, since 1970.
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

  /// What the end of time for `waiting` means: 408 in the midst of a request, else an end without a word.
  mutating func timeOut(_ waiting: Waiting, at second: Int) {
    switch waiting {
    case .request: ending = answered == 0 ? .close : .finish
    case .head: refuse(.headTimedOut, at: second)
    case .body: refuse(.bodyTimedOut, at: second)
    }
  }

  /// Says that the server is full, and ends.
  mutating func turnAway(at second: Int) {
    response.replace(.serviceUnavailable, "503 Service Unavailable: too many connections")
    send(at: second, .close)
    ending = .finish
  }

  private var waiting: Waiting {
    parser.phase != .head ? .body : input.isEmpty ? .request : .head
  }

  /// Drops chunk framing that was taken, so that a body takes no more memory than its limit.
  private mutating func makeRoomForBody() {
    guard parser.phase != .head else { return }
    input.cut(parser.gap)
    parser.didCutGap()
  }

  /// Whether the client waits to be asked for a body that nobody wants.
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

  /// Answers the request at the head of the input, which is complete or refused by its head; false when earlier answers must
  /// be sent first.
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
    // Who asks before it sends a body, and is refused, may send it all the same or not (RFC 9110 §10.1.1): what comes next
    // would be a guess.
    let isAmbiguous = parser.head.expectsContinue && parser.hasBody && decision.isRefusal
    let keepsAlive = parser.keepsAlive && !isAmbiguous && !isLast()
    send(at: second, keepsAlive ? parser.head.minorVersion == 0 ? .keepAlive : .unsaid : .close)
    output.consume(sent)  // there was nothing before it: it is slow
    input.consume(parser.position)
    input.shrink(to: Self.inputCapacity)
    parser.reset()
    saidContinue = false
    if !keepsAlive { ending = .finish }  // however little has come by now, more may come later
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
