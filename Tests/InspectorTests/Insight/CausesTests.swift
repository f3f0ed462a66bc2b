// Chains of waits over events that were written by hand, so that the right answer is known.
import Region
import Testing

@testable import Exports
@testable import History
@testable import Insight
@testable import Inspector
@testable import Observed
@testable import RegionSource

private let mutex = WaitReason.mutex.rawValue
private let read = WaitReason.netpollRead.rawValue
private let sleep = WaitReason.sleep.rawValue

private func from(_ source: RunSource) -> UInt8 { source.rawValue }

@Suite("Causes of waits")
struct CausesTests {
  /// G5 parks on P1 at 1 ms. G9 readies it on P0 at 5 ms, behind 17 others. G6 pushes it into the LRQ at 6
  /// ms. P1 steals it at 40 ms.
  private func stolen(_ between: (Script) -> Void) throws -> WaitChain {
    let script = try Script(procs: 2)
    script.p(0, 0.1, .goStart, 9)
    script.p(1, 0.5, .goStart, 5)
    script.p(1, 1, .goPark, 5, mutex)
    between(script)
    script.p(0, 5, .goReady, 5, mutex, arg: 9 | Place.next(17))
    script.p(0, 6, .goCreate, 6, count: 0, arg: 9 | Place.next(17))
    script.p(1, 40, .steal, count: 9, arg: 0)
    script.p(1, 40.5, .goStart, 5, from(.steal), arg: 35_500_000)
    return try script.why(5)
  }

  @Test("ready by another, pushed out of runnext, queued, stolen, run: each hop to the nanosecond")
  func stolenWhileHeld() throws {
    let chain = try stolen { $0.p(1, 1.5, .goStart, 7) }
    #expect(chain.picture == "waiting 4.0, runnext 1.0, lrq 34.0, starting 0.5" && chain.addsUp)
    #expect(chain.hops[0].by == 9 && chain.hops[1].by == 6 && chain.hops[1].ending == .displaced)
    #expect(chain.hops[2].depth == 17 && chain.hops[2].p == 0 && chain.hops[2].taker == 1)
    #expect(chain.hops[2].text == "on P0's LRQ at depth 17, until P1 stole it")
    #expect(chain.guilty == 2 && chain.verdict.cause == .hog && chain.isWhole)
    #expect(chain.verdict.g == 9 && chain.verdict.p == 0 && chain.verdict.lasted ?? 0 >= 39_000_000)
    #expect(chain.p == 1 && chain.m == 1)
  }

  @Test("stolen late, by a P that was idle meanwhile")
  func stolenLate() throws {
    let chain = try stolen {
      $0.p(1, 1.5, .procStop, count: 1)
    }
    #expect(chain.verdict.cause == .stolenLate && chain.verdict.p == 1)
  }

  @Test("Gs that wait for long and are not done are waits, also those that no event is known of")
  func openWaits() throws {
    let script = try Script()
    script.p(0, 1, .goStart, 5)
    script.p(0, 2, .goPark, 5, mutex)
    script.p(1, 3, .mSpin)
    // Before the history begins, G6 had parked and G7 was ready.
    for (g, state, ago) in [(6 as UInt64, GState.waiting, 60 as UInt64), (7, .runnable, 30)] {
      let reason = state == .waiting ? WaitReason.chanReceive : .none
      script.region[GField.id, Int(g)] = g
      script.region[GField.status, Int(g)] = GStatus(state, reason: reason, sequence: 1).word
      script.region[GField.since, Int(g)] = script.time(0) - ago * 1_000_000_000
    }
    script.region[SchedField.gSlots] = 64
    script.region[SchedField.gListed] = 64
    let player = try script.player(goroutines: true)
    #expect(player.slowestWaits(9, by: .length).map(\.g) == [6, 7, 5])
    #expect(player.slowestWaits(9).map(\.g) == [7, 6, 5])
    let chain = player.chain(of: try #require(player.slowestWaits(1, by: .length).first))
    #expect(chain.wait.end == nil && chain.lines[0].hasPrefix("G6: parked for chanReceive, for 1m00s"))
    #expect(
      chain.lines[0].hasSuffix("and waits still")
        && chain.verdict.text == "it waits for a channel to give a value")
  }

  @Test("a lock that was not free: who had it is named")
  func waitedForLock() throws {
    let script = try Script()
    script.p(0, 0, .goStart, 5)
    script.p(0, 1, .goPark, 5, mutex)
    script.p(1, 9, .goReady, 5, mutex, arg: 8 | Place.next(0))
    script.p(1, 10, .goStart, 5, from(.runnext), arg: 1_000_000)
    let chain = try script.why(5)
    #expect(chain.picture == "waiting 8.0, runnext 1.0" && chain.addsUp)
    #expect(chain.verdict == Verdict(cause: .waited, text: "it waited for a lock, until G8 ended that"))
  }

