// Details that a viewer asks for beyond the gauges, compared with a scheduler whose truth is known.
import Glibc
import Region
import Testing

@testable import Exports
@testable import History
@testable import Host
@testable import Insight
@testable import Inspector
@testable import Observed
@testable import RegionSource

@Suite("Details")
struct DetailTests {
  private func watched(seed: Int, rounds: Int = 6) throws -> Watched {
    let watched = try Watched(seed: seed)
    for _ in 0..<rounds {
      watched.scheduler.run(400)
      try watched.mark()
    }
    watched.scheduler.run(150)
    try watched.drain()  // the last records are not compressed yet
    return watched
  }

  private func source(_ watched: Watched, at moment: UInt64? = nil) throws -> DetailSource {
    let observation = try watched.source.observe()
    return DetailSource(
      history: watched.history, clock: observation.clock, moment: moment ?? watched.scheduler.time,
      snapshot: observation.snapshot)
  }

  /// All records of the history, in order of time.
  private func everything(_ watched: Watched) throws -> [Event] {
    try found(EventQuery(limit: .max / 2), source(watched))
  }

  private func found(_ query: EventQuery, _ source: DetailSource) -> [Event] {
    var search = EventSearch(query, source)
    let decoder = RecordDecoder()
    while search.step(decoder) {}
    return EventList(search.found, to: source.moment).events
  }

