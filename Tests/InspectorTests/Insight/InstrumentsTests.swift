import Region
import TestSupport
import Testing

@testable import Exports
@testable import History
@testable import Insight
@testable import Inspector
@testable import Observed
@testable import RegionSource

/// A timed scheduler that is observed as a sampler observes a process.
final class Measured {
  let scheduler: TimedScheduler
  let source: RegionReader
  let history = History()
  let meters = LiveMeters(reasons: WaitReason.all)

  init(
    seed: Int, procs: Int = 3, ringRecords: Int = 1 << 14, longestStep: Int = 300_000, phase: UInt64 = 0
  ) throws {
    scheduler = TimedScheduler(
      seed: UInt64(seed), procs: procs, ringRecords: ringRecords, longestStep: longestStep, phase: phase)
    source = try scheduler.region.source()
    history.follower = meters
    try mark()
  }

  func drain() throws {
    _ = try source.drainInPlace(history.take)
    history.settle(upTo: scheduler.time)
  }

  func mark() throws {
    try drain()
    scheduler.showPs()
    source.stoppedAt = scheduler.time
    history.mark(try source.observe())
    try drain()
  }

  /// Runs for some seconds, with a keyframe now and then.
  func run(segments: Int = 12) throws {
    for _ in 0..<segments {
      for _ in 0..<10 {
        scheduler.run(60)
        try drain()
      }
      try mark()
    }
  }

  var activity: Activity { meters.meter.result().total }
}