  @Test("a poll that came late is told apart from a peer that was silent; every P's hog is named")
  func latePoll() throws {
    let script = try Script(procs: 1)
    script.p(0, 0, .goStart, 5)
    script.p(0, 2, .goPark, 5, read, arg: 8)
    script.p(0, 3, .goStart, 9)
    script.p(0, 28, .goPark, 9, mutex)
    script.p(0, 30, .goReady, 5, read, arg: Place.lrq(0))
    script.p(0, 30.1, .netpollLate, 0, 1, count: 1, arg: 26_000_000)
    script.p(0, 30.2, .netpoll, 0, 1, count: 1, arg: 1)
    script.p(0, 31, .goStart, 5, from(.netpoll), arg: 1_000_000)
    let chain = try script.why(5)
    #expect(chain.picture == "waiting 2.1, late 25.9, starting 1.0" && chain.addsUp)
    #expect(chain.hops[1].fd == 7 && chain.verdict.cause == .netpollLate && chain.verdict.g == 9)
    #expect(chain.verdict.text.contains("then a searching M did"))
    #expect(chain.verdict.lasted == 25_000_000 && chain.wait.delay == 26_900_000)
  }

  @Test("a poll in time blames nobody")
  func silentPeer() throws {
    let script = try Script(procs: 1)
    script.p(0, 0, .goStart, 5)
    script.p(0, 2, .goPark, 5, read, arg: 8)
    script.m(3, 30, .goReady, 5, read, arg: Place.grq(4))
    script.m(3, 30.2, .netpoll, 0, 0, count: 1, arg: 1)
    script.p(0, 31, .grqTake, count: 1, arg: 0)
    script.p(0, 31, .goStart, 5, from(.grq), arg: 1_000_000)
    let chain = try script.why(5)
    #expect(chain.picture == "waiting 28.0, grq 1.0" && chain.addsUp)
    #expect(chain.verdict == Verdict(cause: .waited, text: "it waited for fd 7") && chain.hops[1].depth == 4)
  }

  @Test("a timer that fired late: the moment that it was due is where the blame begins")
  func lateTimer() throws {
    let script = try Script(procs: 1)
    script.p(0, 0, .goStart, 5)
    script.p(0, 1, .goPark, 5, sleep)
    script.m(3, 20, .timerLate, 5, arg: 14_000_000)
    script.m(3, 20, .goReady, 5, sleep, arg: Place.grq(0))
    script.p(0, 21, .grqTake, count: 1, arg: 0)
    script.p(0, 21, .goStart, 5, from(.grq), arg: 1_000_000)
    let chain = try script.why(5)
    #expect(chain.picture == "waiting 5.0, late 14.0, grq 1.0" && chain.addsUp)
    #expect(chain.verdict.cause == .timerLate && chain.hops[1].ending == .fired)
  }

  @Test("a P whose thread is inside a system call, until sysmon takes it: the thread is blamed, and its call")
  func blockedThread() throws {
    let script = try Script(procs: 2)
    script.p(1, 0, .goStart, 7)
    script.p(0, 0, .goStart, 9)
    script.p(0, 1, .goCreate, 5, count: 0, arg: 9 | Place.next(0))
    script.p(0, 2, .goSyscall, 9)
    script.m(5, 20, .retake, count: 0, arg: 0)
    script.m(5, 21, .mWake, count: 4, arg: 1)
    script.p(0, 22, .procStart, count: 0, m: 4)
    script.p(0, 23, .goStart, 5, from(.runnext), arg: 22_000_000, m: 4)
    let chain = try script.why(5)
    #expect(chain.picture == "runnext 20.0, waking 1.0, runnext 1.0" && chain.addsUp)
    #expect(chain.verdict.cause == .blockedM && chain.verdict.m == 0 && chain.verdict.g == 9)
    #expect(chain.verdict.text.contains("until sysmon took P0 from it"))
    #expect(chain.wait.beginning == .created && chain.hops[1].m == 4)
  }

  @Test("through both ends of a spill: which of several it was follows from the depth")
  func spilled() throws {
    let script = try Script(procs: 2)
    script.p(1, 0, .goStart, 7)
    script.p(0, 0, .goStart, 9)
    script.p(0, 1, .goPark, 9, mutex)
    script.p(0, 2, .goReady, 5, mutex, arg: Place.lrq(200))
    script.p(0, 3, .overflow, count: 129, arg: 129)  // the 128 before G5, and G5
    script.p(0, 4, .overflow, count: 129, arg: 258)  // a spill without G5
    script.p(0, 5, .overflow, count: 129, arg: 387)
    script.p(1, 30, .grqTake, count: 4, arg: 383)
    script.p(1, 35, .goStart, 5, from(.lrq), arg: 33_000_000)
    let chain = try script.why(5)
    #expect(chain.picture == "lrq 2.0, grq 26.0, lrq 5.0" && chain.addsUp)
    #expect(chain.hops[1].depth == 129 && chain.hops[1].taker == 1 && chain.hops[2].p == 1)
    #expect(!chain.isWhole && chain.wait.beginning == .unknown)  // G5 parked before the history begins
  }

