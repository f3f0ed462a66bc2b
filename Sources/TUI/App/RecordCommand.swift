// What a person can ask to be kept in a file. The program that shows the dashboard does it, and says what came of it.

/// A wish to keep history in a file.
public enum RecordCommand: Sendable, Hashable {
  /// The last half minute, at once.
  case writeLast
  /// All that follows, until this is asked for again.
  case toggle
}
