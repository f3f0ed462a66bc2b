// The facts that a frame of the past has in addition: its moment in the history, and what led to that moment.
import History
import Observed

/// The place of a frame's moment in the history, and what led to that moment.
public struct Past: Sendable, Equatable {
  /// The kind of source that the history is from.
  public enum Origin: String, Sendable {
    /// A live process, a recording, or the region that a dead process left.
    case live, recording, blackBox
  }

  /// The kind of source that the history is from.
  public var origin = Origin.live
  /// The first moment of the history, in nanoseconds of the machine's monotonic clock.
  public var first: UInt64 = 0
  /// The last moment of the history, in nanoseconds of the machine's monotonic clock.
  public var last: UInt64 = 0
  /// The moment that is shown, in nanoseconds of the machine's monotonic clock.
  public var time: UInt64 = 0
  /// How many records are missing shortly before the moment that is shown.
  public var missing: UInt64 = 0
  /// The user's step to the next or previous event, by which the moment was reached; nil: no step led to it.
  public var step: PastStep?
  /// The last events of each lane, oldest first; Ps before Ms.
  public var lanes: [LaneEvents] = []
  /// What the scheduler did over the whole history, in at most `coursePoints` stretches; empty: not known.
  public var course: [CoursePoint] = []
  /// The most points of `course`.
  public static let coursePoints = 240
  /// Every G, as far as it is known.
  public var goroutines = Goroutines()

  /// The last events of one lane.
  public struct LaneEvents: Sendable, Equatable {
    /// The lane whose events these are.
    public var lane: Lane
    /// The lane's events, oldest first.
    public var events: [Event]
  }

  /// A moment of which nothing is known.
  public init() {}

  /// Whether the history still grows, so that a viewer can go back to now.
  public var goesOn: Bool { origin == .live }
}

extension Frame {
  /// Whether the frame is of now, or of a history that still grows. In both cases a viewer can go to now.
  public var goesOn: Bool { past?.goesOn ?? true }
}
