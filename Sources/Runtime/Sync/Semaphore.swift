// Semaphore: so many permits, given out in the order in which they were asked for.
//
// Invariant: the first in the queue wants more permits than there are. So whoever asks for many is not starved by those
// who ask for few. A cancellation ends the wait of the first without the lock, though, and the G leaves the queue some
// time later. So whoever comes meanwhile does what it will do: lets those behind it try (`grant`), and only then takes
// permits for itself. At every release of the lock no place whose wait is over stands before one that could be served.
import Region

/// A number of permits that Gs acquire and release.
///
/// Thread-safe; from Gs only. First come, first served. A permit belongs to nobody: one G may release what another has
/// acquired, and more may be released than there were at the start.
public final class Semaphore: @unchecked Sendable {
  // Safe because: all stored variables are touched under `lock` alone.
  private let lock = Lock()
  private var permits: Int
  private var waiters = WaitQueue()
  private let reason: WaitReason

  /// - Parameter permits: free at the start; not negative.
  public convenience init(_ permits: Int) { self.init(permits, waiting: .semaphore) }

  /// One whose waiters are shown as waiting for something else.
  init(_ permits: Int, waiting reason: WaitReason) {
    precondition(permits >= 0, "a semaphore's permits are not negative")
    self.permits = permits
    self.reason = reason
  }

  deinit { lock.free() }

  /// Acquires `count` permits; parks the G until it is its turn and there are as many.
  public func acquire(_ count: Int = 1) {
    let m = enterRuntime("Semaphore.acquire")
    guard let g = m.g else { fatal("Semaphore.acquire was called outside of a G") }
    lock.lock()
    if take(count, by: m) {
      lock.unlock()
    } else {
      var record = WaiterRecord(g, amount: UInt64(count))
      unsafe withUnsafeMutablePointer(to: &record) {
        unsafe waiters.append(Waiter($0))
        m.park(reason, commit: .unlock(lock))
      }
    }
    leaveRuntime()
  }

  /// The same, unless the G's scope is cancelled first: then it has acquired nothing.
  public func acquireOrCancelled(_ count: Int = 1) throws(CancellationError) {
    let m = enterRuntime("Semaphore.acquireOrCancelled")
    defer { leaveRuntime() }
    guard let g = m.g else { fatal("Semaphore.acquireOrCancelled was called outside of a G") }
    if g.isCancelled { throw CancellationError() }
    lock.lock()
    if take(count, by: m) { return lock.unlock() }
    guard let ticket = g.openCancellable() else {
      lock.unlock()
      throw CancellationError()
    }
    if !wait(count, ticket, g, m) { throw CancellationError() }
  }

  /// Parks until permits are granted, or the wait is cancelled. Under the lock, which it releases.
  private func wait(_ count: Int, _ ticket: UInt32, _ g: G, _ m: M) -> Bool {
    var record = WaiterRecord(g, ticket: ticket, amount: UInt64(count))
    return unsafe withUnsafeMutablePointer(to: &record) {
      let waiter = unsafe Waiter($0)
      waiters.append(waiter)
      m.park(reason, commit: .claimable(HeldLocks(lock)))
      lock.lock()
      waiters.remove(waiter)
      var woken = grant()  // it may have stood in the way of others
      lock.unlock()
      while let other = woken.popFirst() { unsafe M.current.unsafelyUnwrapped.ready(other) }
      return g.wait.outcome != .cancelled
    }
  }

  /// Acquires `count` permits if that needs no waiting; whether it did.
  public func tryAcquire(_ count: Int = 1) -> Bool {
    let m = enterRuntime("Semaphore.tryAcquire")
    lock.lock()
    let taken = take(count, by: m)
    lock.unlock()
    leaveRuntime()
    return taken
  }

  /// Releases `count` permits.
  public func release(_ count: Int = 1) {
    let m = enterRuntime("Semaphore.release")
    precondition(count >= 0, "a negative number of permits cannot be released")
    lock.lock()
    permits += count
    var woken = grant()
    lock.unlock()
    while let g = woken.popFirst() { m.ready(g) }
    leaveRuntime()
  }

  /// Takes permits, if there are so many and nobody waits for them. Under the lock.
  private func take(_ count: Int, by m: M) -> Bool {
    precondition(count >= 0, "a negative number of permits cannot be acquired")
    if !waiters.isEmpty {
      var woken = grant()
      while let g = woken.popFirst() { m.ready(g) }
    }
    guard waiters.isEmpty, permits >= count else { return false }
    permits -= count
    return true
  }

  /// Gives permits to those whose turn it is; their Gs. Under the lock.
  private func grant() -> GQueue {
    var woken = GQueue()
    while let first = waiters.firstWaiting(), first.amount <= UInt64(permits) {
      guard let waiter = waiters.claimFirst() else { continue }  // it was cancelled
      permits -= Int(waiter.amount)
      woken.append(waiter.g)
    }
    return woken
  }
}
