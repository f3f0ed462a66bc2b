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
