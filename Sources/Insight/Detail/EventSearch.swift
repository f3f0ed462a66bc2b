// The search for events. It goes back through the history, newest first, until it has found all events that
// are wanted.
//
// §1 Far enough. A piece is a block of a segment, or what waits in one lane to become a block. A piece is in
// hand (a block from the moment at which its segment is opened) until it is looked at; the piece that ends last
// comes first. A segment's `start` is no earlier than any record of the segments before it (History §3). So
// when all segments from number n on are opened, no other piece ends later than the start of segment n. Then
// the newest record that has not been looked at is no later than the newest end of a piece in hand, or than
// that start, whichever is later. If as many events have been found as are wanted, and each of them is later
// than that bound, they are the last ones. An older segment is opened only when no piece in hand ends later
// than that segment's records may. So a search that finds its events soon costs a few blocks, however long the
// history is.
//
// §2 Changes during the search. Between two pieces the rings are drained (Detailer §1): waiting records
// become blocks, segments begin, and old ones go. So the waiting records are copied when the search begins. A
// block that was sealed since then is known by its position, and is skipped: its records were copied, or are
// later than the moment of the search.
//
// §3 From one search to the next. Records are only added at the end of each lane, and what was found stays
// found. So the last `limit` events of all are among those that were found before and those that are new. If
// a search is given the result of the last one, it looks only at records behind the positions to which the
// lanes had come then. This is right only if the last search left out nothing that the new one wants: it
// asked the same question, it saw no record later than its moment, and no names have changed since.
import History
import Observed
import Region

/// The result of a search, and the place from where the next search goes on.
package struct FoundEvents {
  package let wording: Wording
  /// The events that were found, in the order of time, oldest first.
  package fileprivate(set) var records: [PlacedRecord] = []
  /// How many records were looked at.
  package fileprivate(set) var searched = 0
  /// The moment back to which records were looked at, in ticks.
  fileprivate(set) var searchedFrom: UInt64

  fileprivate let query: EventQuery
  fileprivate let moment: UInt64
  fileprivate private(set) weak var history: History?
  /// The oldest segment that may have got more records since this search, and the oldest segment of all.
  fileprivate let segment, oldest: Int
  /// The position after the last record of each lane.
  fileprivate let ends: [Lane: UInt64]
  /// Whether the search has looked at every record that it had to look at, so that a later search may go on
  /// from its result. False if it was cut short. See §3.
  fileprivate var isWhole = true

  fileprivate init(_ query: EventQuery, _ source: DetailSource) {
    let history = source.history
    (self.query, moment, searchedFrom, self.history) = (query, source.moment, source.moment, history)
    wording = Wording(source.clock, names: history.names, reasons: history.reasons)
    (segment, oldest) = (history.numbers.last ?? history.firstNumber, history.firstNumber)
    ends = Dictionary(history.waiting.map { ($0.lane, $0.end) }) { max($0, $1) }
  }

  /// Whether the next search can go on from here. See §3.
  fileprivate func leads(to next: FoundEvents) -> Bool {
    isWhole && query == next.query && moment <= next.moment && history === next.history
      && wording.names == next.wording.names && wording.reasons == next.wording.reasons
      && ends.allSatisfy { lane, end in end <= next.ends[lane] ?? 0 }
  }
}

/// Looks for events. `step` looks at one piece, so that a caller may do other things in between.
struct EventSearch {
  /// Maximum number of records that one search looks at.
  static let most = 400_000

  private let most: Int
  private(set) var found: FoundEvents
  private let filter: EventFilter
  private let history: History
  /// The position that the last search had reached in each lane.
  private let known: [Lane: UInt64]
  /// The position of each lane's first waiting record when this search began. See §2.
  private let sealed: [Lane: UInt64]
  /// The pieces in hand, which are not looked at yet, in the order of their ends, the newest last. See §1.
  private var pieces: [StretchPiece] = []
  /// The number of the segment that is opened next.
  private var next: Int
  /// The number of the last segment to open, which is the oldest.
  private let last: Int
  /// The upper bound for the times of records in the segments that are not opened yet, in ticks. See §1.
  private var bound = UInt64.max
  /// How many events were found in each lane.
  private var perLane: [Lane: Int] = [:]
  /// How many records this search has looked at.
  private var lookedAt = 0

  /// - Parameters:
  ///   - before: the result of the last search, whatever it asked.
  ///   - most: maximum number of records that are looked at.
  init(
    _ query: EventQuery, _ source: DetailSource, after before: FoundEvents? = nil, most: Int = Self.most
  ) {
    (history, self.most) = (source.history, most)
    var found = FoundEvents(query, source)
    let base = before.flatMap { $0.leads(to: found) ? $0 : nil }
    filter = EventFilter(query.filter, found.wording)
    known = base?.ends ?? [:]
    sealed = Dictionary(history.waiting.map { ($0.lane, $0.first) }) { max($0, $1) }
    // The events up to a moment are in the segment in which the moment lies, and in the next one: see Window.
    next = min(history.newest, (history.number(at: source.moment) ?? history.newest) + 1)
    last = base?.segment ?? history.firstNumber
    if next < history.newest { found.isWhole = false }
    if let base {
      (found.records, found.searched, found.searchedFrom) = (base.records, base.searched, base.searchedFrom)
      if history.firstNumber > base.oldest { found.forget(before: history.segment(history.firstNumber)) }
    }
    self.found = found
    for lane in history.waiting { takeWaiting(lane) }
    pieces.sort { $0.lastTime < $1.lastTime }
  }

