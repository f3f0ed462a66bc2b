// The facts that a reader of drained events needs: the target's clock and names, and the number of lost
// events.

extension LiveRegion {
  /// Converts a moment in an event, in ticks, into nanoseconds of the machine's monotonic clock. It uses the clock of
  /// the last snapshot. The target refines its clock, so take a snapshot now and then.
  public func nanoseconds(at ticks: UInt64) -> UInt64 { reader.nanoseconds(at: ticks) }

  /// Converts a length of time in an event, in ticks, into nanoseconds.
  public func nanoseconds(lasting ticks: UInt64) -> UInt64 { reader.nanoseconds(lasting: ticks) }

  /// The string that an event names by its id, such as the entry point in `goCreate`: `function at
  /// File.swift:31`. It is nil if the id is 0, or if the target has not published the string yet.
  public func name(_ id: UInt32) -> String? { reader.string(UInt64(id)) }

  /// The number of events that writers overwrote before `drain` took them, in all rings that are followed.
  /// The rings of new Ps and Ms are followed from the next snapshot on, beginning with their first event.
  public var lost: UInt64 { reader.lost }
}
