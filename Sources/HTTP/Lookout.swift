// The lookout: which handlers take so long that their clients may leave meanwhile.

import MPG
import Synchronization

/// Looks now and then at all handlers of a server that are at work, and has those watched that were so a look ago.
///
/// It is a G that is there as long as there are handlers at work. How none is missed: a handler first says that it is at work,
/// then looks whether the lookout is awake; the lookout first says that it is not, then looks at the handlers once more. Both
/// are sequentially consistent, so at least one sees the other.
///
/// Thread-safe.
final class Lookout: Sendable {
  /// How long a handler is at work before it is watched: once to twice this.
  private static let period: Duration = .milliseconds(20)

  private let roll: Roll
  private let isAwake = Atomic(false)

  init(_ roll: Roll) { self.roll = roll }

  /// To be called when a handler has begun. Of a G.
  func wake() {
    if !isAwake.load(ordering: .sequentiallyConsistent), begin() { goDetached { self.look() } }
  }

  /// Says that it is awake; whether it was not.
  private func begin() -> Bool { !isAwake.exchange(true, ordering: .sequentiallyConsistent) }

  private func look() {
    repeat {
      repeat { sleep(Self.period) } while roll.look()
      isAwake.store(false, ordering: .sequentiallyConsistent)
    } while roll.look() && begin()
  }
}
