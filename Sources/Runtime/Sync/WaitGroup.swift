// WaitGroup: Gs wait until a number of things are done.
import Region

/// Counts the things that are under way. Gs can wait until the count is zero.
///
/// Thread-safe; use it from Gs only.
public final class WaitGroup: @unchecked Sendable {
  // Safe because: all stored variables are touched under `lock` alone.
  private let lock = Lock()
  private var count = 0
  private var waiters = GQueue()

  /// A group with nothing under way.
  public init() {}
  deinit { lock.free() }

  /// Adds `n` to the count; `n` may be negative. A count below zero ends the process.
  public func add(_ n: Int = 1) {
    let m = enterRuntime("WaitGroup.add")
    lock.lock()
    count += n
    if count < 0 { fatal("a WaitGroup was done more often than it was added to") }
    var woken = GQueue()
    if count == 0 { swap(&woken, &waiters) }
    lock.unlock()
    while let g = woken.popFirst() { m.ready(g) }
    leaveRuntime()
  }

  /// Subtracts one from the count: one thing is done.
  public func done() { add(-1) }

  /// Parks the G until the count is zero.
  public func wait() {
    let m = enterRuntime("WaitGroup.wait")
    guard let g = m.g else { fatal("WaitGroup.wait was called outside of a G") }
    lock.lock()
    if count > 0 {
      waiters.append(g)
      m.park(.waitGroup, commit: .unlock(lock))
    } else {
      lock.unlock()
    }
    leaveRuntime()
  }
}
