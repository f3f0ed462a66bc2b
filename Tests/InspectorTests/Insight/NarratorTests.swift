// The narrator, on events written by hand: what it names, with which numbers, and what it does not say.
import Region
import Testing

@testable import History
@testable import Insight
@testable import Observed

/// A narrator that hears events of moments in milliseconds.
private struct Told {
  private static let start: UInt64 = 1_000_000_000_000
  private(set) var narrator = Narrator(reasons: WaitReason.all)
  private let clock = Clock(ticks: 0, nanoseconds: 0, nanosecondsPerTick: 1)

  init() { note(0) }

  static func time(_ ms: Double) -> UInt64 { start + UInt64(ms * 1e6) }

  mutating func note(_ ms: Double, waiting: Int = 0, threads: Int = 6) {
    var snapshot = Snapshot()
    snapshot.time = Self.time(ms)
    snapshot.gs.waiting = [.netpollRead: waiting]
    snapshot.ms = (0..<threads).map { _ in Snapshot.M() }
    narrator.note(clock, snapshot)
  }

  mutating func p(
    _ p: Int, _ ms: Double, _ kind: EventKind, _ g: UInt64 = 0, detail: UInt8 = 0, count: UInt32 = 0,
    arg: UInt64 = 0,
    m: Int = 0
  ) {
    narrator.take(
      [
        Record(
          kind, time: Self.time(ms), m: UInt16(m), g: g, detail: detail, count: count, arg: arg)
      ], on: .p(p))
  }

  mutating func m(_ m: Int, _ ms: Double, _ kind: EventKind, _ g: UInt64, arg: UInt64 = 0) {
    narrator.take([Record(kind, time: Self.time(ms), m: UInt16(m), g: g, arg: arg)], on: .m(m))
  }

  /// The line at a moment.
  mutating func line(_ ms: Double) -> String? {
    narrator.settle(upTo: Self.time(ms))
    return narrator.news(StringBook())?.text
  }
}

private func ms(_ count: UInt64) -> UInt64 { count * 1_000_000 }

@Suite("Narrator")
struct NarratorTests {
  @Test("nothing has happened: nothing is said")
  func silence() {
    var told = Told()
    told.p(0, 1, .goStart, 7)
    told.p(0, 2, .goPark, 7, detail: WaitReason.sleep.rawValue)
    #expect(told.line(5000) == nil)
  }

  @Test(
    "an overflow and a steal are named, the rarer in its turn, each with the numbers of its largest event")
  func overflowAndSteal() {
    var told = Told()
    told.p(0, 10, .overflow, count: 129, arg: 129)
    #expect(told.line(10) == "P0's LRQ was full: 129 Gs went to the GRQ, where any P may take them")
    told.p(1, 100, .steal, count: 4, arg: 0)
    told.p(1, 200, .steal, count: 64, arg: 0)
    told.p(2, 300, .steal, count: 9, arg: 0)
    told.p(0, 400, .overflow, count: 129, arg: 129)
    // A line stays for three seconds.
    #expect(told.line(3000)?.hasPrefix("P0's LRQ") == true)
    #expect(told.line(3010) == "P1 had no work: it stole 64 Gs, half of P0's LRQ")
    // What happened five seconds ago is not news, and a line goes after ten.
    #expect(told.line(6500)?.hasPrefix("P1 had no work") == true)
    #expect(told.line(13_020) == nil)
  }

  @Test("a kind that happens all the time does not hide a rare one, and is not said again within six seconds")
  func rareFirst() {
    var told = Told()
    var lines: [String] = []
    for second in 0..<20 {
      let now = Double(second) * 1000 + 1
      told.p(1, now, .steal, count: 2, arg: 0)
      if second % 7 == 3 { told.p(0, now, .overflow, count: 129) }
      if let line = told.line(now), line != lines.last { lines.append(line) }
    }
    #expect(lines.map { $0.prefix(3) } == ["P1 ", "P0'", "P1 ", "P0'", "P1 ", "P0'"])
  }

  @Test("runnext that is stolen is no line: it is one G, and no half")
  func nextStolen() {
    var told = Told()
    told.p(1, 100, .steal, detail: 1, count: 1, arg: 0)
    #expect(told.line(100) == nil)
  }

  @Test("a G that was preempted is named with the length of its slice, since its start or since it went on")
  func preemption() {
    var told = Told()
    told.p(0, 10, .goStart, 812)
    told.p(0, 20.1, .goPreempt, 812, detail: 1)
    #expect(told.line(21) == "G812 ran for 10.1 ms and did not give way: it was preempted")
    told.p(0, 6000, .goResume, 812)
    told.p(0, 6030, .goPreempt, 812, detail: 1)
    #expect(told.line(6031) == "G812 ran for 30.0 ms and did not give way: it was preempted")
    // A start that was not seen gives no length, so nothing is said.
    told.p(1, 15_000, .goPreempt, 900)
    #expect(told.line(30_000) == nil)
  }

  @Test(
    "a P that is taken from a thread in a call is named with the thread that goes on, if one does at once")
  func handOff() {
    var told = Told()
    told.p(1, 10, .retake, count: 1, arg: 7, m: 1)
    told.p(1, 10.2, .procStart, count: 1, m: 9)
    #expect(told.line(11) == "M7 slept in a system call: sysmon took its P1, and M9 goes on with it")
    told.p(1, 7000, .retake, count: 1, arg: 9, m: 1)
    told.p(1, 7020, .procStart, count: 1, m: 7)  // the P was idle meanwhile
    told.p(1, 7100, .procStop, count: 1, m: 7)
    told.p(1, 7100.1, .procStart, count: 1, m: 9)  // sysmon took nothing here
    #expect(told.line(17_000) == nil)
  }

