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

  /// One is done.
  public func done() { add(-1) }

  /// Parks the G until nothing is under way.
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
