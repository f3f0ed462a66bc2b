// What a handler did, step by step. Each thing that it did is one step, and the steps' times add up to the
// request's time.
import Region
import Testing

@testable import Exports
@testable import Insight
@testable import Inspector
@testable import Observed
@testable import RegionSource

@Suite("Steps of a handler")
struct HandlerStepsTests {
  private let channel = WaitReason.chanReceive.rawValue

  /// G77's span from 10 to 40 ms. G77 starts G78, waits for a channel, ends G79's wait, makes a call that
  /// loses its P, is preempted, and yields.
  private func everything() throws -> Script {
    let script = try Script(procs: 2)
    script.p(0, 9, .goStart, 77)
    script.p(0, 10, .goLabel, 77, 1, arg: 900)
    script.p(0, 11, .goCreate, 78, 1, arg: 77 | Place.next(0))
    script.p(0, 12, .goPark, 77, channel)
    script.p(0, 15, .goReady, 77, channel, arg: 78 | Place.next(2))
    script.p(0, 16, .goStart, 77, RunSource.runnext.rawValue, arg: 1_000_000)
    script.p(0, 17, .goReady, 79, channel, arg: 77 | Place.next(0))
    script.p(0, 18, .goSyscall, 77)
    script.m(5, 19, .retake, count: 0, arg: 0)
    script.m(0, 23, .goSyscallExit, 77, 0, arg: 5_000_000 | Place.grq(1))
    script.p(1, 25, .goStart, 77, RunSource.grq.rawValue, arg: 2_000_000)
    script.p(1, 30, .goPreempt, 77, 1, arg: Place.grq(0))
    script.p(1, 34, .goResume, 77, RunSource.grq.rawValue, arg: 4_000_000)
    script.p(1, 36, .goYield, 77, arg: Place.lrq(3))
    script.p(1, 37, .goStart, 77, RunSource.lrq.rawValue, arg: 1_000_000)
    script.p(1, 40, .goLabel, 77, 0, arg: 0)
    return script
  }

  @Test("a call, a park, a spawn, a wait for a P, a stop: each has its step, and they add up")
  func eachHasItsStep() throws {
    let walk = try #require(try everything().player().request(.number(900)))
    let did = walk.steps.filter { $0.kind == .did }
    #expect(
      did.map(\.title) == [
        "it runs", "starts G78", "it runs", "parks: chanReceive", "waits for a P", "it runs", "ends a wait",
        "it runs", "is in a call", "waits for a P", "it runs", "is preempted", "it runs", "waits for a P",
        "it runs",
      ])
    #expect(did.map { ($0.lasted ?? 0) / 1_000_000 } == [1, 0, 1, 3, 1, 1, 0, 1, 5, 2, 5, 4, 2, 1, 3])
    #expect(did.compactMap(\.lasted).reduce(0, +) == walk.span.duration && walk.span.duration == 30_000_000)
    // Each step begins where the one before it ends.
    #expect(zip(did, did.dropFirst()).allSatisfy { ($0.time ?? 0) + ($0.lasted ?? 0) == $1.time })
    let call = did[8].text
    #expect(call.contains("in a system call on M0 for 5.00 ms"))
    #expect(
      call.contains("Sysmon took P0 from it 1.00 ms after it had begun") && call.contains("it had to queue"))
    #expect(did[3].text.contains("G78 ended that after 3.00 ms"))
    #expect(
      did[9].text.contains("on the GRQ behind 1") && did[9].text.contains("then P1 (M1) ran it, from the GRQ")
    )
    #expect(did[11].text.contains("kept M1") && did[11].text.contains("waited 4.00 ms"))
    #expect(did[13].text.hasPrefix("It gave way, and waited 1.00 ms"))
    #expect(did[8].events.map(\.kind) == [.goSyscall, .retake, .goSyscallExit])
    let lines = walk.lines.joined(separator: "\n")
    #expect(lines.contains("is in a call 5.00 ms"))
    #expect(walk.json.contains("\"step\":\"did\"") && walk.json.contains("\"lasted_ns\":5000000"))
  }

  @Test(
    "of a handler that does thousands of things the longest are told, the others together, and they add up")
  func many() throws {
    let script = try Script(procs: 1)
    script.p(0, 1, .goLabel, 7, 1, arg: 5)
    for turn in 0..<200 {
      let at = 2 + Double(turn) / 100
      script.p(0, at, .goPark, 7, channel)
      script.p(0, at + 0.003, .goReady, 7, channel, arg: 8 | Place.next(0))
      script.p(0, at + 0.004, .goStart, 7, RunSource.runnext.rawValue, arg: 1000)
    }
    script.p(0, 5, .goSyscall, 7)
    script.p(0, 9, .goSyscallExit, 7, 1, arg: 4_000_000)
    script.p(0, 10, .goLabel, 7, 0, arg: 0)
    let walk = try #require(try script.player().request(.number(5)))
    let did = walk.steps.filter { $0.kind == .did }
    #expect(did.count <= HandlerPieces.most + 1 && did.contains { $0.title == "is in a call" })
    #expect(did.contains { $0.title.hasSuffix("things") && $0.text.contains("chanReceive") })
    #expect(did.compactMap(\.lasted).reduce(0, +) == 9_000_000 && walk.span.duration == 9_000_000)
  }
}
