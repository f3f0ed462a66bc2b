// Writing events. `EventKind` says what the parts of each kind mean; Moves.swift has the moves of Gs.
import CMPG
import Region

extension M {
  /// The time for an event; 0 when events are off, so that not even the clock is read.
  @inline(__always)
  func stamp() -> UInt64 { tracing ? Clock.now : 0 }

  /// Appends a record to the current lane. Never waits or fails. When events are off it costs one branch.
  @inline(__always)
  func emit(
    _ kind: EventKind, _ time: UInt64, g: UInt64 = 0, detail: UInt8 = 0, count: UInt32 = 0, arg: UInt64 = 0
  ) {
    guard tracing else { return }
    lane.ring.append(
      Record(
        kind, time: time, m: UInt16(truncatingIfNeeded: id), g: g, detail: detail, count: count, arg: arg))
  }

  /// Writes an event that is no move of a G, at this moment.
  func emit(_ kind: EventKind, detail: UInt8 = 0, count: Int = 0, arg: UInt64 = 0) {
    emitOther(kind, at: stamp(), detail: detail, count: count, arg: arg)
  }

  /// As `emit`, about a G and at a moment that the caller has read.
  ///
  /// Invariant: every record has exactly one count, made just before it: that of a move (Moves.swift), or the one here.
  /// So the counters of a lane add up to the number of records that were begun on it. By that number a reader knows up
  /// to which record its gauges have counted.
  func emitOther(
    _ kind: EventKind, at time: UInt64, g: UInt64 = 0, detail: UInt8 = 0, count: Int = 0, arg: UInt64 = 0
  ) {
    emitOther(kind, on: lane, at: time, g: g, detail: detail, count: count, arg: arg) {}
  }

  /// As `emitOther`, on any lane to which this M alone writes now; `settle` changes the words that the record
  /// tells about.
  ///
  /// Invariant: these words change after the record was counted and before it is written; each store is a
  /// release. So a reader that finds a lane with no record being written finds these words as the records
  /// leave them (LaneModel). Without events `settle` runs too, because some of the words are counters.
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
