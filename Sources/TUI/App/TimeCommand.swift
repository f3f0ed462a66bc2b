// What a person can ask of time. The source of the frames does it; the dashboard only passes it on.

/// A wish to see another moment.
public enum TimeCommand: Sendable, Equatable {
  /// One event back or forth.
  case stepBack, stepForward
  /// A tenth of a second back or forth.
  case jumpBack, jumpForward
  /// To the first moment, or to now: the newest one.
  case start, now
  /// Begin or stop to play.
  case play
  case playSlower, playFaster
}
