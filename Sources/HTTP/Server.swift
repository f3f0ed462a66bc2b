// The server: one G accepts, every connection has a G of its own.

import MPG
import Net

/// Serves a `Mux` on a listening socket, within `Limits`.
///
/// Thread-safe: `serve` runs in one G; `shutDown` and `counters` may be used by any.
public final class Server: Sendable {
  public let limits: Limits
  public let counters: Counters
  private let mux: Mux
  private let roll = Roll()
  private let lookout: Lookout

  public init(_ mux: Mux, limits: Limits = Limits(), counters: Counters = Counters()) {
    self.mux = mux
    self.limits = limits
    self.counters = counters
    lookout = Lookout(roll)
  }

  /// Accepts connections until `shutDown`, then waits until those in flight are done, or `limits.drain` has
  /// passed.
  ///
  /// - Returns: how many connections were left open; those that still owe an answer end with a reset (`abandon`).
  /// - Throws: when the listening socket cannot be used.
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
      // Relaxed, as all counters: a number, nothing is published by it.
      counters.accepted.add(1, ordering: .relaxed)
      switch roll.enter(connection, capacity: limits.connections) {
      case .entered(let number, let watch): go { self.converse(connection, number, watch, labels) }
      case .refused: go { self.turnAway(connection) }
      case .dropped: counters.refused.add(1, ordering: .relaxed)
      }
    }
  }

  /// Stops accepting, lets requests in flight finish, and closes connections that lie idle. `serve` then
  /// returns.
  public func shutDown() { roll.close() }

  /// Lets the connections that still owe an answer end with a reset instead of a plain end of the stream, which would say
  /// that the answer was whole. For a program that is about to end without waiting for them.
  public func abandon() { roll.abandon() }

  /// Waits for the connections' Gs, or for the end of patience.
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
  private func converse(_ connection: TCPConnection, _ number: Int, _ watch: Watch, _ labels: RequestLabels) {
    defer { roll.leave(number) }
    let conversation = Conversation(
      mux: mux, limits: limits, labels: labels, isLast: { [roll] in roll.isClosing },
      watching: { [lookout] in watch.watching(lookout, $0) })
    var exchange = Exchange(connection, conversation, limits)
    // A peer that goes away or falls silent is no error of ours: the connection ends, and that is all.
    try? exchange.run(roll, number, counters)
  }

  /// Answers 503 to a connection beyond the cap.
  private func turnAway(_ connection: TCPConnection) {
    defer { roll.leaveRefused() }
    counters.refused.add(1, ordering: .relaxed)
    var exchange = Exchange(connection, Conversation(mux: mux, limits: limits), limits)
    try? exchange.refuse()
  }
}
