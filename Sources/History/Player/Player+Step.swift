// Steps: one event forth or back, and what there is to say of it: which event that was, how far the newest moment is, and
// where there is no further one.
import Observed

/// The last step of a player, for the person who made it.
public struct PastStep: Sendable, Equatable {
  /// Forth in time, or back.
  public var isForward: Bool
  /// The event that happened by the step, or is undone by it; nil: there is none, this is the end in that direction.
  public var event: Event?
  /// Nanoseconds from the moment that is shown now to the newest one.
  public var behind: UInt64

  public init(isForward: Bool, event: Event?, behind: UInt64) {
    (self.isForward, self.event, self.behind) = (isForward, event, behind)
  }

  /// Whether nothing moved: it was the oldest or the newest moment already.
  public var isAtEnd: Bool { event == nil }
}

extension Player {
  /// Nanoseconds from here to the newest moment.
  public var behind: UInt64 { lastTime - min(lastTime, time) }

  /// One event forth, or back; `step` tells of it until the player goes elsewhere.
  @discardableResult
  public mutating func step(forward isForward: Bool) -> PastStep {
    let hasMoved = isForward ? stepForward() : stepBack()
    let event = hasMoved ? crossed(isForward) : nil
    let step = PastStep(isForward: isForward, event: event, behind: behind)
    self.step = step
    return step
  }
}
