// Accepting connections: `accept` parks its G until a client connects.

import Glibc
import MPG
import Synchronization

/// A listening socket that is registered with netpoll.
///
/// Thread-safe: one G at a time accepts, any G may close it or set the deadline.
public final class TCPListener: Sendable {
  private let poll: Pollable
  private let isClosed = Atomic(false)
  private let exhausted: @Sendable () -> Void
  /// A value in this channel ends a pause of `accept`: the listener was closed, or its deadline moved.
  private let nudges = Channel<Void>(capacity: 1)

  /// Takes `socket` over: its descriptor is closed when the listener is freed, or at once when netpoll refuses it. Must be
  /// called by a G.
  ///
  /// `exhausted` is called each time that `accept` finds no descriptor or memory left (EMFILE, ENFILE, ENOBUFS, ENOMEM),
  /// before it waits.
  /// - Throws: `.failed` when netpoll cannot watch the socket.
  public init(_ socket: ListeningSocket, exhausted: @escaping @Sendable () -> Void = {}) throws(NetError) {
    self.exhausted = exhausted
    do {
      poll = try Pollable(fd: socket.fd)
    } catch {
      SystemCall.close(socket.fd)
      throw .failed(call: error.call, errno: error.errno)
    }
  }

  deinit {
    poll.close()
    SystemCall.close(poll.fd)
  }

  /// Parks until a client connects.
  ///
  /// The kernel reports a connection that has failed already, because its client left or a firewall cut it off, as an error
  /// of `accept`. Such a connection is skipped. When no descriptor is left, the connection stays in the kernel's queue, and
  /// `accept` tries again after 5 ms, then 10, up to 1 s. Without another try it would never return, since edge-triggered
  /// readiness is reported only once; without the pause it would burn a P. For the same reason it pauses when many failed
  /// connections come in a row. A close, a deadline and a cancellation end a pause as they end a wait.
  ///
  /// - Throws: `.closed` after `close()`; `.timedOut` past the deadline; `.cancelled`; `.failed` when the socket itself is
  ///   broken.
  public func accept() throws(NetError) -> TCPConnection {
    var pause = Self.shortestPause
    var lost = 0
    while true {
      if isClosed.load(ordering: .acquiring) { throw .closed }  // acquire: pairs with the exchange in close()
      let result = SystemCall.accept(poll.fd)
      // When netpoll cannot watch the connection, `TCPConnection` has closed it. That too means that resources are short.
      if result >= 0, let connection = try? TCPConnection(fd: Int32(result)) { return connection }
      let errno = result < 0 ? Int32(-result) : ENOMEM
      switch errno {
      case EINTR: continue
      case EAGAIN:
        (pause, lost) = (Self.shortestPause, 0)
        do { try poll.wait(.read) } catch { throw NetError(error) }
      case EMFILE, ENFILE, ENOBUFS, ENOMEM:
        exhausted()
        noteAcceptShortage(errno: errno)
        try rest(&pause)
      case _ where Self.isOfOneConnection(errno):
        lost += 1
        if lost > Self.lostInARow { try rest(&pause) }
      case EINVAL where isClosed.load(ordering: .acquiring): throw .closed
      default: throw .failed(call: "accept4", errno: errno)
      }
    }
  }

  private static let shortestPause = Duration.milliseconds(5)
  /// How many failed connections in a row `accept` skips before it pauses after each.
  private static let lostInARow = 16

  /// Whether this errno of `accept` is about one connection, and not about the listener: accept(2), "Error handling".
  private static func isOfOneConnection(_ errno: Int32) -> Bool {
    switch errno {
    case ECONNABORTED, ECONNRESET, EPROTO, ENOPROTOOPT, EOPNOTSUPP, ETIMEDOUT, EPERM: true
    case ENETDOWN, ENETUNREACH, EHOSTDOWN, EHOSTUNREACH, ENONET: true
    default: false
    }
  }

  /// Parks for `pause`, and doubles `pause` for the next time. A close, a deadline and a cancellation end the pause as
  /// they end a wait.
  private func rest(_ pause: inout Duration) throws(NetError) {
    let length = min(pause, try timeLeft() ?? pause)
    pause = min(pause * 2, .seconds(1))
    select {
      $0.receive(from: nudges) { _ in }
      $0.after(length) {}
      $0.cancelled {}
    }
    _ = try timeLeft()
  }

  private func timeLeft() throws(NetError) -> Duration? {
    do { return try poll.timeLeft(.read) } catch { throw NetError(error) }
  }

  private func nudge() {
    select {
      $0.send((), to: nudges) {}
      $0.otherwise {}
    }
  }

  /// Sets the moment at which `accept` ends with `.timedOut`; nil: never. The new moment holds at once, also for a G
  /// that waits already.
  public func setDeadline(_ deadline: Deadline?) {
    poll.setDeadline(deadline, for: .read)
    nudge()
  }

  /// Stops listening: clients are refused, and `accept` throws `.closed`. Safe to call twice.
  ///
  /// The descriptor itself is closed with the last reference. Otherwise the system could give its number to another file
  /// while a G is still in `accept`.
  public func close() {
    if isClosed.exchange(true, ordering: .acquiringAndReleasing) { return }
    _ = SystemCall.shutdown(poll.fd, SHUT_RDWR)
    poll.close()
    nudge()
  }
}
