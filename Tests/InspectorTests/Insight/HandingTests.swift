// Why an M let a P go, and which wake-up led to which run. The neighbouring events tell.
import Region
import Testing

@testable import Exports
@testable import History
@testable import Insight
@testable import Inspector
@testable import Observed
@testable import RegionSource

@Suite("Why a P changes hands")
struct HandingTests {
  private func text(_ script: Script, _ subject: Subject) throws -> String {
    try script.player().explanation(of: subject).lines.map(\.text).joined(separator: "\n")
  }

  /// M0's G7 is preempted at 12 ms and keeps M0. Sysmon (M5) has woken M4, which goes on with P0, takes G9
  /// from the GRQ, and hands the P to M3, because G9 keeps M3.
  private func stopped() throws -> Script {
    let script = try Script()
    script.p(1, 0.1, .mWake, count: 3)
    script.p(2, 0.2, .procStart, count: 2, m: 3)
    script.p(2, 0.3, .goStart, 9, arg: 1, m: 3)
    script.p(2, 0.4, .goPreempt, 9, 1, m: 3)
    script.p(2, 0.4, .procStop, count: 2, m: 3)
    script.p(0, 2, .goStart, 7, arg: 1_000_000)
    script.m(5, 11.9, .preemptRequest, count: 0, arg: 0)
    script.p(0, 12, .goPreempt, 7, 1)
    script.p(0, 12, .procStop, count: 0)
    script.m(5, 12.01, .mWake, count: 4)
    script.p(0, 12.1, .procStart, count: 0, m: 4)
    script.p(0, 12.2, .grqTake, count: 1, arg: 1, m: 4)
    script.p(0, 12.3, .procStop, count: 0, m: 4)
    script.p(0, 12.4, .procStart, count: 0, m: 3)
    script.p(0, 12.4, .goResume, 9, RunSource.grq.rawValue, arg: 12_000_000, m: 3)
    return script
  }

  @Test("a G that was stopped keeps the thread; one that is taken with a thread of its own is handed the P")
  func stoppedAndHanded() throws {
    let p = try text(stopped(), .p(0))
    #expect(p.contains("M0 let it go: G7 was preempted, and keeps M0"))
    #expect(
      p.contains("M4 took it; M5 had woken M4 100.0 µs earlier")
        || p.contains("M4 took it; M5 had woken M4 90.0 µs earlier"))
    #expect(p.contains("M4 handed it to M3, which keeps G9") && !p.contains("nothing to run\n"))
    #expect(try text(stopped(), .m(4)).contains("handed P0 to M3, which keeps G9"))
    #expect(try text(stopped(), .m(0)).contains("let P0 go: G7 was preempted, and keeps it"))
  }

  @Test("a wake-up that led to an earlier run is not told as the cause of a later one")
  func oldWake() throws {
    let script = try stopped()
    let player = try script.player()
    let events = player.lastEvents(ofEachLane: 100)
    let start = try #require(events[.p(0)]?.last { $0.kind == .procStart })
    let answer = player.explanation(of: .event(.p(0), position: start.position, time: start.time)).lines
    // M3 was woken at 0.1 ms and ran, and since then G9 has kept it.
    #expect(answer.contains { $0.text.hasPrefix("Before it: M4 lets P0 go") }, "\(answer)")
    #expect(!answer.contains { $0.text.contains("wakes M3") })
    let p = try text(script, .p(0))
    #expect(!p.contains("had woken M3"))
  }

  @Test(
    "a thread that was woken and does not run is told as woken, and its wake-up to have led to nothing yet")
  func wokenOnly() throws {
    let script = try Script()
    script.p(0, 1, .mWake, count: 4)
    script.p(0, 3, .goCreate, 1)
    let player = try script.player()
    #expect(try text(script, .m(4)).contains("M0 woke it; it has not come to run yet"))
    let wake = try #require(player.lastEvents(ofEachLane: 9)[.p(0)]?.first { $0.kind == .mWake })
    let answer = player.explanation(of: .event(.p(0), position: wake.position, time: wake.time)).lines
    #expect(answer.contains { $0.text == "Up to this moment nothing has followed from it." })
  }

  @Test("a thread that sleeps in the kernel, a search in vain, a smaller number of Ps")
  func otherReasons() throws {
    let script = try Script()
    script.p(0, 1, .goStart, 7, arg: 1000)
    script.p(0, 2, .goSyscall, 7)
    script.p(0, 2, .procStop, count: 0)
    script.p(1, 1, .mSpin)
    script.p(1, 2, .procStop, count: 1)
    script.m(1, 2.1, .mUnspin)
    script.p(2, 1, .goStart, 8, arg: 1000)
    script.p(2, 2, .goExit, 8)
    script.p(2, 3, .procStop, count: 2)
    script.m(2, 3.01, .procRetire, count: 2, arg: 4)
    #expect(try text(script, .p(0)).contains("M0 let it go: G7 sleeps in the kernel, and keeps M0"))
    #expect(try text(script, .p(1)).contains("M1 let it go: nothing to run"))
    let retired = try text(script, .p(2))
    #expect(retired.contains("M2 let it go: there are fewer Ps now"))
    #expect(retired.contains("stopped for good: there are fewer Ps now; its 4 Gs went to the GRQ"))
  }

  @Test(
    "a request to stop led to a preemption only where the G was stopped, and not where it was done before")
  func requestToStop() throws {
    func followed(_ end: EventKind) throws -> Bool {
      let script = try Script()
      script.p(0, 1, .goStart, 7, arg: 1000)
      script.m(5, 12, .preemptRequest, count: 0, arg: 0)
      script.p(0, 13, end, 7)
      let player = try script.player()
      let request = try #require(player.lastEvents(ofEachLane: 9)[.m(5)]?.first)
      let answer = player.explanation(of: .event(.m(5), position: request.position, time: request.time))
      return answer.lines.contains { $0.text.hasPrefix("It led to: G7 is preempted") }
    }
    #expect(try followed(.goPreempt) && !followed(.goPark) && !followed(.goExit))
  }

  @Test("the hop of a wake-up counts only the one that led to the run")
  func wakingHop() throws {
    let script = try Script()
    script.p(0, 0.1, .goStart, 9)
    script.p(0, 1, .goCreate, 5, arg: 9 | Place.grq(0))
    script.p(0, 2, .mWake, count: 4)
    script.p(1, 2.1, .procStart, count: 1, m: 4)
    script.p(1, 2.2, .procStop, count: 1, m: 4)
    script.p(2, 30, .procStart, count: 2, m: 4)
    script.p(2, 30.1, .grqTake, count: 1, arg: 0, m: 4)
    script.p(2, 30.2, .goStart, 5, RunSource.grq.rawValue, arg: 29_200_000, m: 4)
    #expect(try !script.why(5).hops.contains { $0.kind == .waking })
  }
}
