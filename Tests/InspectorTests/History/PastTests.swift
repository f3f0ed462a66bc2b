import Foundation
import Region
import Testing

@testable import Exports
@testable import History
@testable import Host
@testable import Insight
@testable import Inspector
@testable import Observed
@testable import RegionSource

/// A region without a runtime, observed at chosen moments.
private final class Looks {
  let region: RegionFixture
  let source: RegionReader
  let history = History()
  let start = monotonicNow() + 3_600_000_000_000

  init(procs: Int = 2, isTracing: Bool = true) throws {
    region = RegionFixture(procs: procs)
    region[SchedField.tracing] = isTracing ? 1 : 0
    for p in 0..<procs { region[PField.since, p] = start }
    source = try region.source()
  }

  func time(_ ms: UInt64) -> UInt64 { start + ms * 1_000_000 }

  /// Makes a keyframe at a moment in milliseconds.
  func mark(_ ms: UInt64, _ findings: [Finding]? = nil, table: [GoroutineRow]? = nil) throws {
    _ = try source.drainInPlace(history.take)
    history.settle()
    source.stoppedAt = time(ms)
    history.mark(try source.observe(), findings.map { Findings($0) })
    if let table { history.attach(GoroutineList(rows: table)) }
    history.settle()
  }
}

@Suite("The past says what live did")
struct PastTests {
  // MARK: times

  @Test("idle and searching time at any moment are what they were, to the nanosecond", arguments: 0..<4)
  func idleTimes(seed: Int) throws {
    let measured = try Measured(seed: seed + 40)
    let scheduler = measured.scheduler
    var truths: [(ticks: UInt64, times: [[UInt64]])] = []
    for _ in 0..<6 {
      for _ in 0..<10 {
        scheduler.run(60)
        truths.append((scheduler.time, scheduler.pTimes))
        try measured.drain()
      }
      try measured.mark()
    }
    var player = try #require(Player(measured.history))
    for (ticks, times) in truths {
      player.seek(ticks: ticks)
      let ps = player.snapshot.ps
      #expect(ps.map(\.idleTime) == times.map { $0[PTime.Use.idle.rawValue] })
      #expect(ps.map(\.spinTime) == times.map { $0[PTime.Use.spinning.rawValue] })
    }
  }

  @Test("a P that was idle was not busy, wherever between two keyframes the moment lies")
  func idleIsNotBusy() throws {
    let looks = try Looks()
    for quarter in UInt64(0)..<8 { try looks.mark(quarter * 250) }
    var player = try #require(Player(looks.history))
    for ms in stride(from: UInt64(1), to: 1750, by: 83) {
      player.seek(to: looks.time(ms))
      let frame = player.frame(.recording)
      #expect(frame.snapshot.time == looks.time(ms) && frame.use.map { $0?.running } == [0, 0], "\(ms) ms")
    }
  }

  @Test("where events are missing nobody knows what the Ps did, and nothing is said of it")
  func unknownTimes() throws {
    let looks = try Looks()
    try looks.mark(0)
    // More records than the ring holds, so some are lost.
    for n in UInt64(0)..<100 {
      looks.region.count(.others, on: 0)
      looks.region.ring(p: 0).append(Record(n % 2 == 0 ? .mSpin : .procStop, time: looks.time(1 + n), m: 0))
    }
    try looks.mark(250)
    try looks.mark(500)
    var player = try #require(Player(looks.history))
    player.seek(to: looks.time(240))
    #expect(player.missing > 0 && player.snapshot.ps.allSatisfy { $0.idleTime == nil && $0.spinTime == nil })
    #expect(player.frame(.recording).use.allSatisfy { $0 == nil })
    player.seek(to: looks.time(400))
    #expect(player.missing == 0 && player.snapshot.ps.allSatisfy { $0.idleTime != nil })
  }

  @Test("rates and maxima of a moment are over the second before it, as live; or since the frame before")
  func windows() throws {
    let looks = try Looks()
    for quarter in UInt64(0)..<12 {
      looks.region.count(.created, on: 0, by: quarter * 10)
      try looks.mark(quarter * 250)
    }
    var player = try #require(Player(looks.history))
    player.seek(to: looks.time(2500))  // the tenth; a second before it is the sixth
    #expect(player.frame(.recording).spawnsPerSecond == 340)  // 70, 80, 90 and 100
    let since = player.frame(.recording, since: looks.time(500))  // the second
    #expect(since.spawnsPerSecond == Double((3...10).reduce(0) { $0 + $1 * 10 }) / 2)
  }

