// What it takes to read drained events: the clock and the names of the target, and what was missed.

extension LiveRegion {
  /// A moment in an event, in nanoseconds of the machine's monotonic clock. The line between the two is as of the last
  /// snapshot: take one now and then.
  public func nanoseconds(at ticks: UInt64) -> UInt64 { reader.nanoseconds(at: ticks) }

  /// A length of time in an event, in nanoseconds.
  public func nanoseconds(lasting ticks: UInt64) -> UInt64 { reader.nanoseconds(lasting: ticks) }

  /// The string that an event names by its id, such as the entry point in `goCreate`: `function at File.swift:31`. nil:
  /// none, or none yet.
  public func name(_ id: UInt32) -> String? { reader.string(UInt64(id)) }

  /// Events that writers have overwritten before `drain` took them, in all rings that are followed. Rings of new Ps and Ms
  /// are followed from the next snapshot on, from their first event.
  public var lost: UInt64 { reader.lost }
}
