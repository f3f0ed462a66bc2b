// Pollable: the public face of netpoll, for whoever wraps a descriptor (sockets, pipes, eventfds).
import Glibc
import Region

/// A file descriptor registered with netpoll, edge-triggered: the waiting half of a blocking-style socket.
///
/// Use: make the descriptor non-blocking, try the system call; on EAGAIN `wait`, and try again. All functions must be
/// called from a G. Thread-safe; at most one G may wait for each direction.
public final class Pollable: Sendable {
  public enum Direction: Sendable { case read, write }

  /// Why a wait ended without news.
  public enum Failure: Error, Sendable, Equatable { case timedOut, closed, cancelled }

  /// What a wait is counted as; see `WaitReason`.
  public enum Purpose: Sendable { case netpoll, signal }

  /// The descriptor; the caller owns it, and closes it after `close()` here.
  public let fd: Int32
  private let purpose: Purpose
  private let descriptor: PollDescriptor

  /// Registers `fd`.
  /// - Throws: why it cannot be waited for: EPERM for a regular file, EBADF for no descriptor at all; with epoll also
  ///   EEXIST for one that is registered already.
  public init(fd: Int32, purpose: Purpose = .netpoll) throws(SystemError) {
    let m = enterRuntime("Pollable.init")
    defer { leaveRuntime() }
    let descriptor = PollDescriptor()
    do throws(SystemError) {
      try sched.netpoll.backend.register(fd, descriptor, by: m)
    } catch {
      // Before all properties have a value, or `deinit` would do its work as well.
      descriptor.giveBack()
      throw error
    }
    (self.fd, self.purpose, self.descriptor) = (fd, purpose, descriptor)
    sched.shared[.netpollFds].add(1)
  }

  deinit {
    close()
    _ = enterRuntime("Pollable.deinit")
    descriptor.giveBack()
    leaveRuntime()
  }

  /// Parks the running G until `fd` may be ready for `direction`; returns at once if there was news since the last
  /// wait. A return promises nothing: try the system call. Fails with `cancelled` when the G's scope is.
  public func wait(_ direction: Direction) throws(Failure) {
    let m = enterRuntime("Pollable.wait")
    defer { leaveRuntime() }
    let side = descriptor.side(direction)
    try check(side)
    guard let g = m.g, g.scope != nil else {
      if waited(side, direction, m, nil) { return }
      return try check(side)
    }
    // From here on a canceller finds the side; it looks after it has set its flag (Cancellation §3).
    g.setPollSide(side)
    defer { g.setPollSide(nil) }
    if g.isCancelled { throw .cancelled }
    if waited(side, direction, m, g) { return }
    try check(side)
    if g.isCancelled { throw .cancelled }
  }

  /// Whether there was news; `cancellable` is the G if it may be cancelled.
  private func waited(_ side: PollSide, _ direction: Direction, _ m: M, _ cancellable: G?) -> Bool {
    guard side.announce() else { return true }
    // Once announced, whoever closes, expires or cancels it finds the announcement; so look again.
    if !descriptor.isClosed && !side.isExpired && cancellable?.isCancelled != true {
      m.park(reason(direction), on: UInt64(fd + 1), commit: .poll(side))
    }
    return side.conclude()
  }

  private func check(_ side: PollSide) throws(Failure) {
    if descriptor.isClosed { throw .closed }
    if side.isExpired { throw .timedOut }
  }

  private func reason(_ direction: Direction) -> WaitReason {
    switch purpose {
    case .signal: .signal
    case .netpoll: direction == .read ? .netpollRead : .netpollWrite
    }
  }

  /// Sets a deadline for waits of `direction`, the one that is going on included; nil: none. Until it is set anew,
  /// every wait past it fails with `timedOut`.
  public func setDeadline(_ deadline: Deadline?, for direction: Direction) {
    let m = enterRuntime("Pollable.setDeadline")
    if let g = descriptor.setDeadline(deadline?.ticks ?? 0, direction, on: m.p) { m.ready(g) }
    leaveRuntime()
  }

  /// Stops watching, and ends every wait, now and later, with `closed`. Twice does no harm.
  public func close() {
    guard descriptor.close() else { return }
    let m = enterRuntime("Pollable.close")
    defer { leaveRuntime() }
    sched.netpoll.backend.unregister(fd, descriptor, by: m)
    sched.shared[.netpollFds].subtract(1)
    if let g = descriptor.read.unblock(ready: false) { m.ready(g) }
    if let g = descriptor.write.unblock(ready: false) { m.ready(g) }
  }
}
