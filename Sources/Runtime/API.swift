// The public face of the runtime. TEMPORARY SIGNATURES: bodies follow.

/// Spawns a G.
public func go(file: StaticString = #fileID, function: StaticString = #function, line: Int = #line, _ body: sending @escaping () throws -> Void) { fatalError() }
/// Boots scheduler, region and netpoll, runs `body` as the main G, and exits the process with 0 when it returns.
public func main(_ options: Options = Options(), _ body: sending @escaping () throws -> Void) -> Never { fatalError() }
public struct Options: Sendable {
  /// Number of Ps; nil: CPUs in the affinity mask.
  public var procs: Int?
  public var tracing = true
  public init() {}
}
/// Puts the running G at the end of the global run queue.
public func yield() { fatalError() }
/// Parks the running G for `duration`.
public func sleep(_ duration: Duration) { fatalError() }

/// An unbuffered (capacity 0) or buffered channel. `send` on a closed channel traps; iteration ends when it is closed and drained.
public final class Channel<Element: Sendable>: Sendable, Sequence, IteratorProtocol {
  public init(capacity: Int = 0) { fatalError() }
  public func send(_ value: Element) { fatalError() }
  /// nil when closed and drained.
  public func receive() -> Element? { fatalError() }
  public func next() -> Element? { receive() }
  public func close() { fatalError() }
}
public final class WaitGroup: Sendable {
  public init() {}
  public func add(_ n: Int = 1) { fatalError() }
  public func done() { fatalError() }
  public func wait() { fatalError() }
}

/// A file descriptor registered with netpoll (edge-triggered): the blocking-style waiting of sockets.
/// Use: set the fd non-blocking, try the system call, on EAGAIN `try wait(.read)`, try again.
public final class Pollable: Sendable {
  public enum Direction: Sendable { case read, write }
  public enum Failure: Error, Sendable { case timedOut, closed }
  public let fd: Int32
  /// Registers `fd` (the caller still owns and closes it, after `close()` here). Throws the errno of epoll_ctl.
  public init(fd: Int32, reason: WaitReasonOverride = .netpoll) throws(SystemError) { fatalError() }
  /// Parks the running G until `fd` is ready. At most one G may wait per direction.
  public func wait(_ direction: Direction) throws(Failure) { fatalError() }
  /// A deadline for waits of `direction`, at once for a G that waits already; nil: none.
  public func setDeadline(_ deadline: Deadline?, for direction: Direction) { fatalError() }
  /// Unregisters, and wakes every waiter with `.closed`. Safe to call twice.
  public func close() { fatalError() }
}
public enum WaitReasonOverride: Sendable { case netpoll, signal }
/// A moment of the runtime's clock.
public struct Deadline: Sendable {
  public static func after(_ duration: Duration) -> Deadline { fatalError() }
}
/// A failed system call: errno and what was tried.
public struct SystemError: Error, Sendable { public let call: String; public let errno: Int32 }

/// Operating-system signals as a G sees them. `MPG.main` blocks them in every thread first.
public func waitForSignal(_ signals: [Int32]) throws(SystemError) -> Int32 { fatalError() }

/// What `/stats` shows: the process's own scheduler counters.
public struct Statistics: Sendable { public var procs = 0, live = 0, threads = 0; public var created: UInt64 = 0, switches: UInt64 = 0, steals: UInt64 = 0; public var grq = 0, netpollParked = 0 }
public func statistics() -> Statistics { fatalError() }
