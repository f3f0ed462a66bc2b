// Properties of wait chains: whatever happens and whatever is missing, the hops add up and nothing traps.
import Region
import TestSupport
import Testing

@testable import History
@testable import Insight
@testable import Inspector
@testable import RegionSource

@Suite("Chains of anything")
struct ChainPropertyTests {
  /// The run of a fake scheduler, and its history. The history has all records, or lost some if the rings are
  /// small.
  private func run(_ seed: Int, ringRecords: Int = 1 << 14, drains: Int) throws -> (FakeScheduler, Player) {
    let scheduler = FakeScheduler(seed: UInt64(seed), ringRecords: ringRecords)
    let source = try scheduler.region.source()
    let history = History()
    for _ in 0..<6 {
      history.mark(try source.observe())
      scheduler.finish()
      for _ in 0..<drains {
        scheduler.run(1200 / drains)
        _ = try source.drainInPlace(history.take)
        history.settle()
      }
    }
    scheduler.finish()
    _ = try source.drainInPlace(history.take)
    history.settle()
    return (scheduler, try #require(Player(history)))
  }

  @Test("every wait is found as it was, and its hops add up", arguments: 0..<4)
  func truth(seed: Int) throws {
    let (scheduler, player) = try run(seed, drains: 6)
    let waits = player.slowestWaits(100_000, by: .length).filter { $0.end != nil }
    func key(_ wait: TrueWait) -> [UInt64] { [wait.end, wait.g] }
    let truth = scheduler.waits.sorted { key($0).lexicographicallyPrecedes(key($1)) }
    let found = waits.map {
      TrueWait(
        g: $0.g, begin: $0.facts.beginTime, ready: $0.facts.readyTime, end: $0.facts.endTime)
    }.sorted { key($0).lexicographicallyPrecedes(key($1)) }
    #expect(found == truth && found.count > 500)
    #expect(waits.allSatisfy { $0.missing == 0 && $0.beginning != .unknown })
    for wait in waits.prefix(12) {
      let chain = player.chain(of: wait)
      #expect(chain.addsUp && chain.isWhole)
      #expect(chain.duration == wait.duration(until: player.time))
    }
  }

  @Test("with records missing the hops add up, the wait says so, and what is told is true", arguments: 0..<4)
  func gaps(seed: Int) throws {
    let (scheduler, player) = try run(seed, ringRecords: 256, drains: 1)
    let truth = Dictionary(grouping: scheduler.waits) { [$0.g, $0.end] }
    let waits = player.slowestWaits(100_000, by: .length)
    #expect(waits.contains { $0.missing > 0 })
    for wait in waits where wait.end != nil {
      let known = try #require(truth[[wait.g, wait.facts.endTime]]?.first)
      #expect(wait.facts.readyTime == nil || wait.facts.readyTime == known.ready)
      if wait.beginning != .unknown { #expect(wait.facts.beginTime == known.begin) }
      if wait.beginning == .unknown { #expect(wait.facts.beginTime >= known.begin) }
    }
    for wait in waits.prefix(15) {
      let chain = player.chain(of: wait)
      #expect(chain.addsUp && (wait.missing == 0 || !chain.isWhole))
    }
  }

  @Test("noise in every record: chains, spans and their forms never trap, and add up", arguments: 0..<12)
  func noise(seed: Int) throws {
    var dice = Dice(UInt64(seed))
    let script = try Script(procs: 3)
    let kinds = EventKind.allCases
    for step in 0..<400 {
      let kind = kinds[dice.below(kinds.count)]
      let arg = dice.below(3) == 0 ? dice.value() : UInt64(dice.below(4)) | Place.lrq(dice.below(300))
      let count = dice.below(3) == 0 ? nil : UInt32(truncatingIfNeeded: dice.value())
      let (g, detail) = (UInt64(dice.below(5)), UInt8(dice.below(dice.below(4) == 0 ? 256 : 8)))
      let time = dice.below(20) == 0 ? Double(dice.below(400)) : Double(step)
      if dice.below(3) == 0 {
        script.m(dice.below(6), time, kind, g, detail, count: count, arg: arg)
      } else {
        script.p(dice.below(3), time, kind, g, detail, count: count, arg: arg)
      }
    }
    let player = try script.player()
    for wait in player.slowestWaits(50) + player.slowestWaits(50, by: .length) {
      let chain = player.chain(of: wait)
      #expect(chain.addsUp && !chain.json.isEmpty && !chain.lines.isEmpty)
    }
    for span in player.slowestSpans(20) {
      let walk = player.walk(ofSpan: span.number)
      #expect(!span.json.isEmpty && !span.text.isEmpty)
      _ = walk.map { ($0.json, $0.lines(limit: 10)) }
    }
  }
}