  @Test("at the beginning of a segment the last event is the latest, though another was written later")
  func lastEvent() throws {
    let looks = try Looks()
    let (first, second) = (looks.region.ring(p: 0), looks.region.ring(p: 1))
    func write(_ ring: RingWriter, _ ms: UInt64) {
      ring.append(Record(.mWake, time: looks.time(ms), m: 0, count: UInt32(ms)))
    }
    try looks.mark(0)
    write(first, 10)
    write(second, 30)
    _ = try looks.source.drainInPlace(looks.history.take)
    looks.source.stoppedAt = looks.time(40)
    let observation = try looks.source.observe()
    write(first, 20)  // by a thread that had no CPU since 20 ms
    looks.history.mark(observation)
    _ = try looks.source.drainInPlace(looks.history.take)
    looks.history.settle()
    write(first, 50)
    _ = try looks.source.drainInPlace(looks.history.take)

    var player = try #require(Player(looks.history))
    var seen = [player.lastEvent?.count]
    while player.stepBack() { seen.append(player.lastEvent?.count) }
    #expect(seen == [50, 30, 20, 10, nil])
  }

  // MARK: what is kept

  /// A keyframe in which every value is known.
  private var full: Keyframe {
    var keyframe = Keyframe()
    keyframe.snapshot = .beginning(target: .init(pid: 7, name: "x", bootTime: 3))
    (keyframe.snapshot.time, keyframe.snapshot.procs) = (1000, 1)
    var p = Snapshot.P.beginning(0)
    (p.idleTime, p.spinTime) = (5, 6)
    (p.gCache, p.stackCache) = (.init(hits: 1, misses: 2), .init(hits: 3, misses: 4))
    keyframe.snapshot.ps = [p]
    keyframe.snapshot.retired = .beginning
    keyframe.snapshot.retired?.stealsIn = 9
    keyframe.snapshot.gs.tasks = 11
    (keyframe.snapshot.netpoll.backend, keyframe.snapshot.netpoll.rearms) = (.ioUring, 12)
    keyframe.snapshot.netpoll.sysmonPolls = 13
    (keyframe.snapshot.shortages.accept, keyframe.snapshot.shortages.stack) = (14, 15)
    (keyframe.snapshot.shortages.thread, keyframe.snapshot.shortages.region) = (16, 17)
    keyframe.snapshot.pace = Pace(state: .slow, rate: 8, steps: 18, waiting: [0, 4])
    keyframe.findings = Findings([
      Finding(lint: "hog", message: "G5 (f)", g: 5, entry: "f", request: "/", value: 4.5, threshold: 3),
      Finding(lint: "netpollLate", message: "late", g: nil, entry: nil, value: 1, threshold: 2),
    ])
    return keyframe
  }

  @Test("a keyframe keeps everything that live knew")
  func keyframe() throws {
    let read = try #require(Keyframe(full.bytes))
    #expect(read.snapshot == full.snapshot && read.findings == full.findings)
    var little = full
    little.snapshot.ps[0].gCache = nil
    (little.snapshot.gs.tasks, little.snapshot.netpoll.backend) = (nil, nil)
    (little.snapshot.shortages, little.findings) = (.init(), nil)
    little.snapshot.pace = Pace(state: .held, steps: 0)
    #expect(try #require(Keyframe(little.bytes)) == little)
    little.findings = Findings([])
    #expect(try #require(Keyframe(little.bytes)).findings == Findings([]))
  }

