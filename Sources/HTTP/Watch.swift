// Watching whether a client stays while a handler works for it. When the client leaves, the handler's scope is cancelled.
//
// §1 What can be seen. A reset says that the client has left. An end of the stream does not: a client that closes its socket
// sends it, and so does a client that only sends no more (a half-close, as `nc -N` does) and waits for its answer. The two
// differ in what their systems do with more bytes: a system without that socket answers with a reset. So after an end of
// the stream the watcher sends the first byte of the answer. The first bytes are the same in every answer, so a client that
// waits just gets them early. It may still leave later, so the next bytes follow, each after twice as long a pause.
//
// §2 Who does what. The watcher, a G of its own, waits for news of the socket, while no G reads from it. The watcher reads
// no bytes either, only the state of the connection (TCP_INFO). So requests that the client sent ahead stay unread, and do
// not hide that the client has left. Most handlers are done before a client could leave, and a G for each would cost as much
// as the handler. So a handler only stores in a word that it is at work. A G that looks at these words now and then (Lookout)
// starts a watcher for a handler that it finds at work twice.
//
// §3 The word holds the number of the handler and its state. It is changed by compare-and-swap, so either the handler ends
// unwatched, or at its end it learns that it is watched. LookoutModel explores all executions.
//     handler:   idle → working          working → idle, or, if that fails, under the lock: watched → idle
//     lookout:   working, with the same number as at the look before → watched, and starts the watcher
// When the handler ends, the watcher may be about to send a byte, or to remove a deadline that the shutdown has set. So the
// watcher does both under the lock, and only while its handler is not over. The watcher waits in a scope of its own, which
// the handler's end cancels. Afterwards the connection belongs to its own G again. The watcher may still be on its way out
// of its wait, which does no harm (PollDescriptor §2).

import MPG
import Net
import Synchronization

/// Watches the client of one connection.
///
/// Safe to share because: `state` is atomic; only the connection's G touches `number`; `seen` is touched under the roll's
/// lock; the rest is touched under `lock` while a handler is watched, and otherwise only by the connection's G.
final class Watch: @unchecked Sendable {
  /// The state of the handler, in the low bits of the word.
  private enum Stand { static let idle = 0, working = 1, watched = 2, mask = 3 }

  private let connection: TCPConnection
  private let state = Atomic(Stand.idle)
  private let lock = MPG.Mutex()
  /// The number of the handler, shifted to its place in the word.
  private var number = 0
  private var handler: Cancellation?
  private var watcher: Cancellation?
  /// How many bytes of the answer the watcher has sent early (§1).
  private var sent = 0
  /// The word (§3) as the lookout found it at its last look.
  private var seen = 0

  init(_ connection: TCPConnection) { self.connection = connection }

  // MARK: the handler's side

  /// Runs `handler` in a scope that is cancelled when the client has left. To be called by the connection's G.
  ///
  /// - Returns: nil when the handler was not watched. Otherwise how many bytes of the answer were sent meanwhile (§1); the
  ///   connection's read deadline was removed then.
  func watching(_ lookout: Lookout, _ handler: () -> Void) -> Int? {
    withCancellation { scope in
      self.handler = scope
      number += Stand.mask + 1
      // A StoreLoad pair: this store stays before the load in `wake`; see Lookout.
      state.store(number | Stand.working, ordering: .sequentiallyConsistent)
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
      state.store(number, ordering: .relaxed)  // relaxed: the watcher reads `state` under the same lock
      defer { (self.sent, self.watcher) = (0, nil) }
      return (self.sent, self.watcher)
    }
    watcher?.cancel()
    return sent
  }

  // MARK: the lookout's side

  /// The result of the lookout's look at a handler.
  enum Look: Equatable {
    case idle, atWork
    /// The handler was at work at the lookout's last look, too. The number is the argument for `watch`.
    case late(Int)
  }

  /// Looks at the handler, and marks it as watched if it is late. To be called under the roll's lock.
  func look() -> Look {
    // A StoreLoad pair: this load stays behind the lookout's store that it is not awake; see Lookout.
    let word = state.load(ordering: .sequentiallyConsistent)
    guard word & Stand.mask == Stand.working else { return .idle }
    defer { seen = word }
    guard word == seen else { return .atWork }
    let watched = word - Stand.working + Stand.watched
    return state.compareExchange(expected: word, desired: watched, ordering: .acquiringAndReleasing).exchanged
      ? .late(watched) : .idle
  }

  // MARK: the watcher

  /// Waits until the client has left, or the handler is over. Runs in a G of its own.
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
        // The read deadline has passed: either it is time for the next byte, or the shutdown has set a deadline, which
        // is meant for idle connections only. Either way the deadline is removed.
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

  /// Runs `body` under the lock, unless the handler is over. Returns whether `body` ran.
  private func whileWatched(_ word: Int, _ body: () -> Void) -> Bool {
    lock.withLock {
      guard state.load(ordering: .relaxed) == word else { return false }
      body()
      return true
    }
  }
}
