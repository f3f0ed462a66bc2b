// Idle connections: each asks once, which shows that the server serves it, and then says nothing more.

import MPG
import Net
import Synchronization

/// Connections that are held.
///
/// Thread-safe.
final class IdleCrowd: Sendable {
  /// How many connections are being opened at a time: more would overflow the queue of the server's system.
  static let atOnce = 128

  private let held = Atomic(0)
  private let lost = Atomic(0)
  private let missing = Atomic(0)
  private let firstCause = Synchronization.Mutex<String?>(nil)

  /// Connections that are held, or were until the server closed them.
  var opened: Int { held.load(ordering: .relaxed) }
  /// Those of them that the server has closed.
  var closed: Int { lost.load(ordering: .relaxed) }
  /// Connections that could not be opened, or on which the first answer was none, or an error.
  var failed: Int { missing.load(ordering: .relaxed) }
  /// Why the first of these failed.
  var cause: String? { firstCause.withLock { $0 } }

  /// Opens `count` connections, in Gs of the caller's scope, which hold them until the scope is cancelled. Returns when each is
  /// open or has failed.
  func open(_ count: Int, _ address: Address, _ request: RequestBytes, timeout: Duration) {
    let permits = Semaphore(Self.atOnce)
    let opening = WaitGroup()
    opening.add(count)
    for _ in 0..<count {
      permits.acquire()
      go { [self] in
        let connection = served(address, request, timeout)
        permits.release()
        opening.done()
        if let connection { hold(connection) }
      }
    }
    opening.wait()
  }

  /// A connection that was served once, and is counted as held; nil: it could not be had, and that is counted, unless the run
  /// was interrupted.
  private func served(_ address: Address, _ request: RequestBytes, _ timeout: Duration) -> TCPConnection? {
    var client = Client(address, timeout: timeout, room: 1024)
    do throws(Trouble) {
      let answer = try client.ask(request, now: monotonicNow())
      guard answer.status < 400 else { throw .other("status \(answer.status)") }
      guard let connection = client.takeConnection() else { throw .closed }
      held.wrappingAdd(1, ordering: .relaxed)
      return connection
    } catch {
      guard let kind = error.kind else { return nil }
      missing.wrappingAdd(1, ordering: .relaxed)
      firstCause.withLock { $0 = $0 ?? error.detail ?? kind.words }
      return nil
    }
  }

  /// Parks until the server closes the connection, or the scope is cancelled.
  private func hold(_ connection: TCPConnection) {
    connection.setReadDeadline(nil)
    while connection.peer == .here {
      do { try connection.awaitNews() } catch { return }
    }
    lost.wrappingAdd(1, ordering: .relaxed)
  }
}
