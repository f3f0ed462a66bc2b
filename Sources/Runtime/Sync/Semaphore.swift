// Semaphore: a number of permits, given out in the order in which Gs asked for them.
//
// Invariant: the first waiter in the queue wants more permits than there are. So a G that asks for many is not starved
// by Gs that ask for few. But a cancellation ends the first G's wait without the lock, and that G leaves the queue some
// time later. A G that comes meanwhile must not take permits past the waiters behind the cancelled one: it lets those
// try first (`grant`), and only then takes permits for itself. Whenever the lock is released, no waiter whose wait is
// over stands before one that could be served.
import Region

/// A number of permits that Gs acquire and release.
///
/// Thread-safe; use it from Gs only. First come, first served. A permit has no owner: one G may release what another
/// has acquired, and more permits may be released than there were at the start.
public final class Semaphore: @unchecked Sendable {
  // Safe because: all stored variables are touched under `lock` alone.
  private let lock = Lock()
  private var permits: Int
  private var waiters = WaitQueue()
  private let reason: WaitReason

  /// - Parameter permits: how many are free at the start; not negative.
  public convenience init(_ permits: Int) { self.init(permits, waiting: .semaphore) }

  /// A semaphore whose waiting Gs have `reason` as their wait reason.
  init(_ permits: Int, waiting reason: WaitReason) {
    precondition(permits >= 0, "a semaphore's permits are not negative")
    self.permits = permits
    self.reason = reason
  }

  deinit { lock.free() }

  /// Acquires `count` permits; parks the G until all Gs before it are served and that many are free.
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

  /// As `acquire`, but ends when the G's scope is cancelled.
  /// - Throws: `CancellationError` when the scope was cancelled first. Then it has acquired nothing.
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

  /// Parks until permits are granted (true), or the wait is cancelled (false). Call under the lock, which this function
  /// releases.
  private func wait(_ count: Int, _ ticket: UInt32, _ g: G, _ m: M) -> Bool {
    var record = WaiterRecord(g, ticket: ticket, amount: UInt64(count))
    return unsafe withUnsafeMutablePointer(to: &record) {
      let waiter = unsafe Waiter($0)
      waiters.append(waiter)
      m.park(reason, commit: .claimable(HeldLocks(lock)))
      lock.lock()
      waiters.remove(waiter)
      // While this waiter stood in the queue, it may have kept other waiters from being served.
      var woken = grant()
      lock.unlock()
      while let other = woken.popFirst() { unsafe M.current.unsafelyUnwrapped.ready(other) }
      return g.wait.outcome != .cancelled
    }
  }

  /// Acquires `count` permits if that needs no waiting. True if it did.
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

  /// Takes `count` permits if that many are free and nobody waits. Call under the lock.
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

  /// Serves the queue from its front for as long as the permits suffice, and returns the Gs served, to be made ready.
  /// Call under the lock.
  private func grant() -> GQueue {
    var woken = GQueue()
    while let first = waiters.firstWaiting(), first.amount <= UInt64(permits) {
      // The claim fails if a cancellation has ended the first waiter's wait after `firstWaiting` looked at it.
      guard let waiter = waiters.claimFirst() else { continue }
      permits -= Int(waiter.amount)
      woken.append(waiter.g)
    }
    return woken
  }
}
