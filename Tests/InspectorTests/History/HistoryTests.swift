import Region
import TestSupport
import Testing

@testable import Exports
@testable import History
@testable import Inspector
@testable import Observed
@testable import RegionSource

/// A fake scheduler that is observed through its region, as a sampler observes a process.
final class Watched {
  let scheduler: FakeScheduler
  let source: RegionReader
  let history: History

  /// - Parameter halfDone: the number of moves before the first observation. The last of them may be half
  ///   done.
  init(
    seed: Int, limits: HistoryLimits = HistoryLimits(), ringRecords: Int = 1 << 14, halfDone: Int = 0
  ) throws {
    scheduler = FakeScheduler(seed: UInt64(seed), ringRecords: ringRecords)
    scheduler.leavesHalfDone = halfDone > 0
    scheduler.run(halfDone)
    source = try scheduler.region.source()
    history = History(limits)
    try mark()
  }

  func drain() throws {
    _ = try source.drainInPlace(history.take)
    history.settle()
  }

  /// Makes a keyframe of this moment, with the table of Gs.
  func mark() throws {
    try drain()
    scheduler.listGs()
    history.mark(try source.observe())
    history.attach(GoroutineList(rows: try source.goroutines(limit: 10_000)))
    scheduler.finish()
    try drain()
  }
}

/// The truth at one moment.
private struct Truth {
  let ticks: UInt64
  let gs: Snapshot.Gs
  let states: [UInt64: GState]
  let onPs: [UInt64?]

  init(_ scheduler: FakeScheduler) {
    (ticks, gs) = (scheduler.time, scheduler.gs)
    (states, onPs) = (scheduler.states, scheduler.onPs)
  }
}

@Suite("History")
struct HistoryTests {
  @Test("the model at any moment is what the gauges were then", arguments: 0..<5)
  func modelIsTruth(seed: Int) throws {
    let watched = try Watched(seed: seed)
    var dice = Dice(UInt64(seed))
    var truths: [Truth] = []
    for _ in 0..<12 {
      for _ in 0..<10 {
        watched.scheduler.run(1 + dice.below(300))
        truths.append(Truth(watched.scheduler))
        if dice.below(2) == 0 { try watched.drain() }
      }
      try watched.mark()
    }
    try watched.drain()
    var player = try #require(Player(watched.history))
    for truth in truths.shuffledBy(&dice) {
      player.seek(ticks: truth.ticks)
      let snapshot = player.model.snapshot
      #expect(snapshot.gs == truth.gs && snapshot.isConsistent)
      #expect(snapshot.ps.map(\.g) == truth.onPs)
    }
  }

  @Test("every G at any moment is in the state that it was in then", arguments: 0..<3)
  func goroutinesAreTruth(seed: Int) throws {
    let watched = try Watched(seed: seed + 100)
    var dice = Dice(UInt64(seed))
    var truths: [Truth] = []
    for _ in 0..<6 {
      for _ in 0..<4 {
        watched.scheduler.run(1 + dice.below(400))
        truths.append(Truth(watched.scheduler))
      }
      try watched.mark()
    }
    var player = try #require(Player(watched.history))
    for truth in truths.shuffledBy(&dice) {
      player.seek(ticks: truth.ticks)
      let states = Dictionary(uniqueKeysWithValues: player.goroutines.all.map { ($0.id, $0.state) })
      #expect(states == truth.states && player.goroutines.isComplete)
    }
  }

  @Test("a move that is counted while its record is still unwritten is not counted twice", arguments: 0..<20)
  func halfDoneMoves(seed: Int) throws {
    let watched = try Watched(seed: seed, halfDone: 150)
    for _ in 0..<10 {
      watched.scheduler.run(150)
      try watched.mark()
    }
    watched.scheduler.finish()
    try watched.drain()
    watched.history.flush()
    // The gauges of each keyframe must equal those of the keyframe before it plus the events in between.
    let decoder = RecordDecoder()
    for number in watched.history.numbers.dropLast() {
      let window = try #require(Window(number, of: watched.history, decoder))
      let next = try #require(Window(number + 1, of: watched.history, decoder))
      let ends = Dictionary(uniqueKeysWithValues: next.keyframe.boundaries.map { ($0.lane, $0.position) })
      var model = Model(window.keyframe.snapshot, reasons: watched.history.reasons)
      for event in window.events where event.position < ends[event.lane] ?? 0 {
        model.apply(event.record, on: event.lane)
      }
      #expect(model.snapshot.gs == next.keyframe.snapshot.gs)
    }
  }

