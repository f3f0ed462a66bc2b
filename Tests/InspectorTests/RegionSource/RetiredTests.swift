import Glibc
import Region
import Testing

@testable import Exports
@testable import Inspector
@testable import Observed

@Suite("Ps that went away")
struct RetiredTests {
  @Test("those that are left have rows, one that is still held too, and what the others counted still counts")
  func retired() throws {
    let region = RegionFixture(procs: 4)
    region[SchedField.procs] = 1
    region[SchedField.psMade] = 4
    region[PField.status, 1] = region.raw(PStatus.running)
    for p in [2, 3] { region[PField.status, p] = region.raw(PStatus.stopped) }
    region.count(.created, on: 3, by: 10)
    region.count(.started, on: 3, by: 10)
    region.count(.exited, on: 0, by: 4)
    region[PField.stealTries, 3] = 9
    region[StealField.hits, 3 * Capacity.ps + 0] = 5
    region[StealField.gs, 3 * Capacity.ps + 0] = 50

    let snapshot = try region.snapshot()

    #expect(snapshot.procs == 1)
    #expect(snapshot.ps.map(\.id) == [0, 1])
    #expect(snapshot.isConsistent && snapshot.gs.live == 6 && snapshot.gs.sumOfStates == 6)
    var expected = Snapshot.Retired.beginning
    (expected.ps, expected.ticks, expected.stealsIn, expected.stolenGs, expected.stealTries) = (
      2, 10, 5, 50, 9
    )
    #expect(snapshot.retired == expected)
    #expect(snapshot.ps[0].stealsOut == 5)
    #expect(snapshot.ps[0].gCache == Snapshot.Cache(hits: 0, misses: 0))
  }

  @Test("a P that is being stopped has a row, and its M shows it, until the records say that it is stopped")
  func beingStopped() throws {
    let region = RegionFixture(.standard(countsQueues: true), procs: 2)
    region[SchedField.procs] = 1
    region[SchedField.psMade] = 2
    region[PField.status, 1] = region.raw(PStatus.stopped)
    (region[PField.m, 1], region[PField.g, 1]) = (3, 7)
    (region[LaneField.created, 1], region[LaneField.started, 1], region[LaneField.position, 1]) = (1, 1, 2)
    region[MField.state, 2] = region.raw(MState.running)

    let snapshot = try region.snapshot()

    #expect(snapshot.ps.map(\.id) == [0, 1])
    #expect(snapshot.ps.last?.status == .running && snapshot.ps.last?.m == 2 && snapshot.ps.last?.g == 7)
    let holder = snapshot.ms.first { $0.id == 2 }
    #expect(holder?.p == 1 && holder?.g == 7)
    region[PField.m, 1] = 0
    (region[LaneField.exited, 1], region[LaneField.position, 1]) = (1, 3)
    #expect(try region.snapshot().ps.map(\.id) == [0])
  }

  @Test("time that a P was stopped is idle time")
  func stoppedIsIdle() throws {
    let region = RegionFixture(procs: 2)
    region[PField.status, 1] = region.raw(PStatus.stopped)
    let first = try region.snapshot()
    usleep(20_000)
    let second = try region.snapshot()
    let (before, after) = (first.ps[1].idleTime ?? 0, second.ps[1].idleTime ?? 0)
    #expect(after - before >= 20_000_000)
  }
}
