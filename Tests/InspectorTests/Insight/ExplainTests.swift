// Explanations of histories whose truth is known: the numbers in the words must be the events' numbers.
import Region
import Testing

@testable import Exports
@testable import History
@testable import Insight
@testable import Inspector
@testable import Observed
@testable import RegionSource

extension Explanation {
  fileprivate var text: String { lines.map(\.text).joined(separator: "\n") }
  fileprivate func says(_ words: String) -> Bool { text.contains(words) }
}

@Suite("Explanations")
struct ExplainTests {
  /// P0 runs G1, which readies others until the LRQ spills. M2 is woken for P1, searches, steals, and runs
  /// out of work again.
  private static func stealing() throws -> Script {
    let script = try Script()
    script.p(0, 1, .goCreate, 1)
    script.p(0, 1.5, .goStart, 1, arg: 500_000)
    for g in 2..<66 { script.p(0, 2, .goCreate, UInt64(g), arg: 1) }
    script.p(0, 2.5, .mWake, count: 2, arg: 1)
    script.p(1, 2.509, .procStart, count: 1, m: 2)
    script.p(1, 2.51, .mSpin, m: 2)
    script.p(1, 2.5131, .steal, count: 32, arg: 0, m: 2)
    script.p(1, 2.514, .mUnspin, arg: 1, m: 2)
    script.p(1, 2.52, .goStart, 3, arg: 520_000, m: 2)
    script.p(1, 2.72, .goExit, 3, m: 2)
    script.p(1, 2.73, .goStart, 4, arg: 730_000, m: 2)
    script.p(1, 3.23, .goPark, 4, WaitReason.chanReceive.rawValue, m: 2)
    return script
  }

  @Test("A P's story: who woke its M and when, the search, the steal, and the Gs that ran")
  func pAfterSteal() throws {
    let script = try Self.stealing()
    script.p(1, 3.3, .procStop, count: 1, m: 2)
    script.m(2, 3.31, .mPark)
    let answer = try script.player().explanation(of: .p(1))
    #expect(answer.says("M2 took it; M0 had woken M2 to search 9.00 µs earlier"))
    #expect(answer.says("its M searched for 3.10 µs"))
    #expect(answer.says("ran out: LRQ and GRQ empty; stole 32 Gs, half of the LRQ of P0"))
    #expect(answer.says("ran 2 Gs one after the other for 700 µs in all; the longest, G4, for 500 µs"))
    #expect(answer.says("the last, G4, parked on chanReceive"))
    #expect(answer.says("M2 let it go, after G4 had parked"))
    #expect(answer.lines.last?.role == .rule)
  }

  @Test("A P whose G runs on says since when, and what it made meanwhile")
  func pThatRuns() throws {
    let script = try Self.stealing()
    let answer = try script.player().explanation(of: .p(0))
    #expect(answer.says("ran G1 for 1.73 ms; it still does; 64 created"))
  }

  @Test("An M's story: woken by whom, what it took, that it sleeps")
  func mStory() throws {
    let script = try Self.stealing()
    script.p(1, 3.3, .procStop, count: 1, m: 2)
    script.m(2, 3.31, .mPark)
    let answer = try script.player().explanation(of: .m(2))
    #expect(answer.says("took P1; M0 had woken it to search 9.00 µs earlier"))
    #expect(!answer.says("M0 woke it"), "a wake is told beside the run that it led to")
    #expect(answer.says("let P1 go, after G4 had parked"))
    #expect(answer.says("went to sleep"))
  }

  @Test("Gs are named by who spawned them and what they work for, children by their parent's request")
  func names() throws {
    let script = try Script()
    let (entry, label) = (script.region.intern("serve at Server.swift:1"), script.region.intern("GET /cpu"))
    script.p(0, 1, .goCreate, 1, count: UInt32(entry))
    script.p(0, 1.5, .goStart, 1, arg: 500_000)
    script.p(0, 2, .goLabel, 1, 1, count: UInt32(label), arg: 77)
    script.p(0, 3, .goCreate, 2, 1, count: UInt32(entry), arg: 1)
    let evidence = Evidence(try script.player())
    #expect(evidence.name(1) == "G1 (serve at Server.swift:1, for GET /cpu)")
    #expect(evidence.name(2) == evidence.name(1).replacing("G1", with: "G2"))
    #expect(evidence.name(3) == "G3" && evidence.label(3) == nil)
  }

