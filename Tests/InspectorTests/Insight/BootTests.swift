// When the boot was done: read from the header, kept in a keyframe, and written as JSON.
import Region
import Testing

@testable import History
@testable import Insight
@testable import Inspector
@testable import Observed

@Suite("Boot")
struct BootTests {
  @Test("the moments of the header come in nanoseconds, and what has not happened is not told")
  func header() throws {
    let region = RegionFixture(procs: 1, ms: 1)
    #expect(try !region.snapshot().boot.isKnown)
    for (index, ticks) in [1_000, 3_000, 4_000].enumerated() {
      region[HeaderField.bootTicks, 0, index] = UInt64(ticks)
    }
    let boot = try region.snapshot().boot
    #expect(boot.start == 1_000 && boot[.region] == 3_000 && boot[.procs] == 4_000 && boot[.m0] == nil)
    #expect(boot.duration == nil && boot.isKnown)
  }

  @Test("a keyframe carries them, one of an older writer does not")
  func keyframe() throws {
    var snapshot = Snapshot()
    (snapshot.boot.start, snapshot.boot[.region], snapshot.boot[.main]) = (5, 1 << 40, (1 << 40) + 9)
    let read = Keyframe(Keyframe(snapshot: snapshot).bytes)
    #expect(read?.snapshot.boot == snapshot.boot && read?.snapshot.boot.duration == (1 << 40) + 4)
    #expect(Keyframe(Keyframe().bytes)?.snapshot.boot.isKnown == false)
    #expect(Frame(snapshot: snapshot).json.contains(#""boot":{"start_ns":5,"region_ns":1099511627776,"#))
  }
}
