// Accepting connections: a G that parks in `accept` as it would in any blocking-style call.

import Glibc
import MPG
import Synchronization

/// A listening socket known to netpoll.
///
/// Thread-safe: one G accepts, any G may close.
public final class TCPListener: Sendable {
  private let poll: Pollable
  private let isClosed = Atomic(false)
  private let exhausted: @Sendable () -> Void

  /// Takes `socket` over. Must be called by a G.
  ///
  /// `exhausted` is called each time that `accept` finds no descriptor or memory left (EMFILE, ENFILE,
  /// ENOBUFS, ENOMEM) and is about to wait.
  public init(_ socket: ListeningSocket, exhausted: @escaping @Sendable () -> Void = {}) throws(NetError) {
    self.exhausted = exhausted
    do {
      poll = try Pollable(fd: socket.fd)
    } catch {
      throw .failed(call: error.call, errno: error.errno)
    }
  }

  deinit {
    poll.close()
    SystemCall.close(poll.fd)
  }

  /// Parks until a client connects.
  ///
  /// A client that went away meanwhile is passed over. With no descriptor left the connection stays in the
  /// kernel's queue and another try is made after 5 ms, then 10, up to 1 s: edge-triggered readiness will not
  /// come again by itself, and a loop without a pause would burn a P.
  ///
  /// - Throws: `.closed` after `close()`; `.timedOut` past the deadline; `.failed` when the socket itself is broken.
  public func accept() throws(NetError) -> TCPConnection {
    var pause = Duration.milliseconds(5)
    while true {
      if isClosed.load(ordering: .acquiring) { throw .closed }  // acquire: pairs with the exchange in close()
      let result = SystemCall.accept(poll.fd)
      // A connection that netpoll cannot watch is closed by the attempt: the same want of resources.
      if result >= 0, let connection = try? TCPConnection(fd: Int32(result)) { return connection }
      switch Int32(-result) {
      case EAGAIN:
        do { try poll.wait(.read) } catch { throw NetError(error) }
      case EINTR, ECONNABORTED, EPROTO: continue
      case EMFILE, ENFILE, ENOBUFS, ENOMEM, ...0:
        exhausted()
        noteAcceptShortage(errno: result < 0 ? Int32(-result) : ENOMEM)
        MPG.sleep(pause)
        pause = min(pause * 2, .seconds(1))
      case EINVAL where isClosed.load(ordering: .acquiring): throw .closed
      case let errno: throw .failed(call: "accept4", errno: errno)
      }
    }
  }

  /// When `accept` gives up with `.timedOut`; at once for a G that waits already. nil: never.
  public func setDeadline(_ deadline: Deadline?) { poll.setDeadline(deadline, for: .read) }

  /// Stops listening: clients are refused, `accept` throws `.closed`. Safe to call twice.
  ///
  /// The descriptor itself goes with the last reference, so that no `accept` can hit a number given away
  /// anew.
  public func close() {
    if isClosed.exchange(true, ordering: .acquiringAndReleasing) { return }
    _ = SystemCall.shutdown(poll.fd, SHUT_RDWR)
    poll.close()
  }
}
