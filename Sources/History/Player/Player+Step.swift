// Steps: one event forwards or back. A step tells which event that was, how far the newest moment is, and whether an
// end was reached.
import Observed

/// The last step of a player, to be shown to the person who made it. A plain value.
public struct PastStep: Sendable, Equatable {
  /// Whether the step went forwards in time.
  public var isForward: Bool
  /// The event that the step did or undid; nil: there is none, because the history ends in that direction.
  public var event: Event?
  /// The time from the moment that is shown now to the newest one, in nanoseconds.
  public var behind: UInt64

  /// Makes a step from its parts.
  public init(isForward: Bool, event: Event?, behind: UInt64) {
    (self.isForward, self.event, self.behind) = (isForward, event, behind)
  }

  /// Whether the step did not move, because the oldest or the newest moment was shown already.
  public var isAtEnd: Bool { event == nil }
}

extension Player {
  /// How far `last` looks back.
  private static let lookBack = (segments: 240, records: 100_000)

  /// The last `limit` values that `make` makes of the events up to this moment, oldest first; events of which it makes nil
  /// are passed over. The search goes back as far as `lookBack` says, so it may find fewer.
  package func last<Made>(_ limit: Int, of make: (Event) -> Made?) -> [Made] {
    var found: [Made] = []
    func look(_ events: some BidirectionalCollection<PlacedRecord>) {
      for placed in events.reversed() where found.count < limit {
        if let made = make(event(placed)) { found.append(made) }
      }
    }
    look(window.events[min(window.prefix, count)..<count])
    var (number, records) = (window.number - 1, 0)
    let oldest = max(history.numbers.lowerBound, window.number - Self.lookBack.segments)
    while found.count < limit, number >= oldest, records < Self.lookBack.records {
      guard let earlier = unpack(number) else { break }
      look(earlier.events[min(earlier.prefix, earlier.events.count)...])
      records += earlier.events.count
      number -= 1
    }
    return found.reversed()
  }

  /// The time from the player's moment to the newest one, in nanoseconds.
  public var behind: UInt64 { lastTime - min(lastTime, time) }

  /// Goes one event forwards or back. The property `step` keeps the result until the player goes elsewhere.
  @discardableResult
  public mutating func step(forward isForward: Bool) -> PastStep {
    let hasMoved = isForward ? stepForward() : stepBack()
    let event = hasMoved ? crossed(isForward) : nil
    let step = PastStep(isForward: isForward, event: event, behind: behind)
    self.step = step
    return step
  }
}
