import Region
import Testing

@testable import Exports
@testable import History
@testable import Insight
@testable import Inspector
@testable import Observed

@Suite("Frames and the last minute")
struct FrameTests {
  private let second: UInt64 = 1_000_000_000

  private func snapshot(
    at time: UInt64, switches: UInt64 = 0, steals: UInt64 = 0, created: UInt64 = 0, grqMax: Int = 0,
    lrqMax: [Int] = [0], sleeping: Int = 0
  ) -> Snapshot {
    var snapshot = Snapshot.beginning()
    (snapshot.time, snapshot.switches, snapshot.grqMax) = (time, switches, grqMax)
    snapshot.gs.created = created
    snapshot.gs.waiting[.sleep] = sleeping
    snapshot.ps = lrqMax.enumerated().map { id, depth in
      var p = Snapshot.P.beginning(id)
      (p.lrqMax, p.stealsIn) = (depth, id == 0 ? steals : 0)
      return p
    }
    return snapshot
  }

  /// A function of its own, because the test macros cannot call a mutating method.
  private func nextFrame(_ builder: inout FrameBuilder) -> Frame? { builder.frame() }

  @Test("rates are over the time since the frame before; the first frame has none")
  func rates() throws {
    var builder = FrameBuilder()
    builder.observe(snapshot(at: 10 * second, switches: 5000, steals: 10, created: 100))
    let first = try #require(nextFrame(&builder))
    builder.observe(snapshot(at: 12 * second, switches: 9000, steals: 20, created: 100))
    let next = try #require(nextFrame(&builder))

    #expect(first.switchesPerSecond == nil && first.stealsPerSecond == nil)
    #expect(next.switchesPerSecond == 2000 && next.stealsPerSecond == 5 && next.spawnsPerSecond == 0)
  }

