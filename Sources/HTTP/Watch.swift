// Watching whether a client stays while a handler works for it: one that has left ends the handler's scope.
//
// §1 What is seen. A reset is plain. But a client that closes its socket, and one that only says that nothing more comes
// (a half-close, as `nc -N` does), both send the same end of the stream; the second waits for its answer. What tells them
// apart is what their systems say to more bytes: one that has no socket any more resets. So on an end of the stream the
// first byte of the answer is sent at once: the first few are the same in every answer, and to who waits they are just early.
// Who was there for one may leave later; so the next follow, each after twice as long.
//
// §2 Who does what. A G of its own waits for news of the socket; nobody reads it meanwhile. It takes nothing: what it finds
// is the state of the connection (TCP_INFO), so requests that were sent ahead stay where they are, and hide nothing.
// Most handlers are over before a client could leave, and a G for each would cost as much as they do. So a handler only
// says in a word that it is at work; the lookout starts a watcher for those that it finds at work for the second time.
//
// §3 The word: the number of the handler, and how that stands. Changed by compare-and-swap, so either the handler ends
// unwatched, or its end finds that it is watched. All executions: LookoutModel.
//     handler:   idle → working          working → idle, or, if that fails, under the lock: watched → idle
//     lookout:   working, the same as a look before → watched, and go
// The watcher may be about to send its byte, or to take a deadline away that the shutdown has set, when the handler ends:
// so it does both under the lock, and not at all once its handler is over. It waits in a scope of its own, which that end
// cancels. Afterwards all of the connection is its own G's again; that the watcher may still be on its way out does no
// harm (PollDescriptor §2).

import MPG
import Net
import Synchronization

/// The client of one connection.
///
/// Safe to share because: `state` is atomic; `number` is the connection's G's; `seen` is touched under the roll's lock; the
/// rest under `lock` while a handler is watched, and else by the connection's G alone.
final class Watch: @unchecked Sendable {
  /// How a handler stands: the low bits of the word.
  private enum Stand { static let idle = 0, working = 1, watched = 2, mask = 3 }

  private let connection: TCPConnection
  private let state = Atomic(Stand.idle)
  private let lock = MPG.Mutex()
  /// The number of the handler, as it stands in the word.
  private var number = 0
  private var handler: Cancellation?
  private var watcher: Cancellation?
  /// Bytes of the answer that are sent already (§1).
  private var sent = 0
  /// The word that the lookout found last.
  private var seen = 0

  init(_ connection: TCPConnection) { self.connection = connection }

  // MARK: the handler's side

  /// Runs `handler` in a scope that is cancelled when the client has left. Of the connection's G.
  ///
  /// - Returns: nil if it was not watched; else how many bytes of the answer were sent meanwhile (§1), and the connection
  ///   has no read deadline any more.
  func watching(_ lookout: Lookout, _ handler: () -> Void) -> Int? {
    withCancellation { scope in
      self.handler = scope
      number += Stand.mask + 1
      state.store(number | Stand.working, ordering: .sequentiallyConsistent)  // StoreLoad: Lookout
      lookout.wake()
      handler()
    }
    defer { self.handler = nil }
    let isUnwatched = state.compareExchange(
      expected: number | Stand.working, desired: number, ordering: .acquiringAndReleasing
    ).exchanged
    return isUnwatched ? nil : end()
  }

  private func end() -> Int {
    let (sent, watcher) = lock.withLock {
      state.store(number, ordering: .relaxed)  // under the lock
      defer { (self.sent, self.watcher) = (0, nil) }
      return (self.sent, self.watcher)
    }
    watcher?.cancel()
    return sent
  }

  // MARK: the lookout's side

  /// What the lookout finds.
  enum Look: Equatable {
    case idle, atWork
    /// A handler that takes its time: `watch` it, with this word.
    case late(Int)
  }

  /// Looks at the handler. Under the roll's lock.
  func look() -> Look {
    let word = state.load(ordering: .sequentiallyConsistent)  // StoreLoad: Lookout
    guard word & Stand.mask == Stand.working else { return .idle }
    defer { seen = word }
    guard word == seen else { return .atWork }
    let watched = word - Stand.working + Stand.watched
    return state.compareExchange(expected: word, desired: watched, ordering: .acquiringAndReleasing).exchanged
      ? .late(watched) : .idle
  }

  // MARK: the watcher

  /// Waits until the client has left, or the handler is over. Of a G of its own.
  func watch(_ word: Int) {
    withCancellation { scope in
      let isThere = whileWatched(word) {
        watcher = scope
        connection.setReadDeadline(nil)
      }
      if isThere { wait(word) }
    }
  }

  private func wait(_ word: Int) {
    while true {
      switch connection.peer {
      case .here: break
      case .silent: guard whileWatched(word, probe) else { return }
      case .gone: return leave(word)
      }
      do {
        try connection.awaitNews()
      } catch .timedOut {
        // Time for the next byte; or the shutdown, which has looked for idle connections, and this is none.
        guard whileWatched(word, { connection.setReadDeadline(nil) }) else { return }
      } catch {
        return
      }
    }
  }

  private func leave(_ word: Int) {
    var scope: Cancellation?
    _ = whileWatched(word) { scope = handler }
    scope?.cancel()
  }

  private func probe() {
    guard sent < Response.beginning.count else { return connection.setReadDeadline(nil) }
    sent += connection.writeNow(Response.beginning[sent])
    connection.setReadDeadline(.after(.seconds(1 << max(0, sent - 1))))
  }

  /// Runs `body`, unless the handler is over; false: it is.
  private func whileWatched(_ word: Int, _ body: () -> Void) -> Bool {
    lock.withLock {
      guard state.load(ordering: .relaxed) == word else { return false }
      body()
      return true
    }
  }
}