  @Test("a queue that many others of its P went through first")
  func busyP() throws {
    let script = try Script(procs: 1)
    script.p(0, 0, .goStart, 9)
    script.p(0, 1, .goYield, 9, arg: Place.lrq(3))
    for g in 0..<4 {
      script.p(0, 2 + 5 * Double(g), .goStart, 20 + UInt64(g))
      script.p(0, 6 + 5 * Double(g), .goPark, 20 + UInt64(g), mutex)
    }
    script.p(0, 22, .goStart, 9, from(.lrq), arg: 21_000_000)
    let chain = try script.why(9)
    #expect(chain.picture == "lrq 21.0" && chain.wait.beginning == .yielded)
    #expect(chain.verdict == Verdict(cause: .pWasBusy, text: "P0 ran 4 others first", p: 0))
  }

  @Test("on the GRQ: every P was busy; or one was idle")
  func onGRQ() throws {
    for isIdle in [false, true] {
      let script = try Script(procs: 2)
      script.p(0, 0, .goStart, 5)
      script.p(0, 1, .goPreempt, 5, 1, arg: Place.grq(0))
      script.p(0, 1, .goStart, 7)
      if isIdle { script.p(1, 1, .procStop, count: 1) } else { script.p(1, 1, .goStart, 8) }
      script.p(0, 30, .goPark, 7, mutex)
      script.p(0, 30.5, .grqTake, count: 1, arg: 0)
      script.p(0, 31, .goResume, 5, from(.grq), arg: 30_000_000)
      let chain = try script.why(5)
      #expect(chain.picture == "grq 29.5, starting 0.5" && chain.wait.beginning == .preempted)
      #expect(chain.verdict.cause == (isIdle ? .pWasIdle : .hog))
      #expect(isIdle ? chain.verdict.p == 1 : chain.verdict.lasted ?? 0 >= 29_000_000)
    }
  }

  @Test("what the events do not say is unknown, and a lost `ready` is told by the start")
  func unknown() throws {
    let script = try Script(procs: 3)
    script.p(0, 0, .goStart, 5)
    script.p(0, 1, .goPark, 5, mutex)
    script.p(0, 9, .goStart, 5, count: 4, arg: 5_000_000)
    let chain = try script.why(5)
    #expect(chain.picture == "waiting 3.0, unknown 5.0" && chain.addsUp && chain.verdict.cause == .unknown)
    #expect(chain.hops[0].ending == .unknown && chain.hops[0].by == nil)
  }

  @Test("moves that are missing in between are noticed by the sequence numbers, not glossed over")
  func missingMoves() throws {
    let script = try Script(procs: 3)
    script.p(0, 0, .goStart, 5)
    script.p(0, 1, .goPark, 5, mutex)
    script.p(0, 9, .goStart, 5, count: 7, arg: 2_000_000)
    let chain = try script.why(5)
    #expect(chain.wait.beginning == .unknown && !chain.isWhole && chain.picture == "unknown 2.0")
  }

  @Test("a wait that is not over goes to the moment that is looked at")
  func lasting() throws {
    let script = try Script(procs: 2)
    script.p(0, 0, .goStart, 5)
    script.p(0, 1, .goPark, 5, mutex)
    script.p(0, 2, .goStart, 6)
    script.p(0, 11, .goReady, 5, mutex, arg: 6 | Place.next(3))
    var player = try script.player()
    player.seek(to: script.time(8))
    let early = try #require(player.why(g: 5))
    #expect(early.picture == "waiting 7.0" && early.addsUp && early.wait.end == nil)
    #expect(early.verdict.text == "it waits for a lock")
    player.seek(to: script.time(15))
    let late = try #require(player.why(g: 5))
    #expect(late.picture == "waiting 10.0, runnext 4.0" && late.addsUp && late.hops[1].ending == .lasting)
  }

  @Test("a G that has waited since before the history begins is found in the table of Gs")
  func beforeHistory() throws {
    let script = try Script(procs: 1)
    script.region[GField.status, 0] = GStatus(.waiting, reason: .semaphore).word
    script.region[GField.since, 0] = script.time(0) - 5_000_000_000
    script.region[GField.waitingOn, 0] = 0
    script.region[GField.id, 0] = 44
    script.region[SchedField.gListed] = 4096
    script.region[SchedField.gSlots] = 64
    script.p(0, 1, .goStart, 5)
    var player = try script.player(goroutines: true)
    player.seek(to: script.time(1))
    let chain = try #require(player.why(g: 44))
    #expect(chain.picture == "waiting 5001.0" && chain.wait.beginning == .parked(.semaphore) && chain.addsUp)
    #expect(player.why(g: 45) == nil)
  }

  @Test("as JSON and as text a chain says the same")
  func forms() throws {
    let chain = try stolen { $0.p(1, 1.5, .goStart, 7) }
    #expect(chain.json.contains(#""cause":"hog""#) && chain.json.contains(#""hop":"lrq""#))
    #expect(chain.lines.count == 6 && chain.lines[3].hasPrefix("*") && chain.lines[5].contains("(hog)"))
  }
}