  @Test("the last events are the last of all, in order, none twice and none left out", arguments: 0..<4)
  func lastEvents(seed: Int) throws {
    let watched = try watched(seed: seed)
    let all = try everything(watched)
    // Every move wrote one record, and the history has them all, compressed or not.
    #expect(all.count > 2000)
    #expect(zip(all, all.dropFirst()).allSatisfy { $0.time <= $1.time })
    #expect(Set(all.map { "\($0.lane) \($0.position)" }).count == all.count)
    for limit in [1, 10, 300] {
      #expect(
        try found(EventQuery(limit: limit), source(watched)).map(\.position)
          == all.suffix(limit).map(\.position))
    }
  }

  @Test("a filter finds those that it lets through, however far back", arguments: 0..<4)
  func filteredEvents(seed: Int) throws {
    let watched = try watched(seed: seed)
    let all = try everything(watched)
    for (text, holds) in [
      ("kind:goCreate", { $0.kind == .goCreate }), ("g:3", { $0.g == 3 }),
      ("p:1 kind:goPark", { $0.kind == .goPark && $0.lane == .p(1) }),
      (
        "reason:sleep",
        { ($0.kind == .goPark || $0.kind == .goReady) && $0.detail == WaitReason.sleep.rawValue }
      ),
      ("parks mutex", { $0.text.contains("parks") && $0.text.contains("mutex") }), ("m:2", { $0.m == 2 }),
    ] as [(String, (Event) -> Bool)] {
      let events = try found(EventQuery(filter: Filter(text), limit: 50), source(watched))
      #expect(events == all.filter(holds).suffix(50), "\(text)")
      #expect(!events.isEmpty, "\(text)")
    }
  }

  @Test(
    "who is called away gets no answer to a new question, keeps the old one, and has both once there is time")
  func calledAway() throws {
    let watched = try watched(seed: 1)
    var detailer = Detailer()
    var interest = Interest()
    interest.events = EventQuery(filter: Filter("kind:goCreate"), limit: 10)
    interest.timeline = TimelineSpan(length: 1_000_000_000, columns: 40)
    var pieces = 0
    func look(_ isAway: Bool) throws -> Detail {
      pieces = 0
      return detailer.look(
        interest, try source(watched), isLive: true, breathe: { pieces += 1 }, isCalledAway: { isAway })
    }

    var detail = try look(true)
    // Each search did one piece of work and then stopped.
    #expect(detail.events == nil && detail.timeline == nil && pieces == 2)
    detail = try look(false)
    let first = try #require(detail.events)
    #expect(first.events.count == 10 && detail.timeline != nil && pieces > 2)
    // The search resumes when its last result may be outdated, which depends on how long the search took.
    watched.scheduler.run(400)
    try watched.drain()
    for _ in 0..<50 {
      usleep(2000)
      detail = try look(true)
      #expect(detail.events == first && detail.timeline != nil)
    }
    interest.events = EventQuery(filter: Filter("kind:goExit"), limit: 10)
    #expect(try look(true).events == nil)
    interest.events = EventQuery(filter: Filter("kind:goCreate"), limit: 10)
    #expect(try look(true).events == first)
  }

  @Test("at a past moment only what had happened then is found", arguments: 0..<3)
  func eventsOfThePast(seed: Int) throws {
    let watched = try watched(seed: seed)
    let all = try everything(watched)
    let source = try source(watched)
    let moment = source.clock.ticks(at: all[all.count / 2].time)
    let events = found(EventQuery(limit: 20), try self.source(watched, at: moment))
    #expect(events.last.map { $0.time <= all[all.count / 2].time } == true && events.count == 20)
  }

  @Test("the timeline's columns hold all of the time, and give each P the Gs that it ran", arguments: 0..<4)
  func timelineIsTruth(seed: Int) throws {
    let watched = try watched(seed: seed)
    for length in [100_000, 1_000_000] as [UInt64] {
      // A while after the last move, so that the last column shows only what runs now.
      let source = try source(watched, at: watched.scheduler.time + length / 40)
      for columns in [1, 7, 80] {
        var builder = TimelineBuilder(TimelineSpan(length: length, columns: columns), source)
        let decoder = RecordDecoder()
        while builder.step(decoder) {}
        let timeline = builder.result()
        #expect(
          timeline.rows.map(\.id) == [0, 1, 2] && timeline.rows.allSatisfy { $0.slots.count == columns })
        for row in timeline.rows {
          let known = row.slots.reduce(0) { $0 + Double($1.known) }
          #expect(abs(known - Double(length)) < Double(length) / 1000)
          if columns == 80, let g = watched.scheduler.onPs[row.id] { #expect(row.slots.last?.g == g) }
        }
        let starts = timeline.rows.flatMap(\.slots).reduce(0) { $0 + Int($1.starts) }
        let from = timeline.start
        #expect(starts == (try everything(watched)).count { $0.kind == .goStart && $0.time > from })
      }
    }
  }

  @Test("what polls found is counted by who polled and by how much")
  func polls() {
    let records = [0, 1, 1, 2, 3, 4, 127, 128, 5000].enumerated().map { index, gs in
      Record(.netpoll, time: UInt64(index + 5), m: 1, detail: UInt8(index % 3), count: UInt32(gs))
    }
    let polls = Polls(records, Clock(ticks: 0, nanoseconds: 0, nanosecondsPerTick: 2))
    #expect((polls.first, polls.last) == (10, 26))
    #expect(polls.batches == [1, 2, 2, 1, 0, 0, 0, 1, 2])
    #expect((polls.byThread, polls.bySearching, polls.bySysmon) == (3, 3, 3) && polls.largest == 5000)
    #expect(
      (0..<Polls.classes).map(Polls.label) == [
        "0", "1", "2-3", "4-7", "8-15", "16-31", "32-63", "64-127", "128+",
      ])
  }

  @Test("lines of /proc/net/tcp and tcp6 become addresses")
  func addresses() {
    func parse(_ text: String) -> (inode: UInt64, Socket)? { SocketWatch.parse(Array(text.utf8)[...]) }
    let rest = "00000000:00000000 00:00000000 00000000  1000        0"
    let four = parse("   0: 0100007F:1F90 0200A8C0:9C44 01 \(rest) 34567 1 0000")
    #expect(four?.inode == 34_567 && four?.1.local == "127.0.0.1:8080" && four?.1.peer == "192.168.0.2:40004")
    let listening = parse(
      "   1: 00000000000000000000000001000000:0050 00000000000000000000000000000000:0000 0A \(rest) 9 1")
    #expect(listening?.1.isListening == true && listening?.1.peer == nil && listening?.1.local == "[::1]:80")
    let mapped = parse(
      "   2: 0000000000000000FFFF00000100007F:1F90 0000000000000000FFFF00000100007F:0001 01 \(rest) 8 1")
    #expect(mapped?.1.peer == "127.0.0.1:1")
    for noise in [
      "", "   3:", "sl local rem st", "  0: X:Y Z:1 01 \(rest) 5 1", "  0: 01:1 0100:2 01 \(rest) 0 1",
    ] {
      #expect(parse(noise)?.1.local == nil)
    }
  }

  @Test("the system's view of a thread is read, and its share of a core is between nothing and all of it")
  func threads() throws {
    let me = ProcessIdentity.current
    var watch = ThreadWatch()
    let places = ThreadPlaces(pid: me, isForeign: false)
    let first = watch.look(places, tids: [me, -1, 2_000_000_000])
    #expect(Set(first.keys) == [me])
    let thread = try #require(first[me])
    #expect("RSD".contains(thread.state) && thread.voluntary > 0)
    let later = watch.look(places, tids: [me])
    #expect(later[me]?.use.map { (0...1).contains($0) } == true)
  }
}

extension ProcessIdentity {
  /// The id of this process, which is also the id of its main thread.
  fileprivate static var current: Int32 {
    let stat = smallFile("/proc/self/stat", limit: 64) ?? []
    return Int32(String(decoding: stat.prefix { $0 != UInt8(ascii: " ") }, as: UTF8.self)) ?? 0
  }
}
