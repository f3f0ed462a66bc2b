// The server: one G accepts connections, and every connection has a G of its own.

import MPG
import Net

/// Serves a `Mux` on a listening socket, within `Limits`.
///
/// Thread-safe: one G calls `serve`; any G may call `shutDown` and `abandon`, and read `counters`.
public final class Server: Sendable {
  /// The limits on sizes, times and numbers that the server enforces.
  public let limits: Limits
  /// The numbers that the server has counted so far.
  public let counters: Counters
  private let mux: Mux
  private let roll = Roll()
  private let lookout: Lookout

  /// A server of the routes in `mux`. It can be made outside of a G; only `serve` needs one.
  /// - Parameters:
  ///   - mux: the routes.
  ///   - limits: the limits on sizes, times and numbers that the server enforces.
  ///   - counters: the counters that the server uses. A program that wants to read them before there is a
  ///     server makes them itself.
  public init(_ mux: Mux, limits: Limits = Limits(), counters: Counters = Counters()) {
    self.mux = mux
    self.limits = limits
    self.counters = counters
    lookout = Lookout(roll)
  }

  /// Accepts connections until `shutDown`. Then waits until all connections have ended, or `limits.drain` has passed.
  ///
  /// - Returns: how many connections were left open. Those that still owe an answer end with a reset, as by `abandon`.
  /// - Throws: an error when the listening socket cannot be used.
  public func serve(_ socket: ListeningSocket) throws(NetError) -> Int {
    let listener = try TCPListener(socket) { [counters] in counters.exhaustions.add(1, ordering: .relaxed) }
    roll.open(listener)
    defer { roll.abandon() }
    let labels = RequestLabels(mux)
    while true {
      let connection: TCPConnection
      do {
        connection = try listener.accept()
      } catch .closed {
        return drain()
      }
      // Relaxed, like all counters: no other memory depends on the number.
      counters.accepted.add(1, ordering: .relaxed)
      switch roll.enter(connection, capacity: limits.connections) {
      case .entered(let number, let watch): go { self.converse(connection, number, watch, labels) }
      case .refused: go { self.turnAway(connection) }
      case .dropped: counters.refused.add(1, ordering: .relaxed)
      }
    }
  }

  /// Stops accepting, lets requests in flight finish, and closes idle connections. `serve` then returns.
  public func shutDown() { roll.close() }

  /// Makes the connections that still owe an answer end with a reset when the process ends. A plain end of the stream would
  /// tell the client that the answer was whole. For a program that is about to end without waiting for them.
  public func abandon() { roll.abandon() }

  /// Waits until all connections have ended, or `limits.drain` has passed. Returns how many are left.
  private func drain() -> Int {
    let outcome = Channel<Void>(capacity: 2)
    go {
      self.roll.waitUntilEmpty()
      outcome.send(())
    }
    go { [patience = limits.drain] in
      MPG.sleep(patience)
      outcome.send(())
    }
    _ = outcome.receive()
    return roll.count
  }
}

// MARK: one connection

extension Server {
  /// Serves a connection until it ends, or is idle: then its G rests until something comes.
  ///
  /// - Parameter answered: how many requests were answered before the connection was idle; nil: it is new.
  private func converse(
    _ connection: TCPConnection, _ number: Int, _ watch: Watch, _ labels: RequestLabels, answered: Int? = nil
  ) {
    let conversation = Conversation(
      mux: mux, limits: limits, labels: labels, answered: answered ?? 0,
      isLast: { [roll] in roll.isClosing }, watching: { [lookout] in watch.watching(lookout, $0) })
    var exchange = Exchange(connection, conversation, limits, isResumed: answered != nil)
    // Errors here mean that the peer went away or takes nothing. That is no fault of the server: the connection just ends.
    guard case .idle(let answered) = try? exchange.run(roll, number, counters) else {
      return roll.leave(number)
    }
    connection.rest { self.converse(connection, number, watch, labels, answered: answered) }
  }

  /// Answers 503 to a connection beyond the limit.
  private func turnAway(_ connection: TCPConnection) {
    defer { roll.leaveRefused() }
    counters.refused.add(1, ordering: .relaxed)
    var exchange = Exchange(connection, Conversation(mux: mux, limits: limits), limits)
    try? exchange.refuse()
  }
}
