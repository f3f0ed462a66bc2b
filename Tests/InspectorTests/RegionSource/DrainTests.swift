import Region
import Testing

@testable import Inspector
@testable import Observed
@testable import RegionSource

@Suite("Draining the rings")
struct DrainTests {
  private func write(_ count: Int, to ring: RingWriter, from first: Int = 0) {
    for index in first..<first + count { ring.append(Record(.goYield, time: UInt64(index), m: 0)) }
  }

  @Test("a reader takes what was written since it came, each record once and in order")
  func takesNewRecords() throws {
    let region = RegionFixture()
    write(10, to: region.ring(p: 0))
    let source = try region.source()
    write(5, to: region.ring(p: 0), from: 100)
    write(3, to: region.ring(m: 2), from: 200)

    var taken: [Lane: [UInt64]] = [:]
    for _ in 0..<3 { _ = try source.drain { taken[$0, default: []] += $1.map(\.time) } }

    #expect(taken == [.p(0): [100, 101, 102, 103, 104], .m(2): [200, 201, 202]])
    let trace = try source.snapshot().trace
    #expect(trace.events == 18 && trace.lost == 0)
  }

  @Test("what a lapped reader missed is counted exactly, ring by ring")
  func lossIsExact() throws {
    let region = RegionFixture()  // rings of 64 and 16 records
    let source = try region.source()
    write(1000, to: region.ring(p: 0))
    write(63, to: region.ring(p: 1))
    write(40, to: region.ring(m: 0))

    var kept = 0
    let fill = try source.drain { kept += $1.count }

    let trace = try source.snapshot().trace
    // The reader counts the record that the writer may be overwriting as lost: 63 and 15 remain.
    #expect(kept == 63 + 63 + 15)
    #expect(trace.lost == UInt64(1000 - 63 + 40 - 15))
    #expect(trace.events == UInt64(kept) + (1000 - 63 + 40 - 15))
    #expect(fill == 1000.0 / 64)
  }

  @Test("a thread that appears later is followed from its first record")
  func newThread() throws {
    let region = RegionFixture(ms: 2)
    let source = try region.source()
    write(4, to: region.ring(m: 2))
    region[SchedField.mCount] = 3
    region[MField.state, 2] = region.raw(MState.parked)
    _ = try source.snapshot()

    var taken = 0
    _ = try source.drain { taken += $1.count }

    #expect(taken == 4)
  }

  @Test("the memory of the rings in use is told in bytes")
  func bytes() throws {
    let trace = try RegionFixture(procs: 2, ms: 3).snapshot().trace
    #expect(trace.bytes == UInt64((2 * 64 + 3 * 16) * Record.bytes))
  }

  @Test("records larger than a batch come in batches, none twice")
  func batches() throws {
    let region = RegionFixture(.standard(pRecords: 16_384))
    let source = try region.source()
    write(10_000, to: region.ring(p: 0))

    var (batches, times): (Int, [UInt64]) = (0, [])
    _ = try source.drain {
      batches += 1
      times += $1.map(\.time)
    }

    #expect(batches == 3 && times == (0..<10_000).map(UInt64.init))
  }
}
