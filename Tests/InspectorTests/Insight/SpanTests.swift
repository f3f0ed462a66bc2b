// Spans over events that were written by hand.
import Region
import Testing

@testable import Insight
@testable import Inspector
@testable import Observed

@Suite("Spans")
struct SpanTests {
  @Test("a request over three Gs: who belongs to it, where the time went, to the nanosecond")
  func request() throws {
    let script = try Script(procs: 2)
    let label = UInt32(script.region.intern("GET /"))
    let entry = UInt32(script.region.intern("child at a.swift:1"))
    let chan = WaitReason.chanReceive.rawValue
    script.p(0, 0, .goStart, 5)
    script.p(0, 1, .goLabel, 5, 1, count: label, arg: 77)
    script.p(0, 2, .goCreate, 6, 1, count: entry, arg: 5)
    script.p(0, 3, .goPark, 5, chan)
    script.p(1, 4, .goStart, 6)
    script.p(1, 5, .goCreate, 7, 1, count: entry, arg: 6)
    script.p(1, 6, .goReady, 5, chan, arg: 6)
    script.p(1, 7, .goExit, 6)
    script.p(0, 8, .goStart, 5)
    script.p(0, 9, .goSyscall, 5)
    script.p(0, 11, .goSyscallExit, 5, 1)
    script.p(0, 12, .goLabel, 5, 0, arg: 0)
    script.p(0, 13, .goCreate, 8, count: entry, arg: 5)
    script.p(1, 14, .goStart, 7)
    let player = try script.player()
    let span = try #require(player.slowestSpans(5).first)
    #expect(player.slowestSpans(5).count == 1 && span.label == "GET /" && span.number == 77)
    #expect(span.begin == script.time(1) && span.end == script.time(12) && span.root == 5 && span.gs == 3)
    var sums = SpanSums()
    (sums.running, sums.runnable, sums.syscall) = (4_000_000, 2_000_000, 2_000_000)
    sums.waiting[.chanReceive] = 3_000_000
    #expect(span.sums == sums && span.sums.total == 11_000_000 && span.missing == 0)
    #expect(span.others.running == 3_000_000)
    let walk = try #require(player.walk(ofSpan: 77))
    #expect(walk.members.map(\.g) == [5, 6, 7] && walk.members.map(\.parent) == [nil, 5, 6])
    #expect(walk.members[1].entry == "child at a.swift:1" && walk.members[1].sums.total == 5_000_000)
    #expect(
      walk.pieces.filter { $0.g == 5 }.map(\.state) == [
        .running, .waiting, .runnable, .running, .syscall, .running,
      ])
    #expect(walk.lines(limit: 3).last?.contains("more") == true)
    #expect(player.walk(ofSpan: 78) == nil)
  }

  @Test("a span within a span is a part of it; one that goes on counts so far")
  func nested() throws {
    let script = try Script(procs: 1)
    script.p(0, 0, .goStart, 5)
    script.p(0, 1, .goLabel, 5, 1, arg: 1)
    script.p(0, 2, .goLabel, 5, 1, arg: 2)
    script.p(0, 4, .goLabel, 5, 0, arg: 1)
    script.p(0, 7, .goYield, 5)
    var player = try script.player()
    player.seek(to: script.time(9))
    let spans = player.slowestSpans(5)
    #expect(spans.map(\.number) == [1, 2] && spans[1].outer == 1 && spans[0].outer == nil)
    #expect(spans[0].end == nil && spans[0].sums.running == 6_000_000 && spans[0].sums.runnable == 2_000_000)
    #expect(spans[1].sums.total == 2_000_000 && spans[1].end == script.time(4))
  }

  @Test("who leaves the innermost of three spans leaves only that one")
  func innermost() throws {
    let script = try Script(procs: 1)
    script.p(0, 0, .goStart, 5)
    for number in 1...3 { script.p(0, Double(number), .goLabel, 5, 1, arg: UInt64(number)) }
    script.p(0, 4, .goLabel, 5, 0, arg: 2)
    script.p(0, 6, .goLabel, 5, 0, arg: 1)
    script.p(0, 9, .goLabel, 5, 0, arg: 0)
    script.p(0, 10, .goYield, 5)
    var player = try script.player()
    player.seek(to: script.time(12))
    let spans = player.slowestSpans(5).sorted { $0.number < $1.number }
    #expect(spans.map(\.end) == [9, 6, 4].map { script.time($0) })
  }
}
