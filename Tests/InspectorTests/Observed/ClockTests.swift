import Region
import Testing

@testable import Inspector
@testable import Observed
@testable import RegionSource

@Suite("Clock of the target")
struct ClockTests {
  @Test("ticks and nanoseconds lie on the line through both moments, and beyond it")
  func line() {
    let clock = Clock(first: (1000, 50_000), second: (3000, 51_000))  // two ticks a nanosecond

    #expect(clock.nanoseconds(at: 1000) == 50_000 && clock.nanoseconds(at: 2000) == 50_500)
    #expect(clock.nanoseconds(at: 5000) == 52_000)
    #expect(clock.ticks(at: 50_250) == 1500 && clock.ticks(at: 53_000) == 7000)
  }

  @Test("days of a 2.6 GHz counter come back to the nanosecond")
  func farAway() {
    let clock = Clock(
      first: (7_000_000_000_000, 1_000_000_000), second: (7_002_600_000_000, 2_000_000_000))
    let moment = 2_000_000_000 + UInt64(7 * 86_400) * 1_000_000_000

    let ticks = clock.ticks(at: moment)
    let back = clock.nanoseconds(at: ticks)

    #expect(back.distance(to: moment).magnitude <= 1)
    #expect(ticks == 7_002_600_000_000 + UInt64(7 * 86_400) * 2_600_000_000)
  }

  @Test("moments that are no interval give a nanosecond per tick, and no moment traps")
  func noise() {
    let noise: [UInt64] = [0, 1, 1 << 62, 1 << 63, .max - 1, .max]
    for a in noise {
      for b in noise {
        for c in noise {
          let clock = Clock(first: (a, b), second: (c, a))
          for moment in noise { _ = (clock.ticks(at: moment), clock.nanoseconds(at: moment)) }
        }
      }
    }
    let flat = Clock(first: (100, 200), second: (100, 300))
    #expect(flat.nanoseconds(at: 150) == 250)
  }

  @Test("a clock whose writer died in the middle of a change is not read")
  func oddSequence() throws {
    let region = RegionFixture()
    let source = try region.source()
    region[HeaderField.clockSequence] = 1
    region[HeaderField.clockTicks1] = 1
    let mapping = try Mapping(path: region.path)
    let header = try Blocks<HeaderField>(Header.schema(of: mapping), mapping, needed: Clock.fields)

    #expect(Clock(header, shift: 0) == nil)
    _ = try source.snapshot()
  }
}
