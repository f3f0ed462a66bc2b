// A filter of events, prepared for hundreds of thousands of records.
import Observed
import Region

/// What a filter says of kinds is worked out once for each kind, what it says of lanes once for each piece of one, and
/// only what is left is asked of each record.
struct EventFilter {
  /// By raw kind.
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
  package func passes(_ lane: Lane) -> Bool {
    let record = Record(time: 0, what: 0, g: 0, arg: 0)
    return lanes.isEmpty
      || lanes.matches(Event(PlacedRecord(record: record, lane: lane, position: 0), wording))
  }

  /// Whether an event of a lane that passes does so too.
  @inline(__always)
  package func passes(_ record: Record, on lane: Lane) -> Bool {
    kinds[Int(UInt8(truncatingIfNeeded: record.what))]
      && (rest.isEmpty || rest.matches(Event(PlacedRecord(record: record, lane: lane, position: 0), wording)))
  }
}
