// The commands by which a person moves through time. The source of the frames travels; the dashboard only
// passes the command on.
public import Inspector

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
  /// Go to a moment so many nanoseconds after the first one; or before the last one, if the number is negative.
  case offset(Int64)
  /// Go to a part of all the time that is known, 0…1.
  case part(Double)
  /// Go to the next event of a G; if the G has no later event, to its first one.
  case nextOf(g: UInt64)
  /// Go to the event with a position in the ring of a lane: of a P, or of an M while it had no P.
  case event(Lane, position: UInt64)
  /// Start to play the history, or stop.
  case play
  case playSlower, playFaster
  /// Play the given moments (in nanoseconds) from the first to the last. Moving from each to the next takes a second,
  /// however near they are.
  case replay([UInt64])
  /// Stand still at this moment, or go on. Pausing the view sends `hold`, so that all screens show the same
  /// moment.
  case hold, resume
}
