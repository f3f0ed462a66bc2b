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
  /// Ends a pause of `accept`: the listener was closed, or its deadline moved.
  private let nudges = Channel<Void>(capacity: 1)

  /// Takes `socket` over: its descriptor is closed with the listener, or at once when netpoll refuses it. Must be called by
  /// a G.
  ///
  /// `exhausted` is called each time that `accept` finds no descriptor or memory left (EMFILE, ENFILE,
  /// ENOBUFS, ENOMEM) and is about to wait.
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
  /// A client that went away meanwhile is passed over, and so is one that the network or a firewall has parted from us:
  /// the kernel hands over what happened to the connection as an error of `accept`. With no descriptor left the connection
  /// stays in the kernel's queue and another try is made after 5 ms, then 10, up to 1 s: edge-triggered readiness will not
  /// come again by itself, and a loop without a pause would burn a P. For the same reason there are pauses between many
  /// such clients in a row. In a pause a close, a deadline and a cancellation are heard as in a wait.
  ///
  /// - Throws: `.closed` after `close()`; `.timedOut` past the deadline; `.cancelled`; `.failed` when the socket itself is
  ///   broken.
  public func accept() throws(NetError) -> TCPConnection {
    var pause = Self.shortestPause
    var lost = 0
    while true {
      if isClosed.load(ordering: .acquiring) { throw .closed }  // acquire: pairs with the exchange in close()
      let result = SystemCall.accept(poll.fd)
      // A connection that netpoll cannot watch is closed by the attempt: the same want of resources.
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
  /// Connections that may be lost one after the other before there are pauses between them.
  private static let lostInARow = 16

  /// Whether `accept` said what happened to a connection, and not to the listener: accept(2), "Error handling".
  private static func isOfOneConnection(_ errno: Int32) -> Bool {
    switch errno {
    case ECONNABORTED, ECONNRESET, EPROTO, ENOPROTOOPT, EOPNOTSUPP, ETIMEDOUT, EPERM: true
    case ENETDOWN, ENETUNREACH, EHOSTDOWN, EHOSTUNREACH, ENONET: true
    default: false
    }
  }

  /// Parks for `pause`, and doubles it; ends early, or with an error, as a wait would.
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

  /// When `accept` gives up with `.timedOut`; at once for a G that waits already. nil: never.
  public func setDeadline(_ deadline: Deadline?) {
    poll.setDeadline(deadline, for: .read)
    nudge()
  }

  /// Stops listening: clients are refused, `accept` throws `.closed`. Safe to call twice.
  ///
  /// The descriptor itself goes with the last reference, so that no `accept` can hit a number given away
  /// anew.
  public func close() {
    if isClosed.exchange(true, ordering: .acquiringAndReleasing) { return }
    _ = SystemCall.shutdown(poll.fd, SHUT_RDWR)
    poll.close()
    nudge()
  }
}
