// Who is connected: for the cap on connections, and for waking idle ones when the server is to stop.

import MPG
import Net
import Synchronization

/// The connections of a server.
///
/// How a shutdown reaches every connection: `close` first sets the flag, then ends the read deadline of each
/// connection in the table. A connection first sets its deadline, then looks at the flag (`isClosing`), then
/// waits. So either it sees the flag, or its deadline was set before the flag and is ended after it. One that
/// enters the table after `close` looked at it sees the flag: the lock orders the two.
///
/// Safe to share because: `state` is touched under `lock` alone. The lock is one that parks Gs: a thread that a preempted
/// holder kept waiting would be lost to all others.
final class Roll: @unchecked Sendable {
  enum Entry {
    /// To be served; the number is for `leave`, and its client can be watched.
    case entered(Int, Watch)
    /// Beyond the cap: to be told so.
    case refused
    /// So far beyond the cap that not even that is done.
    case dropped
  }

  /// How many connections beyond the cap are told so at a time.
  private static let refusals = 128

  private struct Member {
    let connection: TCPConnection
    let watch: Watch
    /// Whether all that it was to be told is with the system.
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

  /// StoreLoad: see the type's comment.
  var isClosing: Bool { closing.load(ordering: .sequentiallyConsistent) }

  var count: Int { locked { $0.connections.count } }

  /// The listener that `close` is to close.
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
    // The last reference may close the descriptor: outside the lock.
    let member = locked { $0.connections.removeValue(forKey: number) }
    _ = member
    present.done()
  }

  /// Says that the connection owes its client nothing any more.
  func settle(_ number: Int) { locked { $0.connections[number]?.isSettled = true } }

  /// Lets the connections that owe an answer, or a part of one, end with a reset, however the process ends: a plain end of
  /// the stream would say that it was whole. Those that are settled are left to the system, which delivers.
  func abandon() {
    for member in locked({ Array($0.connections.values) }) where !member.isSettled {
      member.connection.abort()
    }
  }

  /// Has the handlers watched that take their time; whether there are any at work that are not.
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
    closing.store(true, ordering: .sequentiallyConsistent)  // StoreLoad: see the type's comment
    let (listener, connections) = locked { state in
      defer { state.listener = nil }
      return (state.listener, state.connections.values.map(\.connection))
    }
    listener?.close()
    for connection in connections { connection.setReadDeadline(.after(.zero)) }
  }
}
