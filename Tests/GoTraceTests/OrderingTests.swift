// The order of events of several threads, by traces made by hand.
import Testing

@testable import GoTrace

@Suite("The order of events")
struct OrderingTests {
  /// Two threads with a P each, and a G that runs on the first.
  private static func begin() -> GenerationWriter {
    var writer = GenerationWriter(1, at: 1000)
    writer.add(.procStatus, m: 10, at: 1000, 0, 1)
    writer.add(.goStatus, m: 10, at: 1000, 1, 10, 2)
    writer.add(.procStatus, m: 11, at: 1000, 1, 2)
    return writer
  }

  private static func heard(_ writer: GenerationWriter, isStrict: Bool = true) throws -> Heard {
    var writer = writer
    return try Heard(GenerationWriter.header + writer.finished(), isStrict: isStrict)
  }

  @Test("a G runs after it was made, though its thread's clock is behind")
  func madeFirst() throws {
    var writer = Self.begin()
    writer.add(.goCreate, m: 10, at: 5000, 2, 0, 0)
    writer.add(.procStart, m: 11, at: 3000, 1, 1)
    writer.add(.goStart, m: 11, at: 3100, 2, 1)
    writer.add(.goBlock, m: 11, at: 3200, writer.string("sync"), 0)
    writer.add(.goUnblock, m: 10, at: 5200, 2, 2, 0)
    writer.add(.goStop, m: 10, at: 5300, 0, 0)
    let heard = try Self.heard(writer)
    #expect(heard.events.suffix(5).map(\.kind) == [.goCreate, .goStart, .goBlock, .goUnblock, .goStop])
    #expect(heard.events.suffix(5).map(\.time) == [5000, 5001, 5002, 5200, 5300])
    let start = heard.events[heard.events.count - 4]
    #expect(start.m == 11 && start.p == 1 && start.g == nil && start.arguments.0 == 2)
    #expect(heard.totals.goroutines[2] == Heard.times(runnable: 1 + 100, running: 1, waiting: 198))
  }

  @Test("a P that is taken from a system call is put down by its thread no more")
  func steal() throws {
    var writer = Self.begin()
    writer.add(.goSyscallBegin, m: 10, at: 2000, 1, 0)
    // The thread that steals is ahead of the one in the call.
    writer.add(.procSteal, m: 11, at: 1900, 0, 2, 10)
    writer.add(.procStart, m: 11, at: 1950, 0, 3)
    writer.add(.goSyscallEndBlocked, m: 10, at: 2100)
    let heard = try Self.heard(writer)
    let last = heard.events.suffix(4)
    #expect(last.map(\.kind) == [.goSyscallBegin, .procSteal, .procStart, .goSyscallEndBlocked])
    #expect(last.map(\.time) == [2000, 2001, 2002, 2100])
    #expect(heard.events.last { $0.kind == .goSyscallEndBlocked }?.p == nil)
  }

  @Test("what lasts as a generation begins is told, and what is counted is in order")
  func ranges() throws {
    var writer = Self.begin()
    writer.add(.gcActive, m: 10, at: 1100, 5)
    writer.add(.gcMarkAssistActive, m: 10, at: 1100, 1)
    writer.add(.gcSweepActive, m: 10, at: 1100, 0)
    writer.add(.gcBegin, m: 10, at: 4000, 7, 0)
    writer.add(.procStart, m: 11, at: 5000, 1, 1)
    writer.add(.goCreate, m: 10, at: 4100, 2, 0, 0)
    writer.add(.goStart, m: 11, at: 5100, 2, 1)
    writer.add(.gcEnd, m: 11, at: 5200, 6)
    let heard = try Self.heard(writer, isStrict: false)
    // The end of cycle 6 is on a thread that can go on only after the beginning of cycle 7: this is damage.
    #expect(heard.damage.outOfOrder > 0)
    #expect(heard.count(.gcActive, .gcMarkAssistActive, .gcSweepActive) == 3)
  }

  @Test("a coroutine's switch is a wake-up, a wait and a start")
  func coroutine() throws {
    var writer = Self.begin()
    writer.add(.goCreateBlocked, m: 10, at: 2000, 2, 0, 0)
    writer.add(.goSwitch, m: 10, at: 2100, 2, 1)
    writer.add(.goSwitchDestroy, m: 10, at: 2200, 1, 1)
    let heard = try Self.heard(writer)
    let parts = heard.events.suffix(6)
    #expect(parts.map(\.kind) == [.goSwitch, .goBlock, .goStart, .goSwitchDestroy, .goDestroy, .goStart])
    #expect(parts.map(\.time) == [2100, 2101, 2102, 2200, 2201, 2202])
    #expect(parts.map(\.isDerived) == [false, true, true, false, true, true])
    #expect(heard.totals.goroutines[2] == Heard.times(runnable: 2, running: 99, waiting: 100))
  }

  @Test("a damaged beginning is gone over: each event says what is so after it")
  func forced() throws {
    var writer = GenerationWriter(1, at: 1000)
    writer.add(.goStart, m: 10, at: 1100, 2, 1)
    writer.add(.goBlock, m: 10, at: 1200, writer.string("sleep"), 0)
    writer.add(.goUnblock, m: .max, at: 1300, 2, 2, 0)
    let heard = try Self.heard(writer, isStrict: false)
    #expect(heard.events.map(\.kind) == [.goStart, .goBlock, .goUnblock])
    #expect(heard.events[1].g == 2 && heard.events[0].isOutOfOrder)
    #expect(throws: TraceError.self) { try Self.heard(writer) }
  }

  @Test("the wall clock of a moment is told where the trace tells it")
  func clocks() throws {
    var writer = Self.begin()
    let bytes = writer.finished(
      clock: TraceClock(
        frequency: 1_000_000_000,
        snapshot: .init(ticks: 1500, monotonic: 99, seconds: 1_700_000_000, nanoseconds: 7)))
    let clock = try #require(Heard(GenerationWriter.header + bytes).tables.clock)
    #expect(clock.wall(1600) == 1_700_000_000_000_000_107 && clock.monotonic(1600) == 199)
    #expect(TraceClock(frequency: 15_625_000).time(10) == 640)
    // What a damaged trace may say.
    for (seconds, nanoseconds) in [(1, UInt64.max), (1, 1 << 63), (.max, 1)] as [(UInt64, UInt64)] {
      let snapshot = TraceClock.Snapshot(
        ticks: .max, monotonic: .max, seconds: seconds, nanoseconds: nanoseconds)
      let odd = TraceClock(frequency: 0, snapshot: snapshot)
      #expect(odd.wall(.max) == nil)
      _ = odd.monotonic(.min)
    }
  }
}

extension Heard {
  fileprivate static func times(
    runnable: Int64 = 0, running: Int64 = 0, syscall: Int64 = 0, waiting: Int64 = 0
  )
    -> TraceTimes
  {
    var times = TraceTimes()
    (times.runnable, times.running, times.syscall, times.waiting) = (runnable, running, syscall, waiting)
    return times
  }
}