  /// Looks at one more piece, or opens one more segment. Returns false when the search is done.
  mutating func step(_ decoder: RecordDecoder) -> Bool {
    let newest = pieces.last?.lastTime ?? 0
    let isOpen = next >= last && bound >= newest
    guard !pieces.isEmpty || isOpen, cutoff.map({ $0 <= max(newest, isOpen ? bound : 0) }) ?? true else {
      return false
    }
    if isOpen {
      open()
      return true
    }
    guard let piece = pieces.popLast() else { return false }
    guard lookedAt < most else {
      cut(before: piece)
      return false
    }
    look(at: piece, decoder)
    return true
  }

  /// The time, in ticks, of the oldest event found, if as many events have been found as are wanted: then no older
  /// events are needed. nil: more events are needed.
  private var cutoff: UInt64? {
    found.records.count >= found.query.limit ? found.records.first?.record.time ?? .max : nil
  }

  // MARK: pieces

  private mutating func takeWaiting(_ lane: LaneRecorder) {
    let records = lane.records
    guard let newest = records.last else { return }
    var start = Int(clamping: max(lane.first, known[lane.lane] ?? 0) - lane.first)
    guard start < records.count else { return }
    // Without a filter every record passes, so the last `limit` records are enough.
    if found.query.filter.isEmpty, newest.time <= found.moment {
      start = max(start, records.count - max(1, found.query.limit))
    }
    pieces.append(StretchPiece(lane, records[start...]))
  }

  private mutating func open() {
    guard let segment = history.segment(next) else {
      next = last - 1
      return
    }
    for block in segment.blocks {
      if sealed[block.lane] == nil { found.isWhole = false }
      guard block.first < sealed[block.lane] ?? .max, block.end > known[block.lane] ?? 0 else { continue }
      pieces.append(StretchPiece(block))
    }
    pieces.sort { $0.lastTime < $1.lastTime }
    (next, bound) = (next - 1, segment.start)
  }

  // MARK: looking

  private mutating func look(at piece: StretchPiece, _ decoder: RecordDecoder) {
    if piece.lastTime > found.moment { found.isWhole = false }
    guard piece.firstTime <= found.moment, perLane[piece.lane, default: 0] < found.query.limit else { return }
    found.searchedFrom = min(found.searchedFrom, piece.firstTime)
    guard filter.passes(piece.lane) else { return note(piece.count) }
    let fresh = passing(piece, piece.records(decoder))
    guard !fresh.isEmpty else { return }
    perLane[piece.lane, default: 0] += fresh.count
    found.records = Window.merge([found.records, fresh])
    found.records.removeFirst(max(0, found.records.count - found.query.limit))
  }

  /// The records of a piece that pass the filter and may be wanted: at most the last `limit` of them, in
  /// their order.
  private mutating func passing(_ piece: StretchPiece, _ records: [Record]) -> [PlacedRecord] {
    var fresh: [PlacedRecord] = []
    let cutoff = cutoff ?? 0
    let known = known[piece.lane] ?? 0
    for index in records.indices.reversed() where fresh.count < found.query.limit {
      let record = records[index]
      let position = piece.first &+ UInt64(index)
      guard position >= known else { break }
      note(1)
      if record.time < cutoff || !filter.passes(record, on: piece.lane) { continue }
      guard record.time <= found.moment else {
        found.isWhole = false
        continue
      }
      fresh.append(PlacedRecord(record: record, lane: piece.lane, position: position))
    }
    return fresh.reversed()
  }

  private mutating func note(_ count: Int) {
    lookedAt += count
    found.searched += count
  }

  /// Ends the search before this piece, which is the newest in hand. Everything later than this piece has
  /// been looked at. Of the time up to its end, only some lanes have been looked at. The events that were
  /// found in that time would show half of what happened, so they are dropped.
  private mutating func cut(before piece: StretchPiece) {
    found.records.removeAll { $0.record.time <= piece.lastTime }
    (found.searched, found.searchedFrom) = (lookedAt, piece.lastTime &+ 1)
  }
}

extension FoundEvents {
  /// Drops the events before this segment, because the history has dropped them.
  fileprivate mutating func forget(before segment: Segment?) {
    let start = segment?.start ?? .max
    records.removeAll { $0.record.time <= start }
    searchedFrom = max(searchedFrom, start)
  }
}
