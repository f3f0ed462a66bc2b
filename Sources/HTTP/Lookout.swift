// The lookout: a G that finds handlers that take so long that their clients may leave meanwhile.

import MPG
import Synchronization

/// Looks once in a period at all handlers of a server that are at work, and starts a watcher for each that was at work at the
/// look before, too.
///
/// The lookout's G exists only while handlers are at work. It misses none: a handler first stores that it is at work, then
/// reads whether the lookout is awake; the lookout first stores that it is not awake, then looks at the handlers once more.
/// Both sides are sequentially consistent, so at least one sees the other.
///
/// Thread-safe.
final class Lookout: Sendable {
  /// The time between two looks. A handler is watched after it has been at work for one to two periods.
  private static let period: Duration = .milliseconds(20)

  private let roll: Roll
  private let isAwake = Atomic(false)

  init(_ roll: Roll) { self.roll = roll }

  /// Starts the lookout's G if there is none. To be called by a G, after a handler has stored that it is at work.
  func wake() {
    if !isAwake.load(ordering: .sequentiallyConsistent), begin() { goDetached { self.look() } }
  }

  /// Marks the lookout as awake. Returns true if it was not awake before, so that only one caller starts its G.
  private func begin() -> Bool { !isAwake.exchange(true, ordering: .sequentiallyConsistent) }

  private func look() {
    repeat {
      repeat { sleep(Self.period) } while roll.look()
      isAwake.store(false, ordering: .sequentiallyConsistent)
    } while roll.look() && begin()
  }
}
