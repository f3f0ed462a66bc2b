// Watching whether a client stays while a handler works for it: one that has left ends the handler's scope.
//
// §1 What is seen. A reset is plain. But a client that closes its socket, and one that only says that nothing more comes
// (a half-close, as `nc -N` does), both send the same end of the stream; the second waits for its answer. What tells them
// apart is what their systems say to more bytes: one that has no socket any more resets. So on an end of the stream the
// first byte of the answer is sent at once: it is the same in every answer, and to who waits it is just early.
//
// §2 Who does what. A G of its own waits for news of the socket; nobody reads it meanwhile. It takes nothing: what it finds
// is the state of the connection (TCP_INFO), so requests that were sent ahead stay where they are, and hide nothing. It is
// in the scope of the handler, whose end is the end of its wait.
//
// §3 The end. The handler is over while the G may be about to send its byte, or to take a deadline away that the shutdown has
// set: so both are done under a lock, and not at all once the handler is over. Afterwards all of the connection is its own
// G's again; that the G here may still be on its way out does no harm (PollDescriptor §2).

import MPG
import Net

/// One handler's client.
///
/// Safe to share because: `isOver` and `sent` are touched under `lock` alone.
final class Watch: @unchecked Sendable {
  private let connection: TCPConnection
  private let lock = MPG.Mutex()
  private var isOver = false
  private var sent = 0

  private init(_ connection: TCPConnection) { self.connection = connection }

  /// Runs `handler` in a scope that is cancelled when the client of `connection` has left. The connection has no read
  /// deadline afterwards.
  ///
  /// - Returns: how many bytes of the answer were sent meanwhile (§1).
  static func watching(_ connection: TCPConnection, _ handler: () -> Void) -> Int {
    let watch = Watch(connection)
    connection.setReadDeadline(nil)
    withCancellation { scope in
      go { watch.wait(scope) }
      handler()
    }
    return watch.lock.withLock {
      watch.isOver = true
      return watch.sent
    }
  }

  private func wait(_ scope: Cancellation) {
    while true {
      switch connection.peer {
      case .here: break
      case .silent: probe()
      case .gone: return scope.cancel()
      }
      do {
        try connection.awaitNews()
      } catch .timedOut {
        // The shutdown has looked for idle connections; this is none.
        lock.withLock { if !isOver { connection.setReadDeadline(nil) } }
      } catch {
        return
      }
    }
  }

  private func probe() {
    lock.withLock {
      if !isOver && sent == 0 { sent = connection.writeNow(Response.beginning) }
    }
  }
}
