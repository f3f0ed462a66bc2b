// Writing events. What a kind's parts mean: `EventKind`. Moves of Gs: Moves.swift.
import CMPG
import Region

extension M {
  /// The time for an event; 0 when events are off, so that the clock is not even read.
  @inline(__always)
  func stamp() -> UInt64 { tracing ? Clock.now : 0 }

  /// Appends a record to the lane in use. Never waits or fails. Costs a branch when events are off.
  @inline(__always)
  func emit(
    _ kind: EventKind, _ time: UInt64, g: UInt64 = 0, detail: UInt8 = 0, count: UInt32 = 0, arg: UInt64 = 0
  ) {
    guard tracing else { return }
    lane.ring.append(
      Record(
        kind, time: time, m: UInt16(truncatingIfNeeded: id), g: g, detail: detail, count: count, arg: arg))
  }

  /// An event that is no move of a G, at this moment.
  func emit(_ kind: EventKind, detail: UInt8 = 0, count: Int = 0, arg: UInt64 = 0) {
    emitOther(kind, at: stamp(), detail: detail, count: count, arg: arg)
  }

  /// The same at a moment that the caller has read, and about a G.
  ///
  /// Invariant: with its count or that of a move (Moves.swift), made just before, every record has exactly one. So
  /// the counters of a lane add up to the records that it has begun, which is where a reader's gauges stand.
  func emitOther(
    _ kind: EventKind, at time: UInt64, g: UInt64 = 0, detail: UInt8 = 0, count: Int = 0, arg: UInt64 = 0
  ) {
    emitOther(kind, on: lane, at: time, g: g, detail: detail, count: count, arg: arg) {}
  }

  /// The same on a lane that this M has to itself, be it in use or not, with what the record tells of: `settle` changes
  /// the words that go with it.
  ///
  /// Invariant: they change after the record was counted and before it is written. So who finds a lane without a record
  /// under way finds these words as the records leave them (LaneModel); each store is a release. Words that count do so
  /// without events, too.
  func emitOther(
    _ kind: EventKind, on lane: Lane, at time: UInt64, g: UInt64 = 0, detail: UInt8 = 0, count: Int = 0,
    arg: UInt64 = 0, settle: () -> Void
  ) {
    guard tracing else { return settle() }
    step = 0
    lane.counters[.others].bumpPublished()
    settle()
    lane.ring.append(
      Record(
        kind, time: time, m: UInt16(truncatingIfNeeded: id), g: g, detail: detail,
        count: UInt32(truncatingIfNeeded: count), arg: arg))
  }
}
