// The I/O of one connection: carries bytes between a socket and a `Conversation`, and keeps time.

import Glibc
import MPG
import Net

/// One connection's loop. It lives on the stack of the connection's G.
struct Exchange: ~Copyable {
  private let connection: TCPConnection
  private var conversation: Conversation
  private let limits: Limits
  /// For how many milliseconds the deadline of an idle connection stays where it is, see `keepTime`.
  private let slack: Int
  /// While an answer is still being taken, though the time for silence seems to be over.
  private var delivery: Delivery?
  /// What the read deadline was set for, in which request, and when (coarse milliseconds).
  private var waiting: Conversation.Waiting?
  private var waitingSince = (request: 0, milliseconds: 0)
  /// How many handlers were watched then: each takes the deadline away.
  private var watched = 0

  init(_ connection: TCPConnection, _ conversation: consuming Conversation, _ limits: Limits) {
    self.connection = connection
    self.conversation = conversation
    self.limits = limits
    slack = min(1000, Self.milliseconds(limits.idle) / 16)
  }

  /// Serves requests until either side ends the connection.
  ///
  /// - Parameter number: its own in the roll.
  mutating func run(_ roll: Roll, _ number: Int, _ counters: Counters) throws(NetError) {
    var counted = 0
    while true {
      switch conversation.advance(at: Self.second) {
      case .write:
        try write()
        counters.requests.add(conversation.answered - counted, ordering: .relaxed)
        counted = conversation.answered
      case .read(let waiting):
        guard try read(waiting, roll) else { return }
      case .finish:
        roll.settle(number)
        return try finish()
      case .close: return
      }
    }
  }

  /// Says that the server is full.
  mutating func refuse() throws(NetError) {
    conversation.turnAway(at: Self.second)
    try write()
    try finish()
  }

  // MARK: reading

  /// Reads what there is; false at the end of the stream.
  private mutating func read(_ waiting: Conversation.Waiting, _ roll: Roll) throws(NetError) -> Bool {
    keepTime(waiting)
    while true {
      // After each deadline that was set (see Roll). A read tries before it waits: with the server closing, an idle
      // connection is asked once more, then given up.
      if waiting == .request && roll.isClosing { connection.setReadDeadline(.after(.zero)) }
      do {
        let count = try unsafe connection.read(into: conversation.room())
        conversation.didRead(count)
        return count > 0
      } catch .timedOut {
        let left = waiting != .request ? timeLeft(waiting) : roll.isClosing ? .zero : try silenceLeft()
        guard left > .zero else {
          conversation.timeOut(waiting, at: Self.second)
          return true
        }
        connection.setReadDeadline(.after(left))
      }
    }
  }

  /// Sets the read deadline when the thing waited for has changed. Between requests it is moved on only once
  /// in a while, so that a busy connection does not pay for a timer at every request; when it ends early,
  /// `silenceLeft` finds out.
  private mutating func keepTime(_ waiting: Conversation.Waiting) {
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

  /// How much of a request's time is left, when a deadline has ended a wait: more than nothing if it was the shutdown that
  /// ended it.
  private func timeLeft(_ waiting: Conversation.Waiting) -> Duration {
    let left = Self.milliseconds(patience(waiting)) - (Self.coarseMilliseconds - waitingSince.milliseconds)
    return left > Self.coarseness ? .milliseconds(left) : .zero
  }

  /// How much longer a connection may be silent, when the time for that seems to be over. A client that still takes its last
  /// answer is not silent: silence begins with what its system acknowledged last.
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
    return connection.sinceAcknowledgement.map { limits.idle - $0 } ?? .zero
  }

  private func patience(_ waiting: Conversation.Waiting) -> Duration {
    switch waiting {
    case .request: limits.idle
    case .head: limits.header
    case .body: limits.content
    }
  }

  // MARK: writing and ending

  private mutating func write() throws(NetError) {
    do {
      try unsafe connection.write(conversation.pending, within: limits.write)
    } catch {
      connection.abort()  // half an answer is not to look like a whole one
      throw error
    }
    conversation.didWrite()
  }

  /// Says that nothing follows, and reads on until the peer has ended its half too: to bytes that come for a closed socket,
  /// or lie unread in one, the system answers with a reset, and the peer loses the part of the answer that is still on its
  /// way. So it waits while the peer's system takes more of it, with the patience that a write has; once it has all, for a
  /// second more, whatever comes; and reads no more than so many bytes of what nobody wants.
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
        // Its system may have taken more meanwhile.
      }
    }
  }

  private static let unwanted = 1 << 20

  /// By how many milliseconds the clock below may differ from that of deadlines.
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
