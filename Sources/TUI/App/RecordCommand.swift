// The commands by which a person asks for a file to be written. The program that shows the dashboard writes
// the file and reports the outcome.

/// A wish to write history to a file.
public enum RecordCommand: Sendable, Hashable {
  /// Write the last half minute at once.
  case writeLast
  /// Write all that follows, until the same command comes again.
  case toggle
}
