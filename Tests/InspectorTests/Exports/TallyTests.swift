// What a server of metrics counts from events and from tables of Gs.
import Region
import Testing

@testable import Exports
@testable import Observed

@Suite("Tallies for metrics")
struct TallyTests {
  private func tally() -> EventTally {
    var tally = EventTally()
    tally.note(Clock(ticks: 0, nanoseconds: 0, nanosecondsPerTick: 1))
    return tally
  }

  private func start(_ g: UInt64, after ready: UInt64, at time: UInt64 = 1) -> Record {
    Record(.goStart, time: time, m: 0, g: g, arg: ready)
  }

  private func label(_ g: UInt64, _ label: UInt32) -> Record {
    Record(.goLabel, time: 1, m: 0, g: g, detail: 1, count: label, arg: label == 0 ? 0 : 9)
  }

  @Test("a length counts in the first bucket that it does not exceed")
  func buckets() {
    var tally = tally()
    let lengths: [UInt64] = [0, 10_000, 10_001, 1_000_000, 2_500_000_000, 2_500_000_001, .max]
    tally.take(lengths.map { start(1, after: $0) }, at: 0, on: .p(0))
    #expect(tally.counts == [2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2])
    #expect(tally.counts.count == EventTally.bounds.count + 1 && tally.preemptions == 0)
  }

  @Test("a damaged clock makes no bound that does not exist", arguments: [1e-300, 1e-20, 1e300])
  func damagedClock(_ nanosecondsPerTick: Double) {
    var tally = EventTally()
    tally.note(Clock(ticks: 0, nanoseconds: 0, nanosecondsPerTick: nanosecondsPerTick))
    tally.take([start(1, after: 5)], at: 0, on: .p(0))
    #expect(tally.counts.reduce(0, +) == 1)
  }

  @Test("a label goes with its G over Ps, until the G loses it or ends")
  func labels() {
    var tally = tally()
    tally.take([label(4, 7)], at: 0, on: .p(0))
    tally.take([start(4, after: 5_000_000)], at: 0, on: .p(1))
    #expect(tally.exemplars[4] == .init(g: 4, label: 7, value: 5_000_000, time: 1))
    tally.take([label(4, 0), start(4, after: 9_000_000)], at: 1, on: .p(1))
    #expect(tally.exemplars[5]?.label == 0)
    tally.take(
      [label(5, 7), Record(.goExit, time: 1, m: 0, g: 5), start(5, after: 20_000_000)], at: 3, on: .p(1))
    #expect(tally.exemplars[6]?.label == 0)
  }

  @Test("where records are missing no label is believed any more")
  func losses() {
    var tally = tally()
    tally.take([label(4, 7)], at: 0, on: .p(0))
    tally.take([start(4, after: 5_000_000)], at: 1, on: .p(0))
    #expect(tally.exemplars[4]?.label == 7)
    tally.take([start(4, after: 9_000_000)], at: 3, on: .p(0))
    #expect(tally.exemplars[5]?.label == 0)
  }

  @Test("a G without a label takes no place of one that has one, for a minute")
  func preference() {
    var tally = tally()
    let second: UInt64 = 1_000_000_000
    tally.take([label(4, 7), start(4, after: 9_000_000, at: second)], at: 0, on: .p(0))
    tally.take([start(5, after: 9_000_000, at: 2 * second)], at: 2, on: .p(0))
    #expect(tally.exemplars[5]?.g == 4)
    tally.take([start(5, after: 9_000_000, at: 62 * second)], at: 3, on: .p(0))
    #expect(tally.exemplars[5]?.g == 5)
  }

  @Test("the sum never falls, though the clock becomes more exact")
  func clock() {
    var tally = tally()
    tally.take([start(1, after: 1_000_000)], at: 0, on: .p(0))
    let before = tally.sum
    tally.note(Clock(ticks: 0, nanoseconds: 0, nanosecondsPerTick: 0.5))
    tally.take([start(1, after: 2)], at: 1, on: .p(0))
    #expect(tally.sum == before + 1 && before == 1_000_000)
  }

  @Test("any number of records of any kind, at any time, does no harm")
  func noise() {
    var tally = tally()
    var position: UInt64 = 0
    Noise(seed: 3).records { record, lane in
      tally.take([record], at: position, on: lane)
      position &+= record.time % 3
    }
    let starts = tally.counts.reduce(0, +)
    #expect(starts > 500 && tally.preemptions > 500)
  }

  @Test("twenty places get a name and keep it; the rest counts together")
  func sites() {
    var tally = SiteTally()
    func rows(_ sizes: [Int]) -> [GoroutineRow] {
      sizes.enumerated().flatMap { site, size in
        (0..<size).map { _ in GoroutineRow(entry: UInt64(site + 1)) }
      }
    }
    tally.take(rows((1...30).map { $0 }) + [GoroutineRow(entry: 0)]) { "site \($0)" }
    #expect(tally.counts.count == 22 && tally.counts[0] == .init(name: "site 30", gs: 30))
    #expect(tally.counts.suffix(2).map(\.name) == [SiteTally.others, SiteTally.unknown])
    let all = tally.counts.map(\.gs).reduce(0, +)
    #expect(all == 466)
    let names = tally.counts.map(\.name)
    tally.take(rows([1000, 5])) { "site \($0)" }
    #expect(tally.counts.map(\.name) == names && tally.counts[0].gs == 0)
    #expect(tally.counts.suffix(2).map(\.gs) == [1005, 0])
  }

  @Test("places of the same name are one, and one without a name is unknown")
  func sameNames() {
    var tally = SiteTally()
    tally.take([1, 2, 3, 0].map { GoroutineRow(entry: $0) }) { $0 == 3 ? nil : "a" }
    #expect(tally.counts.map(\.name) == ["a", SiteTally.others, SiteTally.unknown])
    #expect(tally.counts.map(\.gs) == [2, 0, 2])
  }

  @Test("names that are equal as labels are one place, and no place is called as the rest is")
  func equalLabels() {
    var tally = SiteTally()
    let long = String(repeating: "x", count: 300)
    let names = [1: SiteTally.others, 2: long, 3: long + "y"]
    tally.take([1, 2, 3].map { GoroutineRow(entry: $0) }) { names[Int($0)] }
    #expect(tally.counts.map(\.name) == [String(long.prefix(256)), SiteTally.others, SiteTally.unknown])
    #expect(tally.counts.map(\.gs) == [2, 0, 1])
  }
}
