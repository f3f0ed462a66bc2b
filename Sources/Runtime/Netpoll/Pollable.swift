// Pollable: the public face of netpoll, for whoever wraps a descriptor (sockets, pipes, eventfds).
import Glibc
import Region

/// A file descriptor registered with netpoll, edge-triggered: the waiting half of a blocking-style socket.
///
/// Use: make the descriptor non-blocking, try the system call; on EAGAIN `wait`, and try again. All functions but `close`
/// must be called from a G; the last reference may go anywhere. Thread-safe; at most one G may wait for each direction.
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
    Outside.act("Pollable.deinit") { _ in descriptor.giveBack() }
  }

  /// Parks the running G until `fd` may be ready for `direction`; returns at once if there was news since the last
  /// wait. A return promises nothing: try the system call. Fails with `cancelled` when the G's scope is.
  ///
  /// Two Gs that wait for one direction at once end the process. When the scope of one is cancelled another may come at
  /// once.
  public func wait(_ direction: Direction) throws(Failure) {
    let m = enterRuntime("Pollable.wait")
    defer { leaveRuntime() }
    guard let g = m.g else { fatal("Pollable.wait was called outside of a G") }
    let side = descriptor.side(direction)
    try check(side)
    guard g.scope != nil else { return try wait(g, side, direction, m) }
    // From here on a canceller finds the side; it looks after it has set its flag (Cancellation §3).
    g.setPollSide(side)
    defer { g.setPollSide(nil) }
    if g.isCancelled { throw .cancelled }
    try wait(g, side, direction, m)
  }

  /// The same for a wait that the G's scope does not end.
  func waitThroughCancellation(_ direction: Direction) throws(Failure) {
    let m = enterRuntime("Pollable.wait")
    defer { leaveRuntime() }
    guard let g = m.g else { fatal("Pollable.wait was called outside of a G") }
    let side = descriptor.side(direction)
    try check(side)
    try wait(g, side, direction, m, isCancellable: false)
  }

  private func wait(
    _ g: G, _ side: PollSide, _ direction: Direction, _ m: M, isCancellable: Bool = true
  ) throws(Failure) {
    let ending: PollSide.Ending
    switch side.announce(g, { isCancellable && g.isCancelled }) {
    case .news: ending = .news
    case .tooLate: ending = .noNews
    case .made(let other):
      if let other { m.ready(other) }
      // Once announced, whoever closes, expires or cancels it finds the announcement; so look again.
      if !descriptor.isClosed && !side.isExpired && !(isCancellable && g.isCancelled) {
        m.park(reason(direction), on: UInt64(fd + 1), commit: .poll(side))
      }
      ending = side.conclude(g)
    }
    // Last of all: see PollDescriptor §2.
    let isCancelled = isCancellable && g.isCancelled
    if case .news = ending {
      guard isCancelled else { return }
      // The M of now: it may have changed in the park.
      if let next = side.unblock(ready: true) { unsafe M.current.unsafelyUnwrapped.ready(next) }
    }
    try check(side)
    if isCancelled { throw .cancelled }
    if case .displaced = ending { twoWait(g, side, direction) }
  }

  @inline(never)
  private func twoWait(_ g: G, _ side: PollSide, _ direction: Direction) -> Never {
    let other = side.owner.map { "goroutine \($0.id)" } ?? "another"
    let verb = direction == .read ? "read from" : "write to"
    fatal("goroutine \(g.id) and \(other) wait at the same time to \(verb) fd \(fd); one at a time may")
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

  /// How long a wait for `direction` may still last; nil: there is no deadline. For whoever has to wait for something
  /// else before the next try, such as room for a descriptor. From a G.
  /// - Throws: what a wait would fail with now.
  public func timeLeft(_ direction: Direction) throws(Failure) -> Duration? {
    let m = enterRuntime("Pollable.timeLeft")
    defer { leaveRuntime() }
    let side = descriptor.side(direction)
    let deadline = descriptor.deadline(direction)
    try check(side)
    if m.g?.isCancelled == true { throw .cancelled }
    guard let deadline else { return nil }
    let left = deadline.timeLeft
    if left == .zero { throw .timedOut }
    return left
  }

  /// Stops watching, and ends every wait, now and later, with `closed`. Twice does no harm. From anywhere, also where
  /// there is no G: so may the last reference be dropped.
  public func close() {
    guard descriptor.close() else { return }
    Outside.act("Pollable.close") { m in
      sched.netpoll.backend.unregister(fd, descriptor, by: m)
      sched.shared[.netpollFds].subtract(1)
      for side in [descriptor.read, descriptor.write] {
        guard let g = side.unblock(ready: false) else { continue }
        let place = m.anyPlace
        m.readied(g, place)
        m.submitAnywhere(g, place)
      }
    }
  }
}
