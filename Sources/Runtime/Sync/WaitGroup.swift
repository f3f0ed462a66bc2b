// WaitGroup: waits until a number of things are done.
import Region

/// Counts what is under way; Gs can wait until nothing is.
///
/// Thread-safe; from Gs only.
public final class WaitGroup: @unchecked Sendable {
  // Safe because: all stored variables are touched under `lock` alone.
  private let lock = Lock()
  private var count = 0
  private var waiters = GQueue()

  public init() {}
  deinit { lock.free() }

  /// `n` more are under way; may be negative. Below zero ends the process.
  public func add(_ n: Int = 1) {
    lock.lock()
    count += n
    if count < 0 { fatal("a WaitGroup was done more often than it was added to") }
    guard count == 0, !waiters.isEmpty else { return lock.unlock() }
    var woken = waiters
    waiters = GQueue()
    lock.unlock()
    let m = currentM("WaitGroup")
    while let g = woken.popFirst() { m.ready(g) }
  }

  /// One is done.
  public func done() { add(-1) }

  /// Parks the G until nothing is under way.
  public func wait() {
    lock.lock()
    guard count > 0 else { return lock.unlock() }
    let m = currentM("WaitGroup.wait")
    guard let g = m.g else { fatal("WaitGroup.wait was called outside of a G") }
    waiters.append(g)
    m.park(.waitGroup, commit: .unlock(lock))
  }
}
