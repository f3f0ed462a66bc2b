// The search for events must find what a full scan finds, whatever happened between two searches.
import Region
import TestSupport
import Testing

@testable import Exports
@testable import History
@testable import Insight
@testable import Inspector
@testable import Observed
@testable import RegionSource

@Suite("Event search")
struct EventSearchTests {
  private static let filters = [
    "", "kind:goCreate", "g:3", "p:1 kind:goPark", "!kind:go", "lane:M", "!p:0", "reason:sleep|mutex", "m:2",
    "parks mutex", "kind:go g:1|2|7 !reason:sleep", "kind:netpoll",
  ]

  /// All records up to a moment that pass the filter, in order of time.
  private func everything(_ watched: Watched, to moment: UInt64, _ filter: Filter) throws -> [PlacedRecord] {
    let history = watched.history
    let wording = Wording(try clock(watched), names: history.names, reasons: history.reasons)
    var all: [PlacedRecord] = []
    func add(_ records: [Record], _ lane: Lane, _ first: UInt64) {
      for (index, record) in records.enumerated() where record.time <= moment {
        let placed = PlacedRecord(record: record, lane: lane, position: first + UInt64(index))
        if filter.matches(Event(placed, wording)) { all.append(placed) }
      }
    }
    let decoder = RecordDecoder()
    for block in history.segments.flatMap(\.blocks) {
      var records: [Record] = []
      #expect(
        decoder.decode(block.payload.bytes ?? [], count: block.count, from: block.firstTime, into: &records))
      add(records, block.lane, block.first)
    }
    for lane in history.waiting { add(lane.records, lane.lane, lane.first) }
    return all.sorted { $0.record.time < $1.record.time }
  }

  private func clock(_ watched: Watched) throws -> Clock { try watched.source.observe().clock }

  private func source(_ watched: Watched, at moment: UInt64) throws -> DetailSource {
    let observation = try watched.source.observe()
    return DetailSource(
      history: watched.history, clock: observation.clock, moment: moment, snapshot: observation.snapshot)
  }

  private func search(
    _ query: EventQuery, _ source: DetailSource, after last: FoundEvents? = nil,
    most: Int = EventSearch.most, breathe: () throws -> Void = {}
  ) throws -> FoundEvents {
    var search = EventSearch(query, source, after: last, most: most)
    let decoder = RecordDecoder()
    while search.step(decoder) { try breathe() }
    return search.found
  }

  /// Does what may happen between two searches: moves, drains, keyframes whole and pending, or nothing.
  private func goOn(_ watched: Watched, _ dice: inout Dice) throws {
    for _ in 0..<dice.below(4) {
      watched.scheduler.run([0, 1, 30, 200][dice.below(4)])
      switch dice.below(4) {
      case 0: try watched.mark()
      case 1: watched.history.mark(try watched.source.observe())  // the boundaries come later
      default: try watched.drain()
      }
    }
  }

  @Test(
    "finds what going through everything finds, from the start and from the last search on", arguments: 0..<8)
  func equalsEverything(seed: Int) throws {
    var dice = Dice(UInt64(seed))
    // Small rings lose records. The lost records' positions stay empty.
    let watched = try Watched(seed: seed, ringRecords: seed % 3 == 0 ? 64 : 1 << 14, halfDone: seed % 2 * 100)
    var (query, last, fromLast) = (EventQuery(), nil as FoundEvents?, 0)
    for round in 0..<30 {
      try goOn(watched, &dice)
      if round % 5 == 0 {
        let filter = Filter(Self.filters[dice.below(Self.filters.count)])
        query = EventQuery(filter: filter, limit: [1, 10, 300, 5000][dice.below(4)])
      }
      let now = watched.scheduler.time
      let source = try source(watched, at: now)
      let expected = try everything(watched, to: now, query.filter)
      let wanted = Array(expected.suffix(query.limit))
      let found = try search(query, source, after: last)
      #expect(found.records == wanted, "\(query.filter.source), \(query.limit), round \(round)")
      let anew = try search(query, source)
      #expect(anew.records == wanted)
      if found.searched > anew.searched { fromLast += 1 }
      last = found
      // A moment of the past, when later results are already at hand.
      let past = now - UInt64(dice.below(400_000))
      let then = expected.filter { $0.record.time <= past }
      #expect(
        try search(query, self.source(watched, at: past), after: last).records
          == Array(then.suffix(query.limit)))
    }
    #expect(fromLast > 0)
  }

  @Test("what comes in while it searches is found by the next search, and nothing twice", arguments: 0..<6)
  func eventsInBetween(seed: Int) throws {
    var dice = Dice(UInt64(seed))
    let watched = try Watched(seed: seed)
    let query = EventQuery(filter: Filter(Self.filters[seed]), limit: 4000)
    var last: FoundEvents?
    for _ in 0..<12 {
      try goOn(watched, &dice)
      let now = watched.scheduler.time
      let expected = try everything(watched, to: now, query.filter)
      var left = 4
      let found = try search(query, source(watched, at: now), after: last) {
        left -= 1
        if left >= 0 { try goOn(watched, &dice) }
      }
      #expect(found.records == expected.suffix(query.limit))
      last = found
    }
  }

  @Test("records that come late, with a moment that a search has passed, are found by the next one")
  func lateRecords() throws {
    let watched = try Watched(seed: 1)
    watched.scheduler.run(300)
    let now = watched.scheduler.time
    // These events are in the rings and not drained yet.
    let first = try search(EventQuery(limit: 5000), source(watched, at: now))
    try watched.drain()
    let second = try search(EventQuery(limit: 5000), source(watched, at: now), after: first)
    #expect(second.records.count > first.records.count + 100)
    #expect(try second.records == everything(watched, to: now, .everything))
  }

  @Test("a record later than the moment, as noise may be, is not lost to the next search")
  func futureRecords() throws {
    let watched = try Watched(seed: 2)
    watched.scheduler.run(500)
    try watched.drain()
    let early = watched.scheduler.time - 100_000
    let first = try search(EventQuery(limit: 5000), source(watched, at: early))
    let second = try search(
      EventQuery(limit: 5000), source(watched, at: watched.scheduler.time), after: first)
    #expect(try second.records == everything(watched, to: watched.scheduler.time, .everything))
  }

  @Test("a search that is cut short tells all that happened back to where it says", arguments: 0..<6)
  func cutShort(seed: Int) throws {
    var dice = Dice(UInt64(seed))
    let watched = try Watched(seed: seed)
    let query = EventQuery(filter: Filter(Self.filters[seed]), limit: 100_000)
    var (last, cuts) = (nil as FoundEvents?, 0)
    for _ in 0..<12 {
      watched.scheduler.run(400)
      try goOn(watched, &dice)
      let now = watched.scheduler.time
      let expected = try everything(watched, to: now, query.filter)
      for before in [nil, last] {
        let found = try search(query, source(watched, at: now), after: before, most: 300)
        #expect(found.records == expected.filter { $0.record.time >= found.searchedFrom })
        if found.records.count < expected.count { cuts += 1 }
        last = found
      }
    }
    #expect(cuts > 10)
  }

  @Test("more records than a block holds, which became blocks at once, are each found once", arguments: 0..<3)
  func severalBlocksAtOnce(seed: Int) throws {
    let watched = try Watched(seed: seed, ringRecords: 1 << 16)
    let query = EventQuery(limit: 1_000_000)
    let first = try search(query, source(watched, at: watched.scheduler.time))
    watched.scheduler.run(45_000)
    watched.history.mark(try watched.source.observe())
    let now = watched.scheduler.time
    var left = 1
    let second = try search(query, source(watched, at: now), after: first) {
      left -= 1
      if left == 0 { try watched.drain() }
    }
    let third = try search(query, source(watched, at: now), after: second)
    #expect(watched.history.segments.contains { $0.blocks.count { $0.count == RecordEncoder.most } > 1 })
    #expect(try third.records == everything(watched, to: now, .everything))
  }

  @Test("what history has let go is let go", arguments: ["", "kind:goCreate"])
  func forgets(filter: String) throws {
    let watched = try Watched(seed: 3, limits: HistoryLimits(bytes: 60_000))
    let query = EventQuery(filter: Filter(filter), limit: 1_000_000)
    var last: FoundEvents?
    for _ in 0..<40 {
      watched.scheduler.run(600)
      try watched.mark()
      let now = watched.scheduler.time
      let found = try search(query, source(watched, at: now), after: last)
      let start = watched.history.segment(watched.history.firstNumber)?.start ?? 0
      let expected = try everything(watched, to: now, query.filter).filter { $0.record.time > start }
      // Records at or before the start of the first segment may lie in that segment, or in one that was
      // dropped.
      #expect(found.records.filter { $0.record.time > start } == expected)
      #expect(watched.history.firstNumber == 0 || found.records.count <= expected.count + 600)
      last = found
    }
    #expect(watched.history.firstNumber > 5)
  }

  @Test("another question, or another history, begins anew")
  func anotherQuestion() throws {
    let (a, b) = (try Watched(seed: 4), try Watched(seed: 5))
    for watched in [a, b] {
      watched.scheduler.run(900)
      try watched.drain()
    }
    let query = EventQuery(limit: 3000)
    let ofA = try search(query, source(a, at: a.scheduler.time))
    let later = max(a.scheduler.time, b.scheduler.time)
    let ofB = try search(query, source(b, at: later), after: ofA)
    #expect(try ofB.records == everything(b, to: later, .everything))
    let filtered = EventQuery(filter: Filter("kind:goPark"), limit: 3000)
    #expect(
      try search(filtered, source(b, at: later), after: ofB).records
        == everything(b, to: later, filtered.filter))
  }

  @Test("the next search unpacks nothing that the last one knew")
  func unpacksNothingAgain() throws {
    let watched = try Watched(seed: 6)
    for _ in 0..<10 {
      watched.scheduler.run(500)
      try watched.mark()
    }
    let query = EventQuery(filter: Filter("kind:goCreate"), limit: 1000)
    let first = try search(query, source(watched, at: watched.scheduler.time))
    #expect(first.searched > 3000)
    watched.scheduler.run(100)
    try watched.mark()
    let second = try search(query, source(watched, at: watched.scheduler.time), after: first)
    #expect((1...100).contains(second.searched - first.searched))
  }

  @Test("a list of events finds its words when they are asked for, the same as ever")
  func words() throws {
    let watched = try Watched(seed: 7)
    watched.scheduler.run(300)
    try watched.drain()
    let now = watched.scheduler.time
    let found = try search(EventQuery(limit: 50), source(watched, at: now))
    let list = EventList(found, to: now)
    let (names, reasons) = (watched.history.names, watched.history.reasons)
    #expect(list.events.count == 50)
    for (event, placed) in zip(list.events, found.records) {
      let alone = Event(placed, try clock(watched), names: names, reasons: reasons)
      #expect(event.text == alone.text && event.position == placed.position)
    }
  }
}
