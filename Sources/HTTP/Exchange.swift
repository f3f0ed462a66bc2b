// The I/O of one connection: moves bytes between a socket and a `Conversation`, and enforces the time limits.

import Glibc
import MPG
import Net

/// The loop that serves one connection. It lives on the stack of the connection's G.
struct Exchange: ~Copyable {
  private let connection: TCPConnection
  private var conversation: Conversation
  private let limits: Limits
  /// How long the deadline of an idle connection may stay as it is, in milliseconds: see `keepTime`.
  private let slack: Int
  /// The progress of a client that still takes an answer after the time limit for an idle connection; nil: there is
  /// none. See `silenceLeft`.
  private var delivery: Delivery?
  /// The part of a request for which the read deadline was last set; nil: none was set yet.
  private var waiting: Conversation.Waiting?
  /// The number of the request in which the connection began to wait for that part, and the moment at which it began, in
  /// coarse milliseconds.
  private var waitingSince = (request: 0, milliseconds: 0)
  /// How many handlers had been watched when the deadline was set. Each handler that was watched removes the deadline,
  /// so if the number has grown since then, the deadline must be set again.
  private var watched = 0
  /// How long after a request, or after the last look, to look whether the connection is quiet. It grows with each look at a
  /// connection that is not, so that a busy one is looked at once in a second.
  private var lookAfter: Duration
  private static let longestLook: Duration = .seconds(1)
  /// Whether the deadline that was set before the G rested still counts, as it does until the first read.
  private var isResumed: Bool

  /// How serving a connection ended.
  enum End: Equatable {
    case over
    /// The connection is idle, and everything was answered; so many requests were. Another `Exchange` may go on.
    case idle(answered: Int)
  }

  /// - Parameter isResumed: whether the exchange goes on with a connection that was idle.
  init(
    _ connection: TCPConnection, _ conversation: consuming Conversation, _ limits: Limits,
    isResumed: Bool = false
  ) {
    self.connection = connection
    self.conversation = conversation
    (self.limits, self.isResumed, lookAfter) = (limits, isResumed, limits.quiet ?? limits.idle)
    slack = min(1000, Self.milliseconds(limits.idle) / 16)
  }

  /// Serves requests until either side ends the connection, or it was idle for `limits.quiet`.
  ///
  /// - Parameter number: the connection's number in `roll`, the table of open connections.
  mutating func run(_ roll: Roll, _ number: Int, _ counters: Counters) throws(NetError) -> End {
    var counted = conversation.answered
    while true {
      switch conversation.advance(at: Self.second) {
      case .write:
        try write()
        counters.requests.add(conversation.answered - counted, ordering: .relaxed)
        counted = conversation.answered
      case .read(let waiting):
        switch try read(waiting, roll) {
        case .bytes: break
        case .end: return .over
        case .quiet: return .idle(answered: conversation.answered)
        }
      case .finish:
        roll.settle(number)
        try finish()
        return .over
      case .close: return .over
      }
    }
  }

  /// Answers that the server is full, and ends the connection.
  mutating func refuse() throws(NetError) {
    conversation.turnAway(at: Self.second)
    try write()
    try finish()
  }

  // MARK: reading

  private enum Reading { case bytes, end, quiet }

  /// Waits for bytes, and reads them. At the end of a time limit the conversation learns of it, which counts as bytes. Returns
  /// `quiet` if the connection was idle for `limits.quiet`; then the read deadline is where the time limit ends.
  private mutating func read(_ waiting: Conversation.Waiting, _ roll: Roll) throws(NetError) -> Reading {
    keepTime(waiting)
    while true {
      // The flag must be read after the deadline was set: see Roll. When the server is closing, the read still takes
      // bytes that are there already, since it tries before it waits; otherwise the idle connection ends.
      if waiting == .request && roll.isClosing { connection.setReadDeadline(.after(.zero)) }
      do {
        let count = try unsafe connection.read(into: conversation.room())
        conversation.didRead(count)
        return count > 0 ? .bytes : .end
      } catch .timedOut {
        let left = waiting != .request ? timeLeft(waiting) : roll.isClosing ? .zero : try silenceLeft()
        guard left > .zero else {
          conversation.timeOut(waiting, at: Self.second)
          return .bytes
        }
        let untilLook = waiting == .request ? timeUntilLook(left) : left
        connection.setReadDeadline(.after(untilLook ?? left))
        // The flag must be read after the deadline was set: see Roll.
        if untilLook == nil, !roll.isClosing { return .quiet }
      }
    }
  }

