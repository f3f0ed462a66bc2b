// Condition: Gs wait until other Gs change something that a Mutex protects.
//
// No signal is lost between looking and sleeping. A waiter stands in the queue before it unlocks the mutex. And a G
// that signals looks into the queue under the queue's lock, which the waiter holds until it is off its stack.
// Lock order: condition's queue → mutex's queue.
//
// Source: Go's sync.Cond.
import Region

/// A meeting point for Gs that wait until something protected by a `Mutex` has changed.
///
/// Thread-safe; use it from Gs only. There are no spurious wake-ups, but another G may lock the mutex first and change
/// the data again: wait in a loop.
public final class Condition: @unchecked Sendable {
  // Safe because: the queue is touched under its lock alone.
  /// The mutex that protects what waiters wait for.
  public let mutex: Mutex
  private let queueLock = Lock()
  private var waiters = WaitQueue()

  /// Makes a condition about the data that `mutex` protects. Several conditions may share one mutex.
  public init(_ mutex: Mutex) { self.mutex = mutex }
  deinit { queueLock.free() }

  /// Unlocks the mutex, which the caller must hold, parks the G until it is signalled, and locks the mutex again.
  public func wait() {
    let m = enterRuntime("Condition.wait")
    guard let g = m.g else { fatal("Condition.wait was called outside of a G") }
    var record = WaiterRecord(g)
    unsafe withUnsafeMutablePointer(to: &record) {
      queueLock.lock()
      unsafe waiters.append(Waiter($0))
      switch mutex.release() {
      case .quietly: break
      case .waking(let other), .handingOver(let other): m.ready(other)
      }
      m.park(.condition, commit: .unlock(queueLock))
    }
    leaveRuntime()
    mutex.lock()
  }

  /// Wakes the G that has waited longest, if any. The mutex need not be locked.
  public func signal() {
    let m = enterRuntime("Condition.signal")
    queueLock.lock()
    let first = waiters.popFirst()?.g
    queueLock.unlock()
    if let first { m.ready(first) }
    leaveRuntime()
  }

  /// Wakes all Gs that wait.
  public func broadcast() {
    let m = enterRuntime("Condition.broadcast")
    var woken = GQueue()
    queueLock.lock()
    while let waiter = waiters.popFirst() { woken.append(waiter.g) }
    queueLock.unlock()
    while let g = woken.popFirst() { m.ready(g) }
    leaveRuntime()
  }
}
