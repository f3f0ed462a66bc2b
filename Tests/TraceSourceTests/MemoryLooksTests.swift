// A trace, and looks at the program's memory in the same seconds. The kept ones are of Tests/GoAttachTests/Programs/crowd by Go
// 1.27.3, with GOMAXPROCS=2 and `-receive 20 -sleep 3 -hog 1`: mpgtop --json, and curl for a trace.
import Foundation
import Observed
import TestSupport
import Testing

@testable import History
@testable import TraceSource

@Suite("A trace beside looks at memory")
struct MemoryLooksTests {
  private struct KeptLook: Decodable {
    struct P: Decodable {
      var id: Int
      var running: Bool
      var lrq: Int?
      var runnext: Bool?
    }
    struct M: Decodable {
      var tid: Int32?
      var calls: Int?
    }
    var t: UInt64
    var grq, timers: Int?
    var running, runnable: Int
    var ps: [P]
    var ms: [M]

    var snapshot: Snapshot {
      var snapshot = Snapshot()
      (snapshot.time, snapshot.grq, snapshot.timers) = (t, grq, timers)
      (snapshot.gs.running, snapshot.gs.runnable) = (running, runnable)
      snapshot.ps = ps.map { kept in
        var p = Snapshot.P()
        (p.id, p.status, p.lrq, p.runnext) = (
          kept.id, kept.running ? .running : .idle, kept.lrq, kept.runnext
        )
        return p
      }
      snapshot.ms = ms.enumerated().map { place, kept in
        var m = Snapshot.M()
        (m.id, m.tid, m.callsToC) = (place + 100, kept.tid, kept.calls)
        return m
      }
      return snapshot
    }
  }

