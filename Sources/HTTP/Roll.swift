// The table of open connections: it holds their number to the limit, and lets a shutdown wake those that are idle.

import MPG
import Net
import Synchronization

/// The connections of a server.
///
/// A shutdown reaches every connection: `close` first sets a flag, then sets the read deadline of each connection in the
/// table to now. A connection first sets its own deadline, then looks at the flag (`isClosing`), then waits. So it either
/// sees the flag, or its deadline was set before the flag, and `close` replaces it afterwards. A connection that enters the
/// table after `close` has read the table sees the flag, because the lock orders the two.
///
/// Safe to share because: `state` is touched only under `lock`. That lock parks Gs and does not block threads: the holder may
/// be preempted, and a thread that waited for it would be of no use to other Gs.
final class Roll: @unchecked Sendable {
  enum Entry {
    /// The connection is to be served. The number is the argument for `leave`; the `Watch` tells when the client
    /// leaves.
    case entered(Int, Watch)
    /// The connection is beyond the limit, and is to get an answer that says so.
    case refused
    /// The connection is so far beyond the limit that it is closed without an answer.
    case dropped
  }

  /// How many connections beyond the limit may get their answer at the same time.
  private static let refusals = 128

  private struct Member {
    let connection: TCPConnection
    let watch: Watch
    /// Whether all answers have been written to the socket.
    var isSettled = false
  }

  private struct State {
    var connections: [Int: Member] = [:]
    var next = 0
    var refused = 0
    var listener: TCPListener?
  }

  private let lock = MPG.Mutex()
  private var state = State()
  private let closing = Atomic(false)
  private let present = WaitGroup()

  private func locked<Result>(_ body: (inout State) -> Result) -> Result {
    lock.withLock { body(&state) }
  }

  /// A StoreLoad pair: this load stays behind the store of the deadline. See the type's comment.
  var isClosing: Bool { closing.load(ordering: .sequentiallyConsistent) }

  var count: Int { locked { $0.connections.count } }

  /// Notes the listener that `close` is to close.
  func open(_ listener: TCPListener) {
    locked { $0.listener = listener }
    if isClosing { listener.close() }
  }

  func enter(_ connection: TCPConnection, capacity: Int) -> Entry {
    let entry = locked { state -> Entry in
      guard state.connections.count < capacity else {
        guard state.refused < Self.refusals else { return .dropped }
        state.refused += 1
        return .refused
      }
      state.next += 1
      let watch = Watch(connection)
      state.connections[state.next] = Member(connection: connection, watch: watch)
      return .entered(state.next, watch)
    }
    if case .entered = entry { present.add() }
    return entry
  }

  func leave(_ number: Int) {
    // Dropping the last reference closes the descriptor, which is a system call. So the reference is kept here until
    // the lock is released: otherwise other Gs would wait for the lock during that call.
    let member = locked { $0.connections.removeValue(forKey: number) }
    _ = member
    present.done()
  }

  /// Notes that all answers of a connection have been written to its socket.
  func settle(_ number: Int) { locked { $0.connections[number]?.isSettled = true } }

  /// Makes the connections that still owe an answer, or a part of one, end with a reset when the process ends. A plain end of
  /// the stream would tell the client that the answer was whole. The system still delivers what settled connections wrote.
  func abandon() {
    for member in locked({ Array($0.connections.values) }) where !member.isSettled {
      member.connection.abort()
    }
  }

  /// Starts a watcher for each handler that has been at work for long. Returns whether other handlers are at work, so that
  /// the lookout must look again.
  func look() -> Bool {
    var (isAnyAtWork, late) = (false, [(watch: Watch, word: Int)]())
    locked { state in
      for member in state.connections.values {
        switch member.watch.look() {
        case .idle: break
        case .atWork: isAnyAtWork = true
        case .late(let word): late.append((member.watch, word))
        }
      }
    }
    for (watch, word) in late { goDetached { watch.watch(word) } }
    return isAnyAtWork
  }

  func leaveRefused() { locked { $0.refused -= 1 } }

  func waitUntilEmpty() { present.wait() }

  func close() {
    // A StoreLoad pair: this store stays before the reading of the table. See the type's comment.
    closing.store(true, ordering: .sequentiallyConsistent)
    let (listener, connections) = locked { state in
      defer { state.listener = nil }
      return (state.listener, state.connections.values.map(\.connection))
    }
    listener?.close()
    for connection in connections { connection.setReadDeadline(.after(.zero)) }
  }
}
