// What a person can ask of time. The source of the frames does it; the dashboard only passes it on.

/// A wish to see another moment.
public enum TimeCommand: Sendable, Hashable {
  /// One event back or forth.
  case stepBack, stepForward
  /// A tenth of a second back or forth.
  case jumpBack, jumpForward
  /// To the first moment, or to now: the newest one.
  case start, now
  /// To a moment, in nanoseconds.
  case seek(UInt64)
  /// Begin or stop to play.
  case play
  case playSlower, playFaster
  /// Play from the first of these moments, in nanoseconds, to the last: a second from each to the next, however near they
  /// are.
  case replay([UInt64])
  /// Stand still at this moment, and go on again: what pausing the view asks for, so that other screens show the same
  /// moment.
  case hold, resume
}
