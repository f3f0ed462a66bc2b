// What Gs in a child leave behind for its checks: a log of names in order, and counts by name.
import Synchronization

@testable import MPG

/// Names in the order in which Gs noted them.
final class Log: Sendable {
  private let entries = Mutex<[Int]>([])

  func append(_ name: Int) { entries.withLock { $0.append(name) } }
  var names: [Int] { entries.withLock { $0 } }
}

/// How often each of `size` names was counted.
final class Counts: Sendable {
  private let cells: Mutex<[Int]>

  init(_ size: Int) { cells = Mutex(Array(repeating: 0, count: size)) }

  func add(_ name: Int) { cells.withLock { $0[name] += 1 } }
  func areAll(_ count: Int) -> Bool { cells.withLock { $0.allSatisfy { $0 == count } } }
}

/// A number that Gs add to.
final class Counter: Sendable {
  private let state = Atomic<Int>(0)

  var value: Int { state.load(ordering: .acquiring) }
  func add(_ change: Int) { state.wrappingAdd(change, ordering: .acquiringAndReleasing) }
}