  private static let folder = URL(filePath: #filePath).deletingLastPathComponent().path + "/Fixtures/"

  private func kept() throws -> (chain: TraceChain, looks: [Snapshot]) {
    let chain = TraceChain(name: "crowd", limits: HistoryLimits())
    try chain.append(
      [UInt8](try Data(contentsOf: URL(filePath: Self.folder + "looks-1.27.3.trace"))))
    let data = try Data(contentsOf: URL(filePath: Self.folder + "looks-1.27.3.json"))
    return (chain, try JSONDecoder().decode([KeptLook].self, from: data).map(\.snapshot))
  }

  private func look(_ time: UInt64, grq: Int? = nil) -> Snapshot {
    var snapshot = Snapshot()
    (snapshot.time, snapshot.grq) = (time, grq)
    return snapshot
  }

  @Test("a gauge is that of the last look, with its age, and there is none outside the looks")
  func last() {
    var looks = MemoryLooks()
    #expect(looks.isEmpty && looks.last(before: 5) == nil)
    for time: UInt64 in [100, 200, 150, 200, 300] { looks.note(look(time, grq: Int(time))) }
    #expect(looks.count == 3, "one that is not later is left out")
    #expect(looks.last(before: 99) == nil && looks.last(before: 301) == nil)
    for (moment, time): (UInt64, UInt64) in [(100, 100), (199, 100), (200, 200), (299, 200), (300, 300)] {
      let found = looks.last(before: moment)
      #expect(found?.look.grq == Int(time) && found?.age == moment - time, "\(moment)")
    }
  }

  @Test("what the trace knows stays, and what it does not know is filled in, threads by their numbers")
  func filled() {
    var (trace, memory) = (Snapshot(), look(10, grq: 7))
    trace.gs.running = 2
    (trace.timers, memory.timers, memory.gs.running) = (3, 9, 5)
    var (p, q) = (Snapshot.P(), Snapshot.P())
    (p.id, p.status, p.ticks) = (1, .running, 4)
    (q.id, q.status, q.lrq, q.runnext, q.ticks) = (1, .idle, 6, true, 1000)
    var (m, n) = (Snapshot.M(), Snapshot.M())
    (m.id, m.tid, m.state) = (0, 77, .running)
    (n.id, n.tid, n.state, n.callsToC, n.locked) = (5, 77, .parked, 2, 42)
    (trace.ps, memory.ps, trace.ms, memory.ms) = ([p], [q], [m], [n])
    trace.fill(from: memory, age: 12)
    #expect(trace.grq == 7 && trace.timers == 3 && trace.gs.running == 2 && trace.queueAge == 12)
    #expect(trace.ps[0].lrq == 6 && trace.ps[0].runnext == true)
    #expect(trace.ps[0].status == .running && trace.ps[0].ticks == 4, "counters of two beginnings do not mix")
    #expect(trace.ms[0].id == 0 && trace.ms[0].state == .running)
    #expect(trace.ms[0].callsToC == 2 && trace.ms[0].locked == 42)
  }

  @Test("a trace without the clock, or with another machine's, is not put beside looks, and says why")
  func placed() {
    let place = TracePlace(offset: 1000, reach: 5...10, asked: 900...1100)
    #expect(place == .shifted(by: 1000) && place.moment(7) == 1007)
    #expect(TracePlace(offset: -5, reach: 5...10, asked: 0...9).moment(3) == 0, "nothing wraps")
    let cases: [(TracePlace, String)] = [
      (TracePlace(offset: nil, reach: 5...10, asked: 0...20), "before 1.25"),
      (TracePlace(offset: 1000, reach: 5...10, asked: 0...20), "not this machine's"),
      (TracePlace(offset: 0, reach: 5...10, asked: 11...20), "not this machine's"),
    ]
    for (place, words) in cases {
      guard case .unknown(let why) = place else {
        Issue.record("\(place)")
        continue
      }
      #expect(why.contains(words) && place.moment(7) == nil, "\(why)")
    }
  }

  @Test("traces tell the monotonic clock since Go 1.25")
  func clocks() throws {
    for (name, isTold) in [("every-1.23.9", false), ("every-1.25.5", true), ("every-1.27.3", true)] {
      let chain = TraceChain(name: name, limits: HistoryLimits())
      try chain.append(try Kept.named(name + ".trace").bytes)
      #expect((chain.monotonicOffset != nil) == isTold, "\(name)")
    }
  }

  @Test("at the moments of looks around which no event lies, both say the same of running Gs and Ps")
  func agree() throws {
    let (chain, looks) = try kept()
    let offset = try #require(chain.monotonicOffset)
    var player = try #require(Player(chain.history))
    player.seekToStart()
    var moments: [UInt64] = [player.time]
    while player.stepForward() { moments.append(player.time) }
    let reach = try #require(chain.history.reach)
    // A look is spread over the time of reading, which is well below this for such a small program.
    let around: UInt64 = 1_000_000
    var compared = 0
    for look in looks {
      let moment = UInt64(Int64(look.time) - offset)
      guard moment > reach.first + around, moment + around < reach.last else { continue }
      guard !moments.contains(where: { $0 + around > moment && $0 < moment + around }) else { continue }
      player.seek(to: moment)
      let shown = player.snapshot
      #expect(shown.gs.running == look.gs.running && shown.gs.runnable == look.gs.runnable)
      #expect(
        shown.ps.filter { $0.status == .running }.map(\.id)
          == look.ps.filter { $0.status == .running }.map(\.id))
      compared += 1
    }
    #expect(compared >= 3, "only \(compared) looks have no event beside them")
  }

  @Test("a moment of the kept trace has its queues from memory, and its Gs from the trace")
  func merged() throws {
    let (chain, kept) = try kept()
    var looks = MemoryLooks()
    for look in kept { looks.note(look) }
    let reach = try #require(chain.history.reach)
    let place = TracePlace(
      offset: chain.monotonicOffset, reach: reach.first...reach.last,
      asked: kept[0].time...kept[kept.count - 1].time)
    var player = try #require(Player(chain.history))
    player.seek(to: reach.first + (reach.last - reach.first) / 2)
    let alone = player.snapshot
    #expect(alone.grq == nil && alone.timers == nil && alone.ps.allSatisfy { $0.lrq == nil })
    let found = try #require(place.moment(player.time).flatMap { looks.last(before: $0) })
    var both = alone
    both.fill(from: found.look, age: found.age)
    #expect(both.grq == found.look.grq && both.timers == found.look.timers)
    #expect(both.ps.allSatisfy { $0.lrq != nil && $0.runnext != nil } && both.gs == alone.gs)
    // The threads are the same ones by their numbers in the system.
    #expect(both.ms.contains { $0.callsToC != nil } && both.ms.map(\.id) == alone.ms.map(\.id))
    #expect(found.age < 200_000_000)
  }
}