  @Test("A search in vain is told as one, and a search that lasts too")
  func searchInVain() throws {
    let script = try Script()
    script.p(1, 1, .mSpin)
    script.p(1, 1.25, .procStop, count: 1)
    script.m(1, 1.26, .mUnspin)
    script.p(2, 2, .mSpin)
    script.p(0, 2.5, .goCreate, 1)
    let player = try script.player()
    #expect(
      player.explanation(of: .p(1)).says("searched for 250 µs: LRQ, GRQ, a poll, the other Ps, in vain"))
    #expect(
      player.explanation(of: .p(2)).says(
        "searched for 500 µs: LRQ, GRQ, a poll, the other Ps, and still does"))
  }

  @Test("A hog: asked to stop, stopped; a system call whose P was taken")
  func hogAndCall() throws {
    let script = try Script()
    script.p(0, 1, .goCreate, 7)
    script.p(0, 2, .goStart, 7, arg: 1_000_000)
    script.m(5, 12.1, .preemptRequest, count: 0, arg: 0)
    script.p(0, 12.3, .goPreempt, 7, 1)
    script.p(1, 3, .goCreate, 8)
    script.p(1, 3.5, .goStart, 8, arg: 500_000)
    script.p(1, 4, .goSyscall, 8)
    script.m(5, 5, .retake, count: 1, arg: 1)
    let player = try script.player()
    let hog = player.explanation(of: .p(0))
    #expect(hog.says("ran G7 for 10.1 ms; it ran on") && hog.says("sysmon asked G7 to stop"))
    #expect(hog.says("ran G7 for 200 µs; it was preempted"))
    let call = player.explanation(of: .p(1))
    #expect(call.says("ran G8 for 500 µs; it went into a system call"))
    #expect(call.says("sysmon took it from M1, which was blocked in a system call"))
    #expect(
      player.explanation(of: .m(1)).says("sysmon took P1 from it while it was blocked in a system call"))
  }

  @Test("Hints point at subjects, and their sentences are whole without them")
  func hints() throws {
    let script = try Script()
    script.p(0, 1, .goCreate, 7)
    script.p(0, 2, .goStart, 7, arg: 1_000_000)
    script.p(0, 12.3, .goPreempt, 7, 1)
    script.p(1, 3, .goCreate, 8)
    script.p(1, 3.5, .goStart, 8, arg: 500_000)
    script.p(1, 4, .goSyscall, 8)
    let hints = try script.player().explanation(of: .scheduler).lines.filter { $0.role == .hint }
    #expect(hints.contains { $0.seeAlso == [.preemptions, .longest(.slice), .timeline] })
    #expect(hints.contains { $0.seeAlso == [.ms, .longest(.syscall)] })
    #expect(hints.allSatisfy { $0.text.hasSuffix(".") && !$0.seeAlso.isEmpty })
    let quiet = try Script().player().explanation(of: .scheduler)
    #expect(!quiet.lines.contains { $0.seeAlso.contains(.preemptions) })
  }

  @Test("Where nothing happened the answer says so, and every kind of question has an answer")
  func nothingYet() throws {
    let player = try Script().player()
    #expect(player.explanation(of: .p(1)).says("Nothing happened to it"))
    #expect(player.explanation(of: .p(77)).says("There is no P77"))
    #expect(player.explanation(of: .thief(1)).says("has not looked at the queues of others"))
    #expect(player.explanation(of: .event(.p(0), position: 9, time: 0)).says("does not have this event"))
    #expect(player.explanation(of: .descriptor(7, g: 3)).says("Nobody began to wait for it"))
    #expect(player.explanation(of: .g(5)).says("no wait of G5"))
    #expect(player.explanation(of: .scheduler).says("nothing happened"))
    #expect(player.explanation(of: .slice(.p(0), from: 0, to: .max)).lines.count > 1)
    for kind in SpanKind.allCases { #expect(player.explanation(of: .latency(kind)).says("not once")) }
  }

  @Test("An event: its cause, what it led to, and how long after")
  func eventCauses() throws {
    let script = try Self.stealing()
    script.m(2, 4, .mPark)
    let player = try script.player()
    let events = player.lastEvents(ofEachLane: 100)
    func answer(_ kind: EventKind, _ lane: Lane, g: UInt64? = nil) throws -> Explanation {
      let event = try #require(events[lane]?.last { $0.kind == kind && (g == nil || $0.g == g) })
      return player.explanation(of: .event(lane, position: event.position, time: event.time))
    }
    let wake = try answer(.mWake, .p(0))
    #expect(wake.says("It led to: M2 takes P1 (P1, M2), 9.00 µs later."))
    let start = try answer(.procStart, .p(1))
    #expect(start.says("Before it: M0 wakes M2 to search (P0, M0), 9.00 µs earlier."))
    let steal = try answer(.steal, .p(1))
    #expect(steal.says("Before it: M2 searches (P1, M2), 3.10 µs earlier."))
    #expect(steal.says("It led to: G3 runs, after 520 µs (P1, M2), 6.90 µs later."))
    let run = try answer(.goStart, .p(1), g: 4)
    #expect(run.says("Before it: G4 is created by G1") && run.says("730 µs earlier"))
    let create = try answer(.goCreate, .p(0), g: 4)
    #expect(create.says("Before it: G1 runs, after 500 µs (P0, M0), 500 µs earlier."))
    #expect(try answer(.mPark, .m(2)).says("Up to this moment nothing has followed from it."))
  }

  @Test("Every kind of event is explained, in words of its own")
  func everyKind() {
    for kind in EventKind.allCases {
      #expect(kind.explanation(Rules(Snapshot.RuleNumbers())).hasSuffix("."), "\(kind)")
    }
  }

  @Test("A descriptor: how often it was waited for, and when it was ready last")
  func descriptor() throws {
    let script = try Script()
    script.p(0, 1, .goCreate, 5)
    script.p(0, 1.1, .goStart, 5, arg: 100_000)
    for round in 0..<3 {
      let at = 2 + Double(round)
      script.p(0, at, .goPark, 5, WaitReason.netpollRead.rawValue, arg: 10)
      if round == 2 { break }
      script.m(4, at + 0.4, .goReady, 5, WaitReason.netpollRead.rawValue)
      script.m(4, at + 0.41, .netpoll, count: 1, arg: 1)
      script.p(0, at + 0.5, .goStart, 5, arg: 100_000)
    }
    script.p(0, 5, .mSpin)
    let answer = try script.player().explanation(of: .descriptor(9, g: 5))
    #expect(answer.says("Gs began to wait for it 3 times"))
    #expect(answer.says("It became ready last 1.60 ms ago, on M4 (M4): G5 had waited for 400 µs."))
  }

  @Test("A stretch of a P: only what happened in it, and the G that had most of it")
  func slice() throws {
    let script = try Self.stealing()
    let player = try script.player()
    let answer = player.explanation(of: .slice(.p(1), from: script.time(2.725), to: script.time(3.3)))
    #expect(answer.says("The G that had most of it") && answer.says("G4"))
    #expect(!answer.says("searched for 3.10 µs"))
  }

  @Test("The slowest of a kind is the one that the events have, with its chain")
  func latency() throws {
    let script = try Self.stealing()
    let answer = try script.player().explanation(of: .latency(.runQueue))
    #expect(answer.says("G4") && answer.says("730 µs") && answer.says("  why: "))
    #expect(try script.player().explanation(of: .latency(.slice)).says("500 µs"))
  }

  @Test("Records that are missing are told of")
  func missing() throws {
    let script = try Script()
    script.p(0, 1, .goCreate, 1)
    for step in 0..<3_000 { script.p(1, 2 + Double(step) / 1000, .mSpin) }
    let answer = try script.player().explanation(of: .p(1))
    #expect(answer.says("records are missing") && answer.says("may lack some"))
  }

  @Test(
    "In a long random history the words' numbers are the scheduler's own", arguments: [1, 2, 3] as [UInt64])
  func numbersAreTheEvents(seed: UInt64) throws {
    let scheduler = TimedScheduler(seed: seed)
    let source = try scheduler.region.source()
    let history = History()
    func mark() throws {
      _ = try source.drainInPlace(history.take)
      history.settle()
      scheduler.showPs()
      history.mark(try source.observe())
      _ = try source.drainInPlace(history.take)
      history.settle()
    }
    try mark()
    scheduler.run(4_000)
    try mark()
    let player = try #require(Player(history))
    let evidence = Evidence(player)
    #expect(evidence.missing == 0)
    let tally = Tally(evidence)
    #expect(tally.starts == scheduler.starts && tally.preemptions == scheduler.preemptions)
    let slowest = try #require(scheduler.spans[.runQueue]?.max())
    #expect(player.explanation(of: .latency(.runQueue)).says(TimeText.short(slowest)))
    // A P's acts do not overlap, and each of its steals follows one act of running out of work.
    for p in 0..<3 {
      let acts = Story(of: .p(p), evidence).acts
      #expect(zip(acts, acts.dropFirst()).allSatisfy { $0.end <= $1.end })
      let evidenceOfP = evidence.events.count { $0.lane == .p(p) && $0.record.kind == .steal }
      if acts.count < Story.most { #expect(acts.count { $0.text.hasPrefix("ran out") } == evidenceOfP) }
    }
  }
}