  /// Sets the read deadline when the conversation waits for something new. Between requests it is moved only once in `slack`
  /// milliseconds, so that a busy connection does not set a timer for every request. It may therefore pass too early, which
  /// `silenceLeft` corrects.
  private mutating func keepTime(_ waiting: Conversation.Waiting) {
    if isResumed {
      isResumed = false
      return
    }
    let now = Self.coarseMilliseconds
    if self.waiting == waiting, watched == conversation.watched {
      let isSame =
        waiting == .request
        ? now - waitingSince.milliseconds < slack : conversation.answered == waitingSince.request
      if isSame { return }
    }
    (self.waiting, watched) = (waiting, conversation.watched)
    waitingSince = (conversation.answered, now)
    connection.setReadDeadline(.after(patience(waiting)))
  }

  /// How long to wait until the next look at an idle connection, of whose time limit `left` is left; nil: it has been idle for
  /// `limits.quiet`.
  private mutating func timeUntilLook(_ left: Duration) -> Duration? {
    guard let quiet = limits.quiet, delivery == nil else { return left }
    guard quiet > limits.idle - left else { return nil }
    lookAfter = max(quiet, min(lookAfter * 2, Self.longestLook))
    return min(left, lookAfter)
  }

  /// How much of a request's time limit is left after a deadline has ended a wait. More than zero: the shutdown had set that
  /// deadline, to end idle connections, and the request may go on.
  private func timeLeft(_ waiting: Conversation.Waiting) -> Duration {
    let left = Self.milliseconds(patience(waiting)) - (Self.coarseMilliseconds - waitingSince.milliseconds)
    return left > Self.coarseness ? .milliseconds(left) : .zero
  }

  /// How much longer an idle connection may stay open, after its deadline has passed. The time limit starts when the client's
  /// system last acknowledged something, so a client that still takes its last answer is not idle.
  /// - Throws: `.timedOut` when the client takes nothing any more.
  private mutating func silenceLeft() throws(NetError) -> Duration {
    let untaken = connection.unacknowledged
    if untaken > 0 {
      var delivery = self.delivery ?? Delivery(within: limits.write)
      guard let time = delivery.look(taken: -untaken) else {
        connection.abort()
        throw .timedOut
      }
      self.delivery = delivery
      return min(time, .seconds(1))
    }
    delivery = nil
    let passed = Duration.milliseconds(Self.coarseMilliseconds - waitingSince.milliseconds)
    return limits.idle - (connection.sinceAcknowledgement ?? passed)
  }

  private func patience(_ waiting: Conversation.Waiting) -> Duration {
    switch waiting {
    case .request: min(limits.idle, lookAfter)
    case .head: limits.header
    case .body: limits.content
    }
  }

  // MARK: writing and ending

  private mutating func write() throws(NetError) {
    do {
      try unsafe connection.write(conversation.pending, within: limits.write)
    } catch {
      connection.abort()  // a plain end of the stream would make half an answer look whole
      throw error
    }
    conversation.didWrite()
  }

  /// Ends our half of the stream, and reads and drops bytes until the peer has ended its half too. If the socket were
  /// closed now, the system would answer unread or later bytes with a reset, and the peer would lose the part of the
  /// answer that is still on its way. So the function waits as long as the peer's system takes more of the answer, with
  /// the time limit of a write. Once the peer's system has taken all, the function waits for one second more. It drops
  /// at most `unwanted` bytes.
  private mutating func finish() throws(NetError) {
    connection.finishWriting()
    var delivery = Delivery(within: limits.write)
    var end: Deadline?
    var left = Self.unwanted
    while left > 0 {
      let untaken = connection.unacknowledged
      if end == nil, untaken == 0 { end = .after(.seconds(1)) }
      guard let time = end.map(\.timeLeft) ?? delivery.look(taken: -untaken) else {
        return connection.abort()
      }
      guard time > .zero else { return }
      connection.setReadDeadline(.after(min(time, .seconds(1))))
      do {
        let count = try unsafe connection.read(into: conversation.scratch())
        if count == 0 { return }
        left -= count
      } catch .timedOut {
        // The peer's system may have taken more of the answer meanwhile, so look again at what is unacknowledged.
      }
    }
  }

  private static let unwanted = 1 << 20

  /// The number of milliseconds by which `coarseMilliseconds` may differ from the clock of deadlines.
  private static let coarseness = 8

  // MARK: clocks

  private static var second: Int { time(nil) }

  @inline(never)
  private static var coarseMilliseconds: Int {
    var now = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC_COARSE, &now)
    return now.tv_sec * 1000 + now.tv_nsec / 1_000_000
  }

  private static func milliseconds(_ duration: Duration) -> Int {
    Int(duration / .milliseconds(1))
  }
}
