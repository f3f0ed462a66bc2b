import Region
import Testing

@testable import Host
@testable import Inspector

@Suite("Reading by name")
struct SchemaTests {
  @Test("a version with every block, field and enumeration elsewhere reads the same")
  func movedLayout() throws {
    let snapshots = try [Plan.standard(), .moved()].map { plan in
      let region = RegionFixture(plan)
      region[PField.status, 1] = region.raw(PStatus.spinning)
      region[PField.m, 1] = 2
      for p in 0..<2 {
        // In the future, so that the time until now is not added.
        (region[PField.since, p], region[PField.made, p]) = (1 << 62, 1 << 62)
        (region[PField.idleTicks, p], region[PField.spinTicks, p]) = (UInt64(70 + p), UInt64(80 + p))
      }
      region[PField.g, 1] = 8
      region[PField.entry, 1] = region.intern("worker at Main.swift:7")
      region[PField.lrqTail, 1] = 9
      region[StealField.hits, 1 * region.pCapacity + 0] = 6
      region[StealField.gs, 1 * region.pCapacity + 0] = 60
      region[MField.state, 2] = region.raw(MState.netpoll)
      region.count(.created, on: 0, by: 5)
      region.count(.started, on: 1, by: 3)
      region.count(.parked, on: 1, reason: .mutex, by: 2)
      region.count(.readied, on: region.lane(m: 2), reason: .mutex, by: 1)
      region[SchedField.grqDepth] = 4
      region[SchedField.netpollBackend] = region.raw(NetpollKind.ioUring)
      region.ring(p: 1).append(Record(.mPark, time: 1, m: 1))
      var snapshot = try region.snapshot()
      (snapshot.time, snapshot.target.bootTime) = (0, 0)
      return snapshot
    }

    #expect(snapshots[0].ps == snapshots[1].ps)
    #expect(snapshots[0].ms == snapshots[1].ms)
    #expect(snapshots[0].gs == snapshots[1].gs)
    #expect(snapshots[0] == snapshots[1])
    #expect(
      snapshots[1].ps[1].stealsIn == 6 && snapshots[1].ps[1].spinTime == 81
        && snapshots[1].gs.waiting == [.mutex: 1])
  }

  @Test(
    "a schema that lacks what we need says what",
    arguments: [
      ("field lane created", "field lane.created"), ("block sched", "block sched"),
      ("ring m", "ring m"), ("area strings", "area strings"), ("field header state", "field header.state"),
    ])
  func missing(prefix: String, what: String) throws {
    var plan = Plan.standard()
    plan.text = plan.text.split(separator: "\n").filter { !$0.hasPrefix(prefix + " ") }.joined(
      separator: "\n")
    let region = RegionFixture(plan)

    #expect(throws: InspectorError.layout(path: region.path, .missing(what))) { try region.source() }
  }

  @Test("fields that we have no use for may be missing")
  func unneededFields() throws {
    var plan = Plan.standard()
    plan.text = plan.text.split(separator: "\n").filter {
      !$0.hasPrefix("field p overflowed ") && !$0.hasPrefix("block g ") && !$0.hasPrefix("field g ")
        && !$0.hasPrefix("event ") && !$0.hasPrefix("field p idleTicks ")
    }.joined(separator: "\n")

    let snapshot = try RegionFixture(plan).snapshot()
    #expect(snapshot.procs == 2 && snapshot.ps.allSatisfy { $0.idleTime == nil && $0.spinTime == nil })
  }

  @Test(
    "a line that makes no sense is an error that shows the line",
    arguments: [
      "block p x 1 1", "block p 1", "field lane created", "ring p 1 2 3", "block p -8 8 8",
      "block p 99999999999999999999999 8 8",
    ])
  func damagedLine(line: String) throws {
    var plan = Plan.standard()
    plan.text += line + "\n"
    let region = RegionFixture(plan)

    #expect(throws: InspectorError.layout(path: region.path, .schema(line))) { try region.source() }
  }
}
