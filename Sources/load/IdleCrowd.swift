// Idle connections: on each of them one request is sent, which shows that the server serves the connection, and then nothing
// more.

import MPG
import Net
import Synchronization

/// The idle connections of a run, each held open by a G.
///
/// Thread-safe.
final class IdleCrowd: Sendable {
  /// The most connections that are being opened at the same time. More would overflow the server's queue of connections
  /// that are not accepted yet.
  static let atOnce = 128

  private let held = Atomic(0)
  private let lost = Atomic(0)
  private let missing = Atomic(0)
  private let firstCause = Synchronization.Mutex<String?>(nil)

  /// The number of connections that are held, or were held until the server closed them.
  var opened: Int { held.load(ordering: .relaxed) }
  /// The number of held connections that the server has closed.
  var closed: Int { lost.load(ordering: .relaxed) }
  /// The number of connections that could not be opened, whose request got no answer or a status of 400 or more, or that the
  /// server did not keep open.
  var failed: Int { missing.load(ordering: .relaxed) }
  /// The reason why the first of the failed connections failed; nil: none failed.
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

  /// Opens a connection and sends one request. Counts the connection as held, and returns it, if a good answer came. nil: the
  /// attempt failed, and is counted as failed unless the run was interrupted.
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