@Suite("Instruments")
struct InstrumentsTests {
  @Test(
    "lengths of time are those of the events: as many, as long together, and spread alike", arguments: 0..<4)
  func spans(seed: Int) throws {
    let measured = try Measured(seed: seed)
    try measured.run()
    let (seconds, total) = measured.meters.meter.result()
    for kind in SpanKind.allCases {
      let truth = try #require(measured.scheduler.spans[kind]).sorted()
      let spans = total.spans[kind]
      #expect(
        Int(spans.count) == truth.count && spans.sum == truth.reduce(0, +) && spans.longest == truth.last)
      for percent in [50.0, 90, 99] {
        let exact = Double(
          truth[min(truth.count, Int((Double(truth.count) * percent / 100).rounded(.up))) - 1])
        #expect(abs(Double(spans.percentile(percent)) - exact) <= exact / 50 + 1)
      }
      #expect(spans.powersOfTwo.reduce(0, +) == spans.count)
      #expect(seconds.reduce(0) { $0 + $1.activity.spans[kind].count } == spans.count)
    }
    #expect(Int(total.starts) == measured.scheduler.starts)
    #expect(Int(total.preemptions) == measured.scheduler.preemptions)
    let searches = measured.scheduler.searches
    #expect(Int(total.searches) == searches.ended && Int(total.found) == searches.found)
    #expect(total.longestSlice?.nanoseconds == measured.scheduler.spans[.slice]?.max())
  }

  @Test(
    "the time of each P and M is what it did, to the nanosecond, and adds up to the window", arguments: 0..<4)
  func times(seed: Int) throws {
    let measured = try Measured(seed: seed + 10)
    try measured.run()
    let (scheduler, total) = (measured.scheduler, measured.activity)
    #expect(total.ps.map(\.times) == scheduler.pTimes)
    #expect(total.ps.allSatisfy { $0.total == scheduler.time - scheduler.start && $0[.unknown] == 0 })
    for m in total.ms {
      #expect([m.running, m.scheduling, m.spinning, m.syscall] == scheduler.mTimes[m.m])
    }
    #expect(Set(total.ms.map(\.m)) == Set(scheduler.mTimes.filter { $0.value != [0, 0, 0, 0] }.keys))
    let instruments = Instruments(measured.meters.meter, Pressure(), Census(), Snapshot())
    for m in instruments.total.ms {
      #expect(
        m.running + m.scheduling + m.spinning + m.syscall + m.withoutP == scheduler.time - scheduler.start)
    }
  }

  @Test("each length has a slot that is narrow, and whose middle lies in it")
  func slots() {
    var dice = Dice(1)
    let lengths = (0..<64).flatMap { bit in [1 << UInt64(bit), (1 << UInt64(bit)) - 1] as [UInt64] }
    let more = (0..<10_000).map { _ in UInt64.random(in: 0...UInt64.max) >> UInt64(dice.below(64)) }
    for length in lengths + more {
      let slot = SpanTally.slot(length)
      let middle = SpanTally.middle(slot)
      #expect(slot >= 0 && slot < SpanTally.slots && SpanTally.slot(middle) == slot)
      #expect(max(length, middle) - min(length, middle) <= length / 128 + 1)
    }
  }

  @Test("each second's time is a second for every P, and the seconds add up to the whole")
  func seconds() throws {
    let measured = try Measured(seed: 20, longestStep: 3_000_000)
    try measured.run()
    let seconds = measured.meters.meter.result().seconds
    #expect(seconds.count > 5)
    for second in seconds.dropFirst().dropLast() {
      #expect(second.activity.ps.map(\.total) == [1_000_000_000, 1_000_000_000, 1_000_000_000])
    }
    #expect(zip(seconds, seconds.dropFirst()).allSatisfy { $0.number + 1 == $1.number })
    let sum = seconds.reduce(into: Activity()) { $0.add($1.activity) }
    #expect(sum.ps == measured.activity.ps && sum.spans == measured.activity.spans)
  }

  @Test("pressure is what was, and adds up to the window", arguments: 0..<4)
  func pressure(seed: Int) throws {
    let measured = try Measured(seed: seed + 30)
    try measured.run()
    measured.history.flush()
    let decoder = RecordDecoder()
    for number in measured.history.numbers.dropLast() {
      let window = try #require(Window(number, of: measured.history, decoder))
      let end = try #require(window.end)
      var truth = Pressure()
      for stretch in measured.scheduler.stretches where stretch.end > window.start && stretch.start < end {
        truth[keyPath: stretch.pressure] += min(stretch.end, end) - max(stretch.start, window.start)
      }
      let pressure = try #require(window.pressure(after: window.events.count, at: end))
      #expect(pressure == truth && pressure.measured == end - window.start)
    }
  }

  @Test("a live viewer measures pressure in stretches, each of which is what was", arguments: 0..<3)
  func livePressure(seed: Int) throws {
    let measured = try Measured(seed: seed + 70, longestStep: 30_000)
    let begun = measured.scheduler.time
    try measured.run()
    try measured.mark()
    let (pressure, scheduler) = (measured.meters.pressure.recent, measured.scheduler)
    // Here each keyframe follows the one before it without a pause, so the stretches cover all of the time.
    var truth = Pressure()
    for stretch in scheduler.stretches { truth[keyPath: stretch.pressure] += stretch.end - stretch.start }
    #expect(pressure == truth && pressure.measured == scheduler.time - begun)
  }

  @Test("the steal matrix adds up to what the Ps count, now and rebuilt from events")
  func steals() throws {
    let measured = try Measured(seed: 40, procs: 4)
    try measured.run()
    measured.history.flush()
    let now = try measured.source.snapshot()
    let past = try #require(Player(measured.history)?.model.snapshot.steals)
    let matrix = try #require(now.steals)
    #expect(matrix.pairs.count == 12 && !matrix.isCut)
    for p in now.ps {
      let row = matrix.pairs.filter { $0.thief == p.id }
      #expect(row.compactMap(\.tries).reduce(0, +) == p.stealTries && row.allSatisfy { $0.tries != nil })
      #expect(row.reduce(0) { $0 + $1.hits } == p.stealsIn)
      #expect(row.reduce(0) { $0 + $1.gs } == p.stolenGs)
      let column = matrix.pairs.filter { $0.victim == p.id }
      #expect(column.reduce(0) { $0 + $1.hits } == p.stealsOut)
    }
    #expect(past.pairs.map(\.hits) == matrix.pairs.map(\.hits))
    #expect(past.pairs.map(\.gs) == matrix.pairs.map(\.gs))
    #expect(matrix[1, 0] == matrix.pairs.first { $0.thief == 1 && $0.victim == 0 })
    #expect(matrix[0, 0] == nil)
  }

  // 970 ms: the first second ends before some lanes have written any record.
  @Test(
    "a moment of history has the instruments that a live viewer had then", arguments: 0..<3,
    [0, 500, 960, 970, 990])
  func past(seed: Int, milliseconds: UInt64) throws {
    let measured = try Measured(seed: seed + 50, phase: milliseconds * 1_000_000)
    try measured.run(segments: 6)
    let live = Instruments(measured.meters.meter, Pressure(), Census(), Snapshot())
    let time = measured.scheduler.time
    try measured.run(segments: 4)
    var player = try #require(Player(measured.history))
    player.seek(ticks: time)
    let past = player.instruments
    #expect(past.total == live.total && past.seconds == live.seconds && past.since == live.since)
    #expect(past.recent == live.recent && past.pressure.measured > 0)
    player.seek(ticks: measured.scheduler.time)
    #expect(
      player.instruments.total == Instruments(measured.meters.meter, Pressure(), Census(), Snapshot()).total)
  }

  @Test("a moment has the same instruments however often it is asked, and whatever was asked in between")
  func again() throws {
    let measured = try Measured(seed: 55, phase: 700_000_000)
    try measured.run(segments: 6)
    measured.scheduler.run(600)
    try measured.drain()
    let live = Instruments(measured.meters.meter, Pressure(), Census(), Snapshot())
    var player = try #require(Player(measured.history))
    let kept = PastInstruments()
    player.seek(ticks: measured.scheduler.time)
    let (end, start) = (player.time, player.window.start)
    for _ in 0..<3 {
      player.seek(to: end)
      let past = kept.instruments(of: player)
      #expect(past.total == live.total && past.seconds == live.seconds)
      player.seek(ticks: start)
      _ = kept.instruments(of: player)
    }
  }

  @Test("a segment of many seconds, as a viewer leaves it that got no CPU, is measured second by second")
  func longSegment() throws {
    let measured = try Measured(seed: 56, phase: 995_000_000)
    let begin = measured.scheduler.time
    while measured.scheduler.time < begin + 6_500_000_000 {
      measured.scheduler.run(60)
      try measured.drain()
    }
    let live = Instruments(measured.meters.meter, Pressure(), Census(), Snapshot())
    var player = try #require(Player(measured.history))
    player.seek(ticks: measured.scheduler.time)
    #expect(measured.history.numbers.count == 1 && live.seconds.count == 8)
    let past = player.instruments
    #expect(past.seconds.map(\.number) == live.seconds.map(\.number))
    #expect(past.seconds.map(\.activity.starts) == live.seconds.map(\.activity.starts))
    #expect(past.total == live.total && past.seconds == live.seconds && past.recent == live.recent)
  }

  // A start has the time of the stop before it. The system may keep the thread from its CPU in between, here over two
  // keyframes.
  @Test("a start whose record comes late has its place live and in the past, if its second is not over")
  func lateStart() throws {
    let region = RegionFixture(.standard(pRecords: 1024), procs: 1, ms: 2)
    region[PField.status, 0] = UInt64(PStatus.running.rawValue)
    let second = (monotonicNow() / 1_000_000_000 + 3_600) * 1_000_000_000
    func moment(_ milliseconds: Int64) -> UInt64 { second &+ UInt64(bitPattern: milliseconds * 1_000_000) }
    let (source, history, meters) = (try region.source(), History(), LiveMeters(reasons: WaitReason.all))
    history.follower = meters
    func drain(_ milliseconds: Int64) throws {
      _ = try source.drainInPlace(history.take)
      history.settle(upTo: moment(milliseconds))
    }
    func mark(_ milliseconds: Int64) throws {
      try drain(milliseconds)
      source.stoppedAt = moment(milliseconds)
      history.mark(try source.observe())
      try drain(milliseconds)
    }
    func write(_ kind: EventKind, _ milliseconds: Int64, _ g: UInt64 = 0, _ field: LaneField = .others) {
      region.count(field, on: 0, reason: field == .parked ? WaitReason.none : nil)
      region.ring(p: 0).append(Record(kind, time: moment(milliseconds), m: 0, g: g))
    }
    try mark(-500)
    write(.procStart, -490)
    write(.goStart, -480, 1, .started)
    try drain(5)  // the second before is over
    write(.goPark, 8, 1, .parked)
    try mark(35)
    try mark(60)
    write(.goStart, 8, 2, .started)
    try drain(100)
    write(.goPark, 150, 2, .parked)
    try drain(200)
    let live = Instruments(meters.meter, Pressure(), Census(), Snapshot())
    var player = try #require(Player(history))
    player.seek(ticks: moment(200))
    #expect(player.window.number == 2 && meters.late == 0)
    #expect(player.instruments.total.ps == live.total.ps && player.instruments.total.ms == live.total.ms)
    #expect(live.total.ps.first?[.running] == moment(150) - moment(-480))
  }

  @Test("where records are missing time is unknown, and what came after is right again")
  func gaps() throws {
    let measured = try Measured(seed: 60, ringRecords: 256)
    try measured.run(segments: 2)
    measured.scheduler.run(4000)
    try measured.drain()
    try measured.run(segments: 2)
    let (scheduler, total) = (measured.scheduler, measured.activity)
    #expect(total.ps.contains { $0[.unknown] > 0 })
    #expect(total.ps.allSatisfy { $0.total == scheduler.time - scheduler.start })
    #expect(Int(total.starts) < scheduler.starts)
    #expect(total.spans.slice.longest <= scheduler.spans[.slice]?.max() ?? 0)
    var player = try #require(Player(measured.history))
    player.seekToEnd()
    #expect(player.instruments.total.starts == total.starts)
  }

  @Test("whatever records say, nothing traps and nothing grows without bound")
  func noise() {
    var dice = Dice(7)
    var meter = Meter(reasons: WaitReason.all)
    var snapshot = Snapshot()
    snapshot.time = 5_000_000_000
    meter.note(Clock(first: (0, 0), second: (0, 0)), snapshot)
    for round in 0..<400 {
      let records = (0..<50).map { _ in
        let kind = UInt64(dice.below(30))
        let time = dice.below(3) == 0 ? UInt64.random(in: 0...UInt64.max) : UInt64(round) * 100_000_000
        return Record(
          time: time, what: kind | UInt64(dice.below(1 << 16)) << 8 | UInt64.random(in: 0...UInt64.max) << 32,
          g: UInt64(dice.below(4)), arg: UInt64.random(in: 0...UInt64.max))
      }
      meter.take(records, on: dice.below(4) == 0 ? .m(dice.below(9)) : .p(dice.below(5000)))
      meter.settle(upTo: UInt64(round) * 100_000_000)
    }
    let (seconds, _) = meter.result()
    #expect(seconds.count <= Meter.kept + Meter.mostOpen)
  }
}
