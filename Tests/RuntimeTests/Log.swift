// What Gs in a child record for its checks: a log of names in order, and counts by name.
import Synchronization

@testable import MPG

/// Names in the order in which Gs noted them.
///
/// Safe because: the names are touched only under the lock. The lock is the runtime's own, because the thread
/// sanitizer does not see what Swift's lock does when two threads want it.
final class Log: @unchecked Sendable {
  private let lock = Lock()
  private var entries: [Int] = []

  func append(_ name: Int) {
    lock.lock()
    entries.append(name)
    lock.unlock()
  }

  var names: [Int] {
    lock.lock()
    defer { lock.unlock() }
    return entries
  }
}

/// How often each of `size` names was counted.
///
/// Safe because: the cells are atomic, and live as long as the child.
@safe final class Counts: @unchecked Sendable {
  private let cells: UnsafeMutableBufferPointer<Atomic<Int>>

  init(_ size: Int) {
    unsafe cells = .allocate(capacity: size)
    for index in 0..<size { unsafe cells.initializeElement(at: index, to: Atomic(0)) }
  }

  func add(_ name: Int) { unsafe cells[name].wrappingAdd(1, ordering: .acquiringAndReleasing) }
  func areAll(_ count: Int) -> Bool {
    for index in unsafe cells.indices {
      if unsafe cells[index].load(ordering: .acquiring) != count { return false }
    }
    return true
  }
}

/// A number that Gs add to.
final class Counter: Sendable {
  private let state = Atomic<Int>(0)

  var value: Int { state.load(ordering: .acquiring) }
  func add(_ change: Int) { state.wrappingAdd(change, ordering: .acquiringAndReleasing) }
  func set(_ value: Int) { state.store(value, ordering: .releasing) }
  /// Raises the number to `value`, if it is smaller.
  func raise(to value: Int) { state.max(value, ordering: .acquiringAndReleasing) }
}
