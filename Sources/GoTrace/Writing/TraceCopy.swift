// What is made of a trace while it is read: another trace, or a file for another program.

/// Something that is made of a trace, some bytes at a time, so that neither the trace nor the copy
/// is in memory as a whole.
public protocol TraceCopy: ~Copyable {
  /// The next bytes, which may be none; nil: there are no more.
  ///
  /// - Throws: `TraceError` if the trace cannot be read further.
  mutating func next() throws(TraceError) -> [UInt8]?
  /// What is damaged in the trace, as far as it was read.
  var damage: TraceDamage { get }
}
