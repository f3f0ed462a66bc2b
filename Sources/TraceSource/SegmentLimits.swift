// The limits of the segments that a trace becomes.

/// When a segment is closed, and where it lies.
struct SegmentLimits {
  /// The most records that a segment has.
  var records = 50_000
  /// How long a segment lasts at most, in nanoseconds.
  var duration: UInt64 = 250_000_000
  /// How many bytes of segments are kept in memory; the others go to a file, if there can be one.
  var inMemory = Int.max
}
