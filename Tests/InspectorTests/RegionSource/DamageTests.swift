import Region
import Testing

@testable import Host
@testable import Inspector
@testable import Observed
@testable import RegionSource

@Suite("Damaged and foreign regions")
struct DamageTests {
  private func problem(_ region: RegionFixture) -> LayoutProblem? {
    do throws(InspectorError) {
      _ = try RegionFile(path: region.path, process: region.process).open()
    } catch {
      if case .layout(_, let problem) = error { return problem }
    }
    return nil
  }

  @Test("each wrong header is told apart")
  func header() {
    let region = RegionFixture()
    func with(_ field: HeaderField, _ value: UInt64) -> LayoutProblem? {
      let old = region[field]
      region[field] = value
      defer { region[field] = old }
      return problem(region)
    }

    #expect(with(.magic, 0) == .unfinished)
    #expect(with(.magic, 0x7f45_4c46) == .notARegion)
    #expect(with(.magic, Layout.magic.byteSwapped) == .otherByteOrder)
    #expect(with(.byteOrder, Layout.byteOrder.byteSwapped) == .otherByteOrder)
    #expect(with(.version, 7) == .version(7))
    #expect(with(.schemaBytes, 0) == .impossible("header.schemaBytes", 0))
    #expect(with(.schemaBytes, 1 << 40) == .impossible("header.schemaBytes", 1 << 40))
    #expect(with(.schemaOffset, .max) == .impossible("header.schemaOffset", .max))
    #expect(with(.pid, 1) == .impossible("header.pid", 1))
    #expect(problem(region) == nil)
  }

  @Test("values that no scheduler has are named")
  func values() throws {
    let region = RegionFixture()
    let source = try region.source()
    func with<Field: RegionField>(_ field: Field, _ block: Int = 0, _ value: UInt64) -> LayoutProblem? {
      let old = region[field, block]
      region[field, block] = value
      defer { region[field, block] = old }
      do throws(LayoutProblem) { _ = try source.snapshot() } catch { return error }
      return nil
    }

    #expect(with(SchedField.procs, 0, 1025) == .impossible("sched.procs", 1025))
    #expect(with(SchedField.mCount, 0, .max) == .impossible("sched.mCount", .max))
    #expect(with(SchedField.grqDepth, 0, .max) == .impossible("sched.grqDepth", .max))
    #expect(with(PField.m, 1, 10_001) == .impossible("p.m", 10_001))
    #expect(with(PField.status, 1, 300) == .impossible("p.status", 300))
    #expect(with(MField.p, 2, 5000) == .impossible("m.p", 5000))
    #expect(with(LaneField.created, 0, 1 << 62) == .impossible("the number of Gs that are live", 1 << 62))
    #expect(with(HeaderField.state, 0, 99) == .impossible("header.state", 99))
    _ = try source.snapshot()
  }

  @Test("a schema that places blocks outside the file, askew or without end is refused")
  func places() {
    func problem(_ old: String, _ new: String) -> LayoutProblem? {
      var plan = Plan.standard()
      let lines = plan.text.split(separator: "\n")
      plan.text = lines.map { $0.hasPrefix(old) ? new : String($0) }.joined(separator: "\n")
      return self.problem(RegionFixture(plan))
    }
    func isTruncated(_ problem: LayoutProblem?) -> Bool {
      if case .truncated = problem { return true }
      return false
    }

    #expect(isTruncated(problem("block p ", "block p 4096 4096 99999999")))
    #expect(isTruncated(problem("block p ", "block p 4611686018427387896 4096 1024")))
    #expect(isTruncated(problem("block m ", "block m 0 4611686018427387896 1000")))
    #expect(problem("block m ", "block m 12 64 10") == .impossible("the place of block m", 12))
    #expect(problem("block m ", "block m 8 0 10") == .impossible("the place of block m", 8))
    #expect(problem("field p g ", "field p g 4096 1 id g") == .impossible("the place of field p.g", 4096))
    #expect(problem("field p g ", "field p g 12 1 id g") == .impossible("the place of field p.g", 12))
    #expect(problem("ring p ", "ring p 4096 2048 4 48") == .impossible("the records of ring p", 48))
    #expect(problem("ring p ", "ring p 4096 64 4 4") == .impossible("the records of ring p", 4))
    #expect(problem("block steal ", "block steal 4096 32 9") == .impossible("the count of block steal", 9))
  }
}
