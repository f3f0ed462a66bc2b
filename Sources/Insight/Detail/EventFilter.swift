// A filter of events, prepared for hundreds of thousands of records.
import Observed
import Region

/// A filter that decides terms about kinds once for each kind, and terms about lanes once for each block of a
/// lane's records. Only the other terms are decided for each record.
struct EventFilter {
  /// Whether an event of each kind meets the filter's terms about kinds. The index is the kind's raw value.
  private let kinds: [Bool]
  private let lanes, rest: Filter
  private let wording: Wording

  init(_ filter: Filter, _ wording: Wording) {
    let kind = filter.only { $0 == .kind }
    kinds = (0...UInt8.max).map { raw in
      let record = Record(time: 0, what: UInt64(raw), g: 0, arg: 0)
      return kind.matches(Event(PlacedRecord(record: record, lane: .p(0), position: 0), wording))
    }
    lanes = filter.only { $0 == .lane || $0 == .p }
    rest = filter.only { $0 != .kind && $0 != .lane && $0 != .p }
    self.wording = wording
  }

  /// Whether any event of a lane may pass.
  func passes(_ lane: Lane) -> Bool {
    let record = Record(time: 0, what: 0, g: 0, arg: 0)
    return lanes.isEmpty
      || lanes.matches(Event(PlacedRecord(record: record, lane: lane, position: 0), wording))
  }

  /// Whether a record passes. Ask only for records of a lane that passes.
  @inline(__always)
  func passes(_ record: Record, on lane: Lane) -> Bool {
    kinds[Int(UInt8(truncatingIfNeeded: record.what))]
      && (rest.isEmpty || rest.matches(Event(PlacedRecord(record: record, lane: lane, position: 0), wording)))
  }
}
