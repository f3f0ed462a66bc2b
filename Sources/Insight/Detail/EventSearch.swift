// The search for events: back through history, newest first, until what is found is all that is wanted.
//
// §1 Far enough. The pieces of one segment are gone through by their ends, newest first. A segment's `start` is no
// earlier than any record of the segments before it (History §3), so with the pieces of all segments from number n on
// in hand, nothing that is not yet in hand ends later than the start of n. So at each step the newest record that has
// not been looked at is no later than the newest of the pieces in hand, or than that start; and when as many events as
// are wanted have been found, each of them later than that, they are the last ones. An older segment is opened only
// when nothing in hand is later than its records may be: what is found at once costs a few blocks, however long history
// is.
//
// §2 What goes on while it is searched. Between two pieces the rings are drained (Detailer §1): records that waited
// become blocks, segments begin, old ones go. So what waits is copied when the search begins, and a block that was
// sealed since then, told by its position, is passed over: it holds what was copied, or what is later than the search.
//
// §3 From one search to the next. Records are only added at each lane's end, and what has been found stays found: the
// last `limit` of all are the last `limit` of those that were found before and those that are new. So a search that is
// given what the last one found looks at records behind the position that each lane had come to then, and at nothing
// else. That holds when the last one left nothing out that belongs to this one: it asked the same, no record that it
// saw was later than its moment, and names have not changed.
import History
import Observed
import Region

/// What a search has found, and where the next one goes on.
package struct FoundEvents {
  package let wording: Wording
  /// In the order of time, oldest first.
  package fileprivate(set) var records: [PlacedRecord] = []
  /// Records that were looked at, and the moment back to which; ticks.
  package fileprivate(set) var searched = 0
  fileprivate(set) var searchedFrom: UInt64

  fileprivate let query: EventQuery
  fileprivate let moment: UInt64
  fileprivate private(set) weak var history: History?
  /// The oldest segment that records may still have been added to, and the oldest of all.
  fileprivate let segment, oldest: Int
  /// The position after the last record of each lane.
  fileprivate let ends: [Lane: UInt64]
  /// Whether it has all that there was. See §3.
  fileprivate var isWhole = true

  fileprivate init(_ query: EventQuery, _ source: DetailSource) {
    let history = source.history
    (self.query, moment, searchedFrom, self.history) = (query, source.moment, source.moment, history)
    wording = Wording(source.clock, names: history.names, reasons: history.reasons)
    (segment, oldest) = (history.numbers.last ?? history.firstNumber, history.firstNumber)
    ends = Dictionary(history.waiting.map { ($0.lane, $0.end) }) { max($0, $1) }
  }

  /// Whether a search can go on from here.
  fileprivate func leads(to next: FoundEvents) -> Bool {
    isWhole && query == next.query && moment <= next.moment && history === next.history
      && wording.names == next.wording.names && wording.reasons == next.wording.reasons
      && ends.allSatisfy { lane, end in end <= next.ends[lane] ?? 0 }
  }
}

/// Looks for events. `step` looks at one piece, so that a caller may do other things in between.
struct EventSearch {
  /// Records that are looked at: after so many, no further piece.
  package static let most = 400_000

  private let most: Int
  package private(set) var found: FoundEvents
  private let filter: EventFilter
  private let history: History
  /// What the last search knew of each lane.
  private let known: [Lane: UInt64]
  /// Where each lane's waiting records began. See §2.
  private let sealed: [Lane: UInt64]
  /// Pieces in hand, by their ends, the newest last.
  private var pieces: [StretchPiece] = []
  /// The segment that is opened next, the last one to open, and how late records in those may be. See §1.
  private var next: Int
  private let last: Int
  private var bound = UInt64.max
  private var perLane: [Lane: Int] = [:]
  private var lookedAt = 0

  /// - Parameters:
  ///   - before: what the last search found, of whatever.
  ///   - most: records after which it looks no further.
  init(
    _ query: EventQuery, _ source: DetailSource, after before: FoundEvents? = nil, most: Int = Self.most
  ) {
    (history, self.most) = (source.history, most)
    var found = FoundEvents(query, source)
    let base = before.flatMap { $0.leads(to: found) ? $0 : nil }
    filter = EventFilter(query.filter, found.wording)
    known = base?.ends ?? [:]
    sealed = Dictionary(history.waiting.map { ($0.lane, $0.first) }) { max($0, $1) }
    // What happened up to a moment is in the segment that it lies in, and in the next one: see Window.
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

  /// Looks at one more piece, or for more of them; false when all is done.
  package mutating func step(_ decoder: RecordDecoder) -> Bool {
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

  /// The time of the oldest event found, when there are as many as are wanted: no older one is.
  private var cutoff: UInt64? {
    found.records.count >= found.query.limit ? found.records.first?.record.time ?? .max : nil
  }

  // MARK: pieces

  private mutating func takeWaiting(_ lane: LaneRecorder) {
    let records = lane.records
    guard let newest = records.last else { return }
    var start = Int(clamping: max(lane.first, known[lane.lane] ?? 0) - lane.first)
    guard start < records.count else { return }
    // Of many more than are wanted, all of which are, the last are enough.
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

  /// The last of the piece's records that pass and may be among those that are wanted, in their order.
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

  /// The search ends here. All that is later than this piece, the newest in hand, has been looked at; of what is not, some
  /// lanes have been looked at and others not, and what was found there would tell half of what happened.
  private mutating func cut(before piece: StretchPiece) {
    found.records.removeAll { $0.record.time <= piece.lastTime }
    (found.searched, found.searchedFrom) = (lookedAt, piece.lastTime &+ 1)
  }
}

extension FoundEvents {
  /// History has let go what was before this segment.
  fileprivate mutating func forget(before segment: Segment?) {
    let start = segment?.start ?? .max
    records.removeAll { $0.record.time <= start }
    searchedFrom = max(searchedFrom, start)
  }
}
