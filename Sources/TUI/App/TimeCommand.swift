// The commands by which a person moves through time. The source of the frames travels; the dashboard only
// passes the command on.

/// A command to show another moment of the history.
public enum TimeCommand: Sendable, Hashable {
  /// Go one event back or forth.
  case stepBack, stepForward
  /// Go a tenth of a second back or forth.
  case jumpBack, jumpForward
  /// Go to the first moment, or to now (the newest one).
  case start, now
  /// Go to a moment, in nanoseconds.
  case seek(UInt64)
  /// Start to play the history, or stop.
  case play
  case playSlower, playFaster
  /// Play from the first of these moments (nanoseconds) to the last. From each to the next takes a second,
  /// however near they are.
  case replay([UInt64])
  /// Stand still at this moment, or go on. Pausing the view sends `hold`, so that all screens show the same
  /// moment.
  case hold, resume
}