  @Test(
    "a step tells which event it went over, how far the newest moment is, and that there is no further one")
  func stepsTell() throws {
    let watched = try Watched(seed: 2)
    for _ in 0..<3 {
      watched.scheduler.run(100)
      try watched.mark()
    }
    var player = try #require(Player(watched.history))
    player.seekToEnd()
    #expect(player.step == nil)
    let beyond = player.step(forward: true)
    #expect(beyond.isAtEnd && beyond.isForward && beyond.behind == 0 && player.step == beyond)
    for _ in 0..<150 {
      let undone = try #require(player.lastEvent)
      let step = player.step(forward: false)
      #expect(step.event == undone && !step.isForward && step.behind == player.lastTime - player.time)
    }
    #expect(player.frame(.live).past?.step == player.step)
    while !player.step(forward: false).isAtEnd {}
    #expect(player.isAtStart && player.step?.isForward == false)
    for _ in 0..<150 {
      let step = player.step(forward: true)
      #expect(step.event != nil && step.event == player.lastEvent)
    }
    player.seek(to: player.time)
    #expect(player.step == nil)
  }

  @Test("stepping visits every event once, there and back")
  func stepping() throws {
    let watched = try Watched(seed: 1)
    for _ in 0..<5 {
      watched.scheduler.run(200)
      try watched.mark()
    }
    var player = try #require(Player(watched.history))
    let total = watched.history.records
    var back: [Event] = []
    while let event = player.lastEvent {
      back.append(event)
      guard player.stepBack() else { break }
    }
    #expect(player.isAtStart)
    var forth: [Event] = []
    while player.stepForward() { forth += [try #require(player.lastEvent)] }
    #expect(player.isAtEnd && forth.count == total && forth == back.reversed())
    #expect(zip(forth, forth.dropFirst()).allSatisfy { $0.time <= $1.time })
  }

  @Test("memory is bounded: the oldest goes, its gauges stay, and what is left is still exact")
  func bounded() throws {
    let watched = try Watched(seed: 2, limits: HistoryLimits(bytes: 60_000))
    for _ in 0..<60 {
      watched.scheduler.run(2000)
      try watched.mark()
      #expect(watched.history.bytes < 120_000)
    }
    let history = watched.history
    #expect(history.firstNumber > 5 && history.segments.count < 60)
    #expect(history.bytes == history.segments.reduce(0) { $0 + $1.memory })
    #expect(!history.coarse.points.isEmpty)
    let truth = Truth(watched.scheduler)
    var player = try #require(Player(history))
    player.seekToStart()
    #expect(player.isAtStart && player.model.snapshot.gs.sumOfStates == player.model.snapshot.gs.live)
    player.seekToEnd()
    #expect(player.model.snapshot.gs == truth.gs)
  }

  @Test("the long view goes back to what is gone: of each step the mean rate and the largest values")
  func trend() {
    var coarse = CoarseHistory()
    for second in 0..<100 {
      for quarter in 0..<4 {
        var snapshot = Snapshot.beginning()
        snapshot.time = 50_000_000_000 + UInt64(second) * 1_000_000_000 + UInt64(quarter) * 250_000_000
        snapshot.switches = UInt64(second * 4 + quarter) * 25
        (snapshot.grqMax, snapshot.gs.waiting[.sleep]) = (quarter == 1 ? second : 0, second + 3 - quarter)
        coarse.add(snapshot)
      }
    }
    #expect(coarse.points.count == 100)
    let end: UInt64 = 149_750_000_000
    let trend = coarse.trend(to: end, points: 60, exact: 120_000_000_000)
    #expect(trend.step == 2_000_000_000 && trend.points.count == 50 && trend.exact == 29_750_000_000)
    #expect(trend.points.dropFirst().allSatisfy { abs(($0.switchesPerSecond ?? 0) - 100) < 0.01 })
    #expect(trend.points.map(\.grqMax).suffix(3) == [95, 97, 99])
    #expect(trend.points.last?.parkedMax == 102)
    // A view up to an earlier moment must not show what came later.
    let early = coarse.trend(to: 59_900_000_000, points: 60, exact: 0)
    #expect(early.step == 1_000_000_000 && early.points.count == 10 && early.points.last?.grqMax == 9)
    #expect(coarse.trend(to: 1, points: 60, exact: 0) == Trend())
    // Seconds in which nobody observed the target must not be shown as zeros.
    var late = Snapshot.beginning()
    (late.time, late.switches, late.gs.waiting[.sleep]) = (155_000_000_000, 20_000, 7)
    coarse.add(late)
    let gap = coarse.trend(to: late.time, points: 200, exact: 0).points.suffix(5)
    #expect(gap.allSatisfy { $0.parkedMax == 7 && $0.switchesPerSecond ?? 0 > 0 })
  }

  @Test("history that is too old goes, whatever room there is")
  func boundedInTime() throws {
    let watched = try Watched(seed: 3, limits: HistoryLimits(duration: 1))
    for _ in 0..<6 {
      watched.scheduler.run(10)
      try watched.mark()
    }
    #expect(watched.history.segments.count == 2)
  }

  @Test("a viewer that is paused while history moves on goes back to live with nothing lost")
  func pausedWhileRecording() throws {
    let watched = try Watched(seed: 4)
    watched.scheduler.run(500)
    try watched.mark()
    var player = try #require(Player(watched.history))
    player.stepBack()
    let paused = player.model.snapshot.gs
    for _ in 0..<4 {
      watched.scheduler.run(500)
      try watched.mark()
    }
    watched.scheduler.run(37)
    try watched.drain()
    #expect(player.model.snapshot.gs == paused)
    player.seekToEnd()
    #expect(player.model.snapshot.gs == watched.scheduler.gs && player.isAtEnd)
  }

  @Test("what was lost is a gap of exact length, and spoils nothing beyond the next keyframe")
  func gaps() throws {
    let watched = try Watched(seed: 5, ringRecords: 1024)
    watched.scheduler.run(300)
    try watched.mark()
    watched.scheduler.run(8000)
    let lostTruth = Truth(watched.scheduler)
    try watched.drain()
    let lost = try source(watched).reduce(0) { $0 + $1.lost }
    #expect(lost > 0)
    try watched.mark()
    watched.scheduler.run(300)
    let truth = Truth(watched.scheduler)
    try watched.drain()
    var player = try #require(Player(watched.history))
    #expect(player.model.snapshot.gs == truth.gs && player.model.snapshot.isConsistent && player.missing == 0)
    player.seek(ticks: lostTruth.ticks - 1)
    #expect(player.missing == lost && !player.model.snapshot.isConsistent)
  }

  @Test("a gap counts from where it may have begun, and on both sides of a keyframe", arguments: 0..<5)
  func gapsAcrossKeyframes(seed: Int) throws {
    let watched = try Watched(seed: seed, ringRecords: 1024)
    var truths: [Truth] = []
    func run(_ moves: Int) {
      for _ in 0..<moves / 50 {
        watched.scheduler.run(50)
        truths.append(Truth(watched.scheduler))
      }
    }
    run(300)
    try watched.mark()
    run(200)
    watched.history.mark(try watched.source.observe())  // its boundary lies in the gap
    run(8000)
    try watched.drain()
    run(500)
    try watched.mark()
    run(300)
    try watched.drain()
    let lost = try source(watched).reduce(0) { $0 + $1.lost }
    var player = try #require(Player(watched.history))
    var known = 0
    for truth in truths {
      player.seek(ticks: truth.ticks)
      guard player.missing == 0 else {
        let gs = player.model.snapshot.gs
        #expect(!player.model.snapshot.isConsistent)
        #expect(gs.running >= 0 && gs.runnable >= 0 && gs.waiting.values.allSatisfy { $0 > 0 })
        continue
      }
      #expect(player.model.snapshot.gs == truth.gs && player.model.snapshot.isConsistent)
      known += 1
    }
    #expect(known >= 12 && known < truths.count)
    let decoder = RecordDecoder()
    let windows = watched.history.numbers.compactMap { Window($0, of: watched.history, decoder) }
    #expect(windows.reduce(0) { $0 + $1.missing(at: .max) } == lost)
  }

  @Test("a drain takes what is not later than its beginning, and the next one the rest", arguments: 0..<5)
  func drainsUpToItsBeginning(seed: Int) throws {
    let watched = try Watched(seed: seed)
    var before = try #require(Player(watched.history))
    before.seekToEnd()
    watched.scheduler.run(300)
    let (end, truth) = (watched.scheduler.time, Truth(watched.scheduler))
    watched.scheduler.run(300)  // as if these came while the drain was under way
    for (limit, expected) in [(end, truth), (UInt64.max, Truth(watched.scheduler))] {
      let moment = limit == .max ? nil : watched.source.nanoseconds(at: limit)
      let fill = try watched.source.drainInPlace(upTo: moment, watched.history.take)
      watched.history.settle(upTo: watched.source.nanoseconds(at: min(limit, watched.scheduler.time)))
      var player = try #require(Player(watched.history))
      player.seekToEnd()
      #expect(player.ticks <= limit && player.model.snapshot.gs == expected.gs && fill > 0)
    }
    #expect(watched.source.lost == 0)
  }

  @Test("a player that goes on in a newer copy of the history finds all of its lanes", arguments: 0..<5)
  func turnsToWhole(seed: Int) throws {
    let watched = try Watched(seed: seed)
    watched.scheduler.run(300)
    try watched.drain()
    var player = try #require(Player(watched.history.copy()))
    for isPending in [false, true] {
      watched.scheduler.run(300)
      try watched.drain()
      if isPending {
        watched.scheduler.finish()
        try watched.drain()
        #expect(watched.history.mark(try watched.source.observe()))
      }
      let (end, truth) = (watched.source.nanoseconds(at: watched.scheduler.time), Truth(watched.scheduler))
      player.turn(to: watched.history.copy())
      player.seek(to: end)
      #expect(player.model.snapshot.gs == truth.gs, "pending: \(isPending)")
    }
  }

  @Test("the newest moment is the last of which all lanes are known, not one of them", arguments: 0..<5)
  func newestIsSettled(seed: Int) throws {
    let watched = try Watched(seed: seed)
    watched.scheduler.run(300)
    try watched.drain()
    let truth = Truth(watched.scheduler)
    var player = try #require(Player(watched.history))
    let settled = player.lastTime
    watched.history.settle(upTo: settled)
    watched.scheduler.run(300)
    try watched.drain()
    #expect(player.newestTime == settled)
    player.seekToNewest()
    #expect(player.lastTime > settled && player.time == settled && !player.isAtEnd)
    #expect(player.model.snapshot.gs == truth.gs)
    watched.history.settle(upTo: player.lastTime)
    player.seekToNewest()
    #expect(player.isAtEnd && player.model.snapshot.gs == Truth(watched.scheduler).gs)
  }

  private func source(_ watched: Watched) throws -> [Snapshot.Ring] {
    try #require(try watched.source.snapshot().trace.rings)
  }
}

extension Array {
  /// The same elements in a random order.
  func shuffledBy(_ dice: inout Dice) -> [Element] {
    var copy = self
    for index in copy.indices.dropFirst().reversed() { copy.swapAt(index, dice.below(index + 1)) }
    return copy
  }
}