  @Test("of an older recording what it does not have is null, not 0")
  func olderKeyframe() throws {
    var older = full
    (older.snapshot.ps[0].gCache, older.snapshot.ps[0].stackCache) = (nil, nil)
    (older.snapshot.netpoll.backend, older.snapshot.netpoll.rearms) = (nil, nil)
    older.snapshot.netpoll.sysmonPolls = nil
    // As an older version wrote it: without the sections that came later, and without what was added at the
    // ends of sections.
    var (reader, out) = (ByteReader(older.bytes), ByteWriter())
    while let tag = reader.number(), let section = reader.raw() {
      let added = [3: 6, 4: 6, 7: 3][Int(tag), default: 0]
      guard tag < 31 else { continue }
      out.number(tag)
      out.raw(Array(section.dropLast(added)))
    }
    let snapshot = try #require(Keyframe(out.bytes)).snapshot
    #expect(snapshot.procs == 1 && snapshot.ps.count == 1 && snapshot.retired == nil)
    #expect(snapshot.pace == nil)
    #expect(snapshot.shortages == .init() && snapshot.gs.tasks == nil && snapshot.netpoll.sysmonPolls == nil)
    let json = Frame(snapshot: snapshot).json
    for words in [
      #""g_cache_hits":null,"g_cache_misses":null,"stack_cache_hits":null,"stack_cache_misses":null"#,
      #""retired":{"ps":null,"ticks":null,"#, #""tasks":null"#,
      #""backend":null,"rearms":null,"sysmon_polls":null"#,
      #""shortages":{"accept":null,"stack":null,"thread":null,"region":null}"#,
    ] {
      #expect(json.contains(words), "\(words)")
    }
  }

  @Test("what lints said is said again at every moment after, until they say something else")
  func findings() throws {
    let looks = try Looks()
    let said = Finding(lint: "hog", message: "G5", g: 5, entry: nil, value: 4, threshold: 3)
    try looks.mark(0, [])
    try looks.mark(250, [said])
    try looks.mark(500)
    try looks.mark(750, [])
    var player = try #require(Player(looks.history))
    for (ms, expected) in [(100, []), (250, [said]), (600, [said]), (750, [])] as [(UInt64, [Finding])] {
      player.seek(to: looks.time(ms))
      #expect(player.frame(.recording).instruments?.findings == expected, "\(ms) ms")
    }
  }

  @Test("the rings' account at a moment is where the records have come to")
  func rings() throws {
    let watched = try Watched(seed: 60)
    for _ in 0..<3 {
      watched.scheduler.run(300)
      try watched.mark()
    }
    var player = try #require(Player(watched.history))
    player.seekToStart()
    var steps = 0
    while player.stepForward() {
      steps += 1
      guard steps % 23 == 0, let event = player.lastEvent else { continue }
      let trace = player.snapshot.trace
      let rings = try #require(trace.rings)
      #expect(rings.first { $0.lane == event.lane }?.events == event.position + 1)
      #expect(trace.events == rings.reduce(0) { $0 + $1.events })
    }
    #expect(steps > 600)
  }

  @Test("a P that is stopped between two keyframes counts with those that were")
  func retired() throws {
    let looks = try Looks(procs: 3)
    looks.region[StealField.hits, 2 * Capacity.ps + 0] = 5
    try looks.mark(0)
    let ring = looks.region.ring(m: 0)
    for (ms, kind, count) in [(10, .procsChange, 2), (20, .procRetire, 2)] as [(UInt64, EventKind, UInt32)] {
      looks.region.count(.others, on: looks.region.lane(m: 0))
      ring.append(Record(kind, time: looks.time(ms), m: 0, count: count))
    }
    looks.region[SchedField.procs] = 2
    looks.region[SchedField.psMade] = 3
    looks.region[PField.status, 2] = looks.region.raw(PStatus.stopped)
    try looks.mark(250)
    var player = try #require(Player(looks.history))
    for ms in [0, 15, 30, 240, 250] as [UInt64] {
      player.seek(to: looks.time(ms))
      let snapshot = player.snapshot
      #expect(snapshot.ps.map(\.id) == (ms < 20 ? [0, 1, 2] : [0, 1]), "\(ms) ms")
      #expect(snapshot.totalSteals == 5 && snapshot.retired?.ps == (ms < 20 ? 0 : 1))
    }
  }

  // MARK: without events