  @Test("a request that took long is told with the largest part of its time, on whichever P it went on")
  func slowRequest() {
    var told = Told()
    told.p(0, 9, .goStart, 5, arg: ms(1))
    told.p(0, 10, .goLabel, 5, detail: 1, count: 3, arg: 77)
    told.p(0, 30, .goPark, 5, detail: WaitReason.waitGroup.rawValue)
    told.p(1, 190, .goReady, 5, detail: WaitReason.waitGroup.rawValue)
    told.p(1, 222, .goStart, 5, detail: WaitReason.waitGroup.rawValue << 4, arg: ms(32))
    #expect(told.line(220) == nil)
    told.p(1, 222.1, .goLabel, 5)
    #expect(told.line(223) == "a request took 212 ms: for 160 ms it waited for Gs that it had started")
  }

  @Test("parts that do not add up are not told, and a short request is not slow")
  func untold() {
    var told = Told()
    told.p(0, 9, .goStart, 5)
    told.p(0, 10, .goLabel, 5, detail: 1, count: 3, arg: 77)
    told.p(0, 30, .goPark, 5, detail: WaitReason.mutex.rawValue)
    // The event that ends the wait is missing.
    told.p(1, 222, .goStart, 5, arg: ms(2))
    told.p(1, 222, .goLabel, 5)
    #expect(told.line(223) == "a request took 212 ms")
    told.p(1, 9000, .goLabel, 5, detail: 1, count: 3, arg: 78)
    told.p(1, 9099, .goLabel, 5)
    #expect(told.line(13_300) == nil)
  }

  @Test("a call in which sysmon found the thread asleep is told from sysmon's lane, before the lane of the P")
  func foundAsleep() {
    var told = Told()
    told.p(0, 9, .goStart, 5)
    told.p(0, 10, .goLabel, 5, detail: 1, arg: 77)
    #expect(told.line(11) == nil)
    told.m(1, 40, .goSyscall, 5)
    told.m(3, 200, .goSyscallExit, 5, arg: ms(160))
    told.p(1, 230, .goStart, 5, arg: ms(30))
    told.p(1, 235, .goPreempt, 5)
    told.p(0, 240, .goStart, 5, arg: ms(5))
    told.p(0, 250, .goLabel, 5)
    #expect(told.line(260) == "a request took 240 ms: for 160 ms it was in a system call")
  }

  @Test("a span within a request is a part of it")
  func nested() {
    var told = Told()
    told.p(0, 9, .goStart, 5)
    told.p(0, 10, .goLabel, 5, detail: 1, arg: 77)
    told.p(0, 20, .goLabel, 5, detail: 1, arg: 78)
    told.p(0, 30, .goLabel, 5, arg: 77)
    told.p(0, 210, .goLabel, 5)
    #expect(told.line(211) == "a request took 200 ms: for 200 ms it ran")
  }

  @Test("after lost records nothing is told of requests that were open")
  func lost() {
    var told = Told()
    told.p(0, 9, .goStart, 5)
    told.p(0, 10, .goLabel, 5, detail: 1, arg: 77)
    var narrator = told.narrator
    narrator.lose(.p(0))
    narrator.take([Record(.goLabel, time: Told.time(900), m: 0, g: 5)], on: .p(0))
    narrator.settle(upTo: Told.time(901))
    #expect(narrator.news(StringBook()) == nil)
  }

  @Test("many Gs that wait for connections are told beside the threads, with the numbers of now")
  func crowd() {
    var told = Told()
    told.note(10, waiting: 10_065)
    let line = "10,065 Gs each wait for a connection, on 6 threads: a parked G holds none"
    #expect(told.line(10) == line)
    told.note(500, waiting: 10_000)
    #expect(told.line(500)?.hasPrefix("10,000 Gs") == true)
    told.note(7000, waiting: 18_001)
    #expect(told.line(7000)?.hasPrefix("18,001 Gs") == true)
    told.note(7100, waiting: 3)
    #expect(told.line(7100) == nil)
    var few = Told()
    few.note(10, waiting: 99)
    few.note(20, waiting: 400, threads: 30)
    #expect(few.line(30) == nil)
  }

  @Test("whatever the records say, nothing traps")
  func noise() {
    var state: UInt64 = 88_172_645_463_325_252
    func dice() -> UInt64 {
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return state
    }
    var told = Told()
    for _ in 0..<20_000 {
      let record = Record(time: dice(), what: dice(), g: dice() & 3, arg: dice())
      var narrator = told.narrator
      narrator.take([record], on: dice() & 1 == 0 ? .p(Int(dice() & 7)) : .m(3))
      narrator.settle(upTo: dice())
      _ = narrator.news(StringBook())
    }
    for round in 0..<20_000 {
      let kind = EventKind.allCases[Int(dice() % UInt64(EventKind.allCases.count))]
      told.p(
        Int(dice() & 3), Double(round), kind, dice() & 3, detail: UInt8(truncatingIfNeeded: dice()),
        arg: dice())
    }
    #expect(told.narrator.news(StringBook()).map { !$0.text.isEmpty } ?? true)
  }
}
