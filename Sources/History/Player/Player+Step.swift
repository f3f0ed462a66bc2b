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

  /// Whether the step did not move, because it was the oldest or the newest moment already.
  public var isAtEnd: Bool { event == nil }
}

extension Player {
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