  @Test("without events moments are those of keyframes, nothing is stepped over, and nothing is made up")
  func withoutEvents() throws {
    let looks = try Looks(isTracing: false)
    for quarter in UInt64(0)..<8 {
      looks.region.count(.created, on: 0, by: 10)
      try looks.mark(quarter * 250, table: quarter == 4 ? [GoroutineRow(id: 5)] : nil)
    }
    var player = try #require(Player(looks.history))
    player.seekToStart()
    #expect(!player.hasEvents)
    for wanted in [0, 250, 500, 750] as [UInt64] {
      #expect(player.time == looks.time(wanted))
      player.advance(by: 100_000_000)
    }
    player.seek(to: looks.time(1249))
    #expect(player.time == looks.time(1000) && player.snapshot.gs.created == 50)
    #expect(player.goroutines.all.map(\.id) == [5] && player.goroutines.isComplete)
    for step in [{ $0.stepBack() }, { $0.stepForward() }] as [(inout Player) -> Bool] {
      let hasMoved = step(&player)
      #expect(!hasMoved && player.time == looks.time(1000))
    }
    // Answers say what the gauges say, and why there is no more: never that nothing happened.
    let subjects: [Subject] = [
      .scheduler, .g(5), .p(0), .m(0), .thief(0), .latency(.slice), .ring(.p(0)),
      .slice(.p(0), from: 1, to: 2),
    ]
    for subject in subjects {
      let text = player.explanation(of: subject).lines.map(\.text).joined(separator: " ")
      #expect(text.contains(Knowledge.untraced), "\(subject)")
      #expect(
        !text.contains("happened") && !text.contains("event of") && !text.contains("In the last"), "\(text)")
    }
    let frame = player.frame(.recording)
    #expect(frame.spawnsPerSecond == 40 && frame.use.map { $0?.running } == [0, 0])
    player.seek(to: looks.time(1300))
    #expect(player.goroutines.all.isEmpty && !player.goroutines.isComplete)
    try checkAbsent(frame)
    player.advance(by: .max)
    #expect(player.isAtEnd && player.time == looks.time(1750))
    player.goBack(by: 300_000_000)
    #expect(player.time == looks.time(1250))
  }

  /// Checks that what needs events is null or an empty list.
  private func checkAbsent(_ frame: Frame) throws {
    #expect(frame.snapshot.trace.absence?.contains("MPG_TRACE=0") == true)
    let json = try #require(
      try JSONSerialization.jsonObject(with: Data(frame.json.utf8)) as? [String: Any])
    let instruments = try #require(json["instruments"] as? [String: Any])
    for key in ["seconds", "ps", "ms"] { #expect((instruments[key] as? [Any])?.isEmpty == true, "\(key)") }
    func numbers(_ value: Any?) -> Int {
      if let object = value as? [String: Any] { return object.values.reduce(0) { $0 + numbers($1) } }
      return value is NSNumber ? 1 : 0
    }
    for key in ["recent", "total", "pressure", "since_ns", "recent_ns"] {
      #expect(instruments[key] != nil && numbers(instruments[key]) == 0, "\(key)")
    }
  }

  @Test("what a process without tracing left is of the last moment that the region tells of, not of now")
  func blackBoxWithoutEvents() throws {
    let region = RegionFixture()
    region[SchedField.tracing] = 0
    // Long ago, even on a machine that was started minutes ago.
    let last = monotonicNow() / 2
    for (ticks, nanoseconds, before) in [
      (HeaderField.clockTicks0, HeaderField.clockNanoseconds0, 2_000_000_000),
      (.clockTicks1, .clockNanoseconds1, 1_000_000_000),
    ] as [(HeaderField, HeaderField, UInt64)] {
      (region[ticks], region[nanoseconds]) = (last - before, last - before)
    }
    for p in 0..<2 { region[PField.since, p] = last - UInt64(p) * 7 }
    let history = try History.blackBox(region.target(pid: region.process.pid))
    let player = try #require(Player(history))
    let frame = player.frame(.blackBox)
    #expect(frame.snapshot.time == last && frame.snapshot.ps.map(\.idleTime) == [0, 7])
    try checkAbsent(frame)
  }

  // MARK: the black box

  @Test("before the end of a dead process its Ps were idle as long as the events say", arguments: 0..<3)
  func blackBoxTimes(seed: Int) throws {
    let scheduler = TimedScheduler(seed: UInt64(seed + 50))
    var truths: [(ticks: UInt64, times: [[UInt64]])] = []
    for _ in 0..<40 {
      scheduler.run(60)
      truths.append((scheduler.time, scheduler.pTimes))
    }
    // Let the last moment be that of the last record.
    while scheduler.written != scheduler.time { scheduler.run(1) }
    scheduler.showPs()
    let region = scheduler.region
    let history = try History.blackBox(region.target(pid: region.process.pid))
    var player = try #require(Player(history))
    for (ticks, times) in truths {
      player.seek(ticks: ticks)
      let ps = player.snapshot.ps
      #expect(ps.map(\.idleTime) == times.map { $0[PTime.Use.idle.rawValue] })
      #expect(ps.map(\.spinTime) == times.map { $0[PTime.Use.spinning.rawValue] })
    }
  }
}
