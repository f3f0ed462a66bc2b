// The last events of all lanes in one list, those that a filter lets through.
internal import Region

/// Which events are wanted: the last `limit` of those that `filter` lets through.
public struct EventQuery: Sendable, Equatable {
  public var filter: Filter
  public var limit: Int
  public init(filter: Filter = .everything, limit: Int = 500) { (self.filter, self.limit) = (filter, limit) }
}

/// Events in the order of time, oldest first.
public struct EventList: Sendable, Equatable {
  public var events: [Event] = []
  /// The moment that they lead up to, and the moment back to which was searched; nanoseconds.
  public var end: UInt64 = 0
  public var searchedFrom: UInt64 = 0
  /// Records that were looked at.
  public var searched = 0
  public init() {}
}

/// An event as a filter sees it, without its words made.
private struct RawEvent: FilterSubject {
  let placed: PlacedRecord
  let names: NameBook
  let clock: Clock
  let reasons: [WaitReason?]
  private var record: Record { placed.record }

  init(_ placed: PlacedRecord, _ names: NameBook, _ clock: Clock, _ reasons: [WaitReason?]) {
    (self.placed, self.names, self.clock, self.reasons) = (placed, names, clock, reasons)
  }

  func value(of field: FilterField) -> FilterValue {
    switch field {
    case .g: record.g == 0 ? .none : .number(Double(record.g))
    case .kind: .text(record.kind.map(Self.name) ?? "")
    case .lane: .text(placed.lane.name)
    case .m: .number(Double(record.m))
    case .p: p
    case .reason: reason
    case .fd: record.kind == .goPark && record.arg > 0 ? .number(Double(record.arg - 1)) : .none
    case .site: record.kind == .goCreate ? .text(names.name(UInt64(record.count)) ?? "") : .none
    case .by: record.kind == .goCreate || record.kind == .goReady ? .number(Double(record.other)) : .none
    case .text: .text(Event(placed, clock, names: names.book, reasons: reasons).text)
    default: .none
    }
  }

  private var p: FilterValue {
    if case .p(let id) = placed.lane { .number(Double(id)) } else { .none }
  }

  private var reason: FilterValue {
    guard record.kind == .goPark || record.kind == .goReady else { return .none }
    return .text(reasons[Int(record.detail)].map { "\($0)" } ?? "")
  }

  private static func name(_ kind: EventKind) -> String { kindNames[Int(kind.rawValue)] }
  /// Made once: to print a case takes longer than to compare a thousand.
  private static let kindNames = (0..<256).map { EventKind(rawValue: UInt8($0)).map { "\($0)" } ?? "" }
}

/// Names by id, each made once.
final class NameBook {
  let book: StringBook
  private var known: [UInt64: String?] = [:]
  init(_ book: StringBook) { self.book = book }
  func name(_ id: UInt64) -> String? {
    if let name = known[id] { return name }
    let name = book.string(id)
    known[id] = name
    return name
  }
}

/// Goes back through history for events. `step` looks at one piece, so that a caller may do other things in between.
struct EventSearch {
  /// Records that are looked at, at most.
  private static let most = 400_000

  private let query: EventQuery
  private let source: DetailSource
  private let to: UInt64
  private var pieces: ArraySlice<StretchPiece>
  private var found: [PlacedRecord] = []
  private var perLane: [Lane: Int] = [:]
  private var searched = 0
  private var searchedFrom: UInt64
  private let names: NameBook

  init(_ query: EventQuery, _ source: DetailSource) {
    (self.query, self.source, to) = (query, source, source.moment)
    // All of the pieces that there are; no more of them is unpacked than it takes.
    pieces = source.history.pieces(from: 0, to: source.moment)[...]
    searchedFrom = source.moment
    names = NameBook(source.history.names)
  }

  /// Looks at one more piece; false when all is done.
  mutating func step(_ decoder: RecordDecoder) -> Bool {
    guard let piece = pieces.popFirst(), searched < Self.most else { return false }
    // Pieces come by their ends, newest first: what has enough, and ends later than this one, is complete.
    if found.count >= query.limit, cutoff > piece.lastTime { return false }
    guard perLane[piece.lane, default: 0] < query.limit else { return true }
    let records = piece.records(decoder)
    for index in records.indices.reversed() {
      let record = records[index]
      if record.time > to { continue }
      searched += 1
      let placed = PlacedRecord(record: record, lane: piece.lane, position: piece.first &+ UInt64(index))
      if !query.filter.isEmpty,
        !query.filter.matches(RawEvent(placed, names, source.clock, source.history.reasons))
      {
        continue
      }
      found.append(placed)
      perLane[piece.lane, default: 0] += 1
      if perLane[piece.lane, default: 0] >= query.limit { break }
    }
    searchedFrom = min(searchedFrom, piece.firstTime)
    return true
  }

  /// The time of the oldest event that is sure to be shown.
  private var cutoff: UInt64 {
    let times = found.map(\.record.time).sorted(by: >)
    return times.count >= query.limit ? times[query.limit - 1] : 0
  }

  func result() -> EventList {
    var list = EventList()
    list.end = source.clock.nanoseconds(at: to)
    list.searchedFrom = source.clock.nanoseconds(at: searchedFrom)
    list.searched = searched
    let newest = found.sorted { ($0.record.time, $0.position) > ($1.record.time, $1.position) }
    list.events = newest.prefix(query.limit).reversed().map {
      Event($0, source.clock, names: source.history.names, reasons: source.history.reasons)
    }
    return list
  }
}
