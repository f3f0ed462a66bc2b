// The past: what a frame has besides when it is not of now, but of a moment in history.
import History
import Observed

/// Where a frame's moment lies, and what led to it.
public struct Past: Sendable, Equatable {
  /// What the history is of.
  public enum Origin: String, Sendable {
    case live, recording, blackBox
  }

  public var origin = Origin.live
  /// The first and the last moment of the history, and the one that is shown; monotonic nanoseconds.
  public var first: UInt64 = 0
  public var last: UInt64 = 0
  public var time: UInt64 = 0
  /// Records that are missing shortly before: a gap.
  public var missing: UInt64 = 0
  /// What led here, when it was a step from event to event.
  public var step: PastStep?
  /// The last events of each lane, oldest first; Ps before Ms.
  public var lanes: [LaneEvents] = []
  /// Every G, as far as it is known.
  public var goroutines = Goroutines()

  public struct LaneEvents: Sendable, Equatable {
    public var lane: Lane
    public var events: [Event]
  }

  public init() {}

  /// Whether the history goes on, so that there is a now to go back to.
  public var goesOn: Bool { origin == .live }
}

extension Frame {
  /// Whether it is of a history that goes on, or of no history: then its moment is now, or can be left for now.
  public var goesOn: Bool { past?.goesOn ?? true }
}