  @Test("frames that come faster than once a second have the rates of the last second")
  func steadyRates() throws {
    var builder = FrameBuilder()
    for tenth in UInt64(0)...30 {
      // a thousand switches, all in one tenth of each second
      builder.observe(snapshot(at: tenth * second / 10, switches: (tenth + 9) / 10 * 1000))
      let frame = try #require(nextFrame(&builder))
      if tenth >= 10 { #expect(frame.switchesPerSecond == 1000) }
    }
  }

  @Test("what a P's time went to adds up to the window, and calls are not running")
  func use() throws {
    func snapshot(at time: UInt64, idle: [UInt64?], calls: UInt64 = 0) -> Snapshot {
      var snapshot = self.snapshot(at: time, lrqMax: [0, 0])
      for (index, idle) in idle.enumerated() {
        snapshot.ps[index].idleTime = idle
        snapshot.ps[index].spinTime = idle.map { _ in time / 10 }
        snapshot.ps[index].callTime = idle.map { _ in calls }
        snapshot.ps[index].runTime = idle.map { time - min(time, $0 + time / 10 + calls) }
      }
      return snapshot
    }
    var builder = FrameBuilder()
    builder.observe(snapshot(at: 10 * second, idle: [0, 9 * second]))
    #expect(try #require(nextFrame(&builder)).use.isEmpty)
    // The idle time is a nanosecond short because of rounding. That nanosecond must not count as running.
    builder.observe(snapshot(at: 20 * second, idle: [4 * second, 18 * second - 1], calls: 2 * second))
    let uses = try #require(nextFrame(&builder)).use
    #expect(uses[0] == PUse(running: 3 * second, calls: 2 * second, searching: second, idle: 4 * second))
    #expect(uses[1]?.running == 0 && uses[1]?.idle == 7 * second)
    #expect(uses.allSatisfy { $0?.window == 10 * second })
    builder.observe(snapshot(at: 30 * second, idle: [4 * second, nil]))
    let later = try #require(nextFrame(&builder)).use
    #expect(later[0]?.window == 10 * second && later[1] == nil)
  }

  @Test("a P that came in between has no use yet, and the others keep theirs")
  func newP() throws {
    func snapshot(at time: UInt64, ids: [Int]) -> Snapshot {
      var snapshot = self.snapshot(at: time, lrqMax: ids.map { _ in 0 })
      for (index, id) in ids.enumerated() {
        snapshot.ps[index].id = id
        (snapshot.ps[index].idleTime, snapshot.ps[index].spinTime) = (time / 2, 0)
        (snapshot.ps[index].callTime, snapshot.ps[index].runTime) = (0, time - time / 2)
      }
      return snapshot
    }
    var builder = FrameBuilder()
    builder.observe(snapshot(at: 10 * second, ids: [0, 2]))
    _ = nextFrame(&builder)
    builder.observe(snapshot(at: 20 * second, ids: [0, 1, 2]))
    let uses = try #require(nextFrame(&builder)).use
    #expect(uses.map { $0?.running } == [5 * second, nil, 5 * second])
  }

  @Test("a counter that runs backwards has no rate")
  func backwards() throws {
    var builder = FrameBuilder()
    builder.observe(snapshot(at: second, switches: 500))
    _ = builder.frame()
    builder.observe(snapshot(at: 2 * second, switches: 20))

    #expect(try #require(nextFrame(&builder)).switchesPerSecond == nil)
  }

  @Test("maxima are over all snapshots since the frame before, and those of the last second at least")
  func maxima() throws {
    var builder = FrameBuilder()
    builder.observe(snapshot(at: 10 * second, grqMax: 7, lrqMax: [3, 200]))
    builder.observe(snapshot(at: 10 * second + 1, grqMax: 2, lrqMax: [9, 1]))
    let first = try #require(nextFrame(&builder))
    builder.observe(snapshot(at: 12 * second, grqMax: 1, lrqMax: [0, 4]))
    let next = try #require(nextFrame(&builder))
    builder.observe(snapshot(at: 12 * second + second / 2, grqMax: 0, lrqMax: [2, 2]))
    let soon = try #require(nextFrame(&builder))

    #expect(first.snapshot.grqMax == 7 && first.snapshot.ps.map(\.lrqMax) == [9, 200])
    #expect(next.snapshot.grqMax == 1 && next.snapshot.ps.map(\.lrqMax) == [0, 4])
    #expect(soon.snapshot.grqMax == 1 && soon.snapshot.ps.map(\.lrqMax) == [2, 4])
  }

  @Test("what is seen between two keyframes is known to the next, and their window is the live one")
  func maximaOfKeyframes() throws {
    var (live, past) = (FrameBuilder(), FrameBuilder())
    var kept: [Snapshot] = []
    for tenth in UInt64(0)..<40 {
      let snapshot = snapshot(
        at: 10 * second + tenth * second / 10, switches: tenth * tenth, grqMax: tenth == 21 ? 90 : 3,
        lrqMax: [tenth == 25 ? 80 : 2])
      live.observe(snapshot, isBase: false)
      guard tenth % 3 == 0 else { continue }
      kept.append(live.sinceBase(snapshot))
      live.addBase(kept[kept.count - 1])
      past.observe(kept[kept.count - 1], isBase: true)
      let (one, other) = (try #require(nextFrame(&live)), try #require(nextFrame(&past)))
      #expect(one.snapshot == other.snapshot && one.switchesPerSecond == other.switchesPerSecond)
      #expect(one.snapshot.grqMax == ((21...31).contains(tenth) ? 90 : 3))
      #expect(one.snapshot.ps[0].lrqMax == ((25...36).contains(tenth) ? 80 : 2))
    }
    #expect(kept[7].grqMax == 90 && kept[9].ps[0].lrqMax == 80)
  }

  @Test("memory of a viewer that asks for no frame does not grow, and its first frame is of the last second")
  func manyBases() throws {
    var builder = FrameBuilder()
    for quarter in UInt64(0)..<10_000 {
      builder.observe(snapshot(at: quarter * second / 4, switches: quarter * quarter))
    }
    let frame = try #require(nextFrame(&builder))
    #expect(frame.switchesPerSecond == Double(9999 * 9999 - 9995 * 9995))
  }

  @Test("steals are those of all Ps, of those that were stopped too")
  func stealsOfStoppedPs() throws {
    var builder = FrameBuilder()
    builder.observe(snapshot(at: 10 * second, steals: 10))
    _ = builder.frame()
    var after = snapshot(at: 12 * second, steals: 4)
    after.retired?.ps = 1
    after.retired?.stealsIn = 26
    builder.observe(after)
    #expect(after.totalSteals == 30 && nextFrame(&builder)?.stealsPerSecond == 10)
    after.retired = nil
    #expect(after.totalSteals == 4)
  }

  @Test("each second is a point with its mean rate and its largest values")
  func points() {
    var minute = Minute()
    for quarter in UInt64(0)..<12 {  // three seconds; all switches fall into the second one
      minute.observe(
        snapshot(
          at: quarter * second / 4, switches: min(max(quarter, 3), 7) * 100, grqMax: Int(quarter),
          sleeping: 20 - Int(quarter)))
    }

    #expect(minute.points.map(\.grqMax) == [3, 7, 11])
    #expect(minute.points.map(\.parkedMax) == [20, 16, 12])
    #expect(minute.points.map(\.switchesPerSecond) == [0, 400, 0])
  }

  @Test("no more than sixty points are kept, and seconds that nobody saw are filled with what came after")
  func gaps() {
    var minute = Minute()
    minute.observe(snapshot(at: 0, grqMax: 1))
    minute.observe(snapshot(at: 5 * second, switches: 500, grqMax: 2))
    #expect(minute.points.map(\.grqMax) == [1, 2, 2, 2, 2, 2])
    #expect(minute.points.map(\.switchesPerSecond) == [0, 100, 100, 100, 100, 100])

    minute.observe(snapshot(at: 1000 * second, grqMax: 3))
    #expect(minute.points.count == 60 && minute.points.allSatisfy { $0.grqMax == 3 })
    minute.observe(snapshot(at: 1001 * second, grqMax: 4))
    #expect(minute.points.count == 60 && minute.points.map(\.grqMax).suffix(2) == [3, 4])
  }

  @Test("the rings are drained as often as a quarter of the fullest takes to fill")
  func pace() {
    func pace(_ fill: Double, after elapsed: UInt64, last: UInt64) -> UInt64 {
      DrainPace.next(fill: fill, after: elapsed * 1_000_000, last: last * 1_000_000) / 1000
    }
    #expect(pace(0.5, after: 10, last: 10) == 5000)
    #expect(pace(0.2, after: 10, last: 10) == 12_500)
    #expect(pace(0.01, after: 10, last: 10) == 15_000)  // slows down by halves
    #expect(pace(0, after: 20, last: 20) == 30_000)
    #expect(pace(0, after: 30, last: 30) == 30_000)
    #expect(pace(1e9, after: 20, last: 20) == 1000)
  }

  @Test(
    "a sampler's frame says how the target ended, and then it looks no more",
    arguments: [nil, HistoryLimits()])
  func samplerSeesTheEnd(history: HistoryLimits?) throws {
    let region = RegionFixture()
    var sampler = Sampler(try region.attach(), history: history)
    #expect(try sampler.frame().ended == nil && sampler.ending == nil)

    region[HeaderField.ending] = 6
    region[HeaderField.state] = region.raw(ProcessState.crashed)
    let frame = try sampler.frame()

    #expect(sampler.ending == .crashed(signal: 6))
    #expect(frame.ended == "crashed of signal 6 (Aborted)" && frame.snapshot.target.state == .crashed)
    for _ in 0..<3 { #expect(try sampler.frame() == frame) }
  }
}
