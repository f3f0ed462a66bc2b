// Pollable: the public face of netpoll, for code that wraps a descriptor (sockets, pipes, eventfds).
import Glibc
import Region

/// A file descriptor registered with netpoll, edge-triggered: the waiting half of a blocking-style socket.
///
/// Use: make the descriptor non-blocking, try the system call; on EAGAIN `wait`, and try again. Call all functions from
/// a G, except `close`; the last reference may be dropped anywhere. Thread-safe; at most one G may wait for each
/// direction.
public final class Pollable: Sendable {
  /// The direction in which a G waits: for bytes to read, or for room to write. Each direction has its own waits, and a
  /// deadline of its own.
  public enum Direction: Sendable {
    /// The descriptor may have something to read, or to accept; or its peer has ended.
    case read
    /// The descriptor may have room for what is to be written, or a `connect` is over.
    case write
  }

  /// The reason why a wait ended although the descriptor did not become ready.
  public enum Failure: Error, Sendable, Equatable {
    /// The deadline of the direction has passed.
    case timedOut
    /// `close` was called, perhaps by another G.
    case closed
    /// The scope of the waiting G was cancelled.
    case cancelled
  }

  /// The reason under which a wait is counted; see `WaitReason`.
  public enum Purpose: Sendable {
    /// The wait is shown as `netpollRead` or `netpollWrite`.
    case netpoll
    /// The wait is shown as `signal`: the descriptor brings signals of the operating system.
    case signal
  }

  /// The descriptor. The caller owns it, and must close it after calling `close()` here.
  public let fd: Int32
  private let purpose: Purpose
  let descriptor: PollDescriptor

  /// Registers `fd`.
  /// - Throws: the reason why nobody can wait for `fd`: EPERM for a regular file, EBADF for no descriptor at all; with
  ///   epoll also EEXIST for a descriptor that is registered already.
  public init(fd: Int32, purpose: Purpose = .netpoll) throws(SystemError) {
    let m = enterRuntime("Pollable.init")
    defer { leaveRuntime() }
    let descriptor = PollDescriptor()
    do throws(SystemError) {
      try sched.netpoll.backend.register(fd, descriptor, by: m)
    } catch {
      // Give the descriptor back here, while not all properties have a value: once they have, `deinit` would do it
      // again.
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

  /// Parks the running G until `fd` may be ready for `direction`; returns at once if it became ready since the last
  /// wait. A return promises nothing: try the system call.
  ///
  /// Two Gs that wait for one direction at the same time end the process. After the scope of one was cancelled, another
  /// may wait at once.
  /// - Throws: `.timedOut` past the deadline; `.closed` after `close`; `.cancelled` when the G's scope is cancelled.
  public func wait(_ direction: Direction) throws(Failure) {
    let m = enterRuntime("Pollable.wait")
    defer { leaveRuntime() }
    guard let g = m.g else { fatal("Pollable.wait was called outside of a G") }
    let side = descriptor.side(direction)
    try check(side)
    guard g.scope != nil else { return try wait(g, side, direction, m) }
    // A canceller that sets its flag from here on finds the side, because it looks for the side afterwards
    // (Cancellation §3).
    g.setPollSide(side)
    defer { g.setPollSide(nil) }
    if g.isCancelled { throw .cancelled }
    try wait(g, side, direction, m)
  }

  /// As `wait`, but cancelling the G's scope does not end the wait.
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
    switch announce(g, side, direction, m, isCancellable) {
    case .news: ending = .news
    case .tooLate: ending = .noNews
    case .made(let mayPark):
      if mayPark { m.park(reason(direction), on: UInt64(fd + 1), commit: .poll(side)) }
      ending = side.conclude(g)
    }
    let isCancelled = goesOn(g, side, ending, isCancellable)
    if case .news = ending, !isCancelled { return }
    try check(side)
    if isCancelled { throw .cancelled }
    if case .displaced = ending { twoWait(g, side, direction) }
  }

  /// The outcome of an announcement, as of `PollSide.announce`.
  enum Announcement {
    case news, tooLate
    /// The word names the G. It may park unless the descriptor is closed, its deadline has passed, or the G was cancelled.
    case made(mayPark: Bool)
  }

  /// Announces that `g` is about to wait, and lets the backend watch for news.
  @inline(__always)
  func announce(
    _ g: G, _ side: PollSide, _ direction: Direction, _ m: M, _ isCancellable: Bool
  ) -> Announcement {
    switch side.announce(g, { isCancellable && g.isCancelled }) {
    case .news: return .news
    case .tooLate: return .tooLate
    case .made(let other):
      if let other { m.ready(other) }
      if let other = sched.netpoll.backend.arm(direction, descriptor) { m.ready(other) }
      // A close, a deadline or a cancellation that comes from now on finds the announcement. Here we look for one that
      // came before the announcement.
      return .made(
        mayPark: !descriptor.isClosed && !side.isExpired && !(isCancellable && g.isCancelled))
    }
  }

  /// Returns whether `g`, which goes on after a wait, was cancelled meanwhile. Then it puts news back, which is not for it.
  @inline(__always)
  func goesOn(_ g: G, _ side: PollSide, _ ending: PollSide.Ending, _ isCancellable: Bool) -> Bool {
    // This look at the scope must come last: see PollDescriptor §2.
    let isCancelled = isCancellable && g.isCancelled
    // Take the M anew: the G may have moved to another M in the park.
    if case .news = ending, isCancelled, let next = side.unblock(ready: true) {
      unsafe M.current.unsafelyUnwrapped.ready(next)
    }
    return isCancelled
  }

  @inline(never)
  func twoWait(_ g: G, _ side: PollSide, _ direction: Direction) -> Never {
    let other = side.owner.map { "goroutine \($0.id)" } ?? "another"
    let verb = direction == .read ? "read from" : "write to"
    fatal("goroutine \(g.id) and \(other) wait at the same time to \(verb) fd \(fd); one at a time may")
  }

  private func check(_ side: PollSide) throws(Failure) {
    if descriptor.isClosed { throw .closed }
    if side.isExpired { throw .timedOut }
  }

  func reason(_ direction: Direction) -> WaitReason {
    switch purpose {
    case .signal: .signal
    case .netpoll: direction == .read ? .netpollRead : .netpollWrite
    }
  }

  /// Sets a deadline for waits of `direction`, including one that is going on; nil: none. After the deadline every wait
  /// fails with `timedOut` until a new deadline is set.
  public func setDeadline(_ deadline: Deadline?, for direction: Direction) {
    let m = enterRuntime("Pollable.setDeadline")
    if let g = descriptor.setDeadline(deadline?.ticks ?? 0, direction, on: m.p) { m.ready(g) }
    leaveRuntime()
  }

  /// How long a wait for `direction` may still last; nil: there is no deadline. For callers that must wait for
  /// something else before the next try, such as room for a descriptor. Call it from a G.
  /// - Throws: the failure with which a wait would end now.
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

  /// Stops watching `fd`, and ends every wait, now and later, with `closed`. A second call does nothing. May be called
  /// from anywhere, also outside of a G, so the last reference may be dropped anywhere too.
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
