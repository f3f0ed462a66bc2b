// Traces that come one after the other: what is known in each, and that nothing is made up between two.
import Foundation
import GoTrace
import Host
import Region
import TestSupport
import Testing

@testable import History
@testable import Insight
@testable import Observed
@testable import TraceSource

@Suite("Traces one after the other")
struct TraceChainTests {
  private static let kept = Kept.named("long-1.27.3.trace")

  /// A stretch of the kept trace as a trace of its own, with the times that it has there.
  private func part(_ from: Double, _ to: Double) throws -> [UInt8] {
    let length = try length()
    var cut = TraceCut(
      try Self.kept.reader(), from: UInt64(from * length), to: UInt64(to * length))
    var bytes: [UInt8] = []
    while let more = try cut.next() { bytes += more }
    return bytes
  }

  private func length() throws -> Double {
    let history = try Self.kept.history()
    let reach = try #require(history.reach)
    return Double(reach.last - reach.first)
  }

  private func chain(_ traces: [[UInt8]], _ limits: HistoryLimits = HistoryLimits()) throws -> TraceChain {
    let chain = TraceChain(name: "host:6060", limits: limits)
    for trace in traces { try chain.append(trace) }
    return chain
  }

  @Test("between two traces is a gap, and each shows what it shows alone")
  func gap() throws {
    let (early, late) = (try part(0, 0.3), try part(0.6, 1))
    let alone = [try chain([early]), try chain([late])].map { $0.history.reach }
    let both = try chain([early, late])
    let history = both.history
    let (first, second) = (try #require(alone[0]), try #require(alone[1]))
    let gaps = history.gaps(from: 0, to: .max)
    #expect(gaps == [HistoryGap(from: first.last, to: second.first)], "\(gaps)")
    #expect(both.traces == 2 && history.reach?.last == second.last)
    var player = try #require(Player(history))
    for (trace, reach) in [(early, first), (late, second)] {
      var other = try #require(Player(try chain([trace]).history))
      for share in [0.0, 0.2, 0.5, 0.8, 1] {
        let moment = reach.first + UInt64(Double(reach.last - reach.first) * share)
        player.seek(to: moment)
        other.seek(to: moment)
        let (shown, expected) = (player.snapshot, other.snapshot)
        #expect(player.time == other.time)
        #expect(shown.gs == expected.gs && shown.ps.map(\.status) == expected.ps.map(\.status), "at \(share)")
        #expect(shown.isConsistent && shown.procs == expected.procs)
        // A thread keeps its number, and is there only in the traces that have it.
        #expect(shown.ms.compactMap(\.tid).sorted() == expected.ms.compactMap(\.tid).sorted())
        #expect(player.goroutines.all.map(\.id) == other.goroutines.all.map(\.id))
        #expect(player.goroutines.all.map(\.since) == other.goroutines.all.map(\.since))
      }
    }
  }

  @Test("no moment of a gap is shown, and steps go over it")
  func moments() throws {
    var player = try #require(Player(try chain([try part(0, 0.3), try part(0.6, 1)]).history))
    let gap = try #require(player.history.gaps(from: 0, to: .max).first)
    player.seek(to: gap.from + gap.length / 2)
    #expect(player.time == gap.from && player.gap == nil)
    player.advance(by: gap.length / 4)
    #expect(player.time == gap.to && player.gap == gap)
    player.goBack(by: gap.length / 4)
    #expect(player.time == gap.from)
    while player.time <= gap.from, player.stepForward() {}
    #expect(player.time >= gap.to && player.gap == gap)
  }

  @Test("rates and the last minute count nothing across a gap")
  func rates() throws {
    // The late one is shorter than the second over which rates go.
    let (early, late) = (try part(0, 0.3), try part(0.9, 1))
    let alone = try #require(Player(try chain([late]).history)).frame(.live)
    let frame = try #require(Player(try chain([early, late]).history)).frame(.live)
    #expect(frame.gap != nil && alone.gap == nil)
    #expect(frame.switchesPerSecond == alone.switchesPerSecond && frame.switchesPerSecond != nil)
    #expect(frame.use == alone.use)
    var minute = Minute()
    var snapshot = Snapshot(target: Snapshot.Target())
    for (time, switches, isAfterGap) in [
      (1.0, 0, false), (1.5, 50, false), (5.2, 50, true), (5.7, 100, false),
    ] {
      (snapshot.time, snapshot.switches) = (UInt64(time * 1e9), UInt64(switches))
      if isAfterGap { minute.noteGap() }
      minute.observe(snapshot)
    }
    let rates = minute.points.map(\.switchesPerSecond)
    #expect(rates == [100, nil, nil, nil, 100], "\(rates)")
    #expect(minute.points.map { $0.parkedMax == nil } == [false, true, true, true, false])
  }

  @Test("the timeline and the map know nothing of a gap")
  func timeline() throws {
    let history = try chain([try part(0, 0.3), try part(0.6, 1)]).history
    let reach = try #require(history.reach)
    let player = try #require(Player(history))
    var interest = Interest()
    interest.timeline = TimelineSpan(length: player.time - reach.first, columns: 100, hasOthers: true)
    var frames = PastFrames()
    let timeline = try #require(frames.frame(of: player, .live, interest: interest).detail.timeline)
    let gap = try #require(history.gaps(from: 0, to: .max).first)
    #expect(timeline.gaps == [gap])
    func column(_ time: UInt64) -> Int {
      Int(Double(time - timeline.start) * 100 / Double(timeline.end - timeline.start))
    }
    let inside = column(gap.from) + 1..<column(gap.to)
    #expect(inside.count > 5)
    for row in timeline.rows + timeline.others { #expect(row.slots[inside].allSatisfy { $0.known == 0 }) }
    #expect(timeline.rows.contains { $0.slots[..<inside.lowerBound].contains { $0.running > 0 } })
    #expect(timeline.rows.contains { $0.slots[inside.upperBound...].contains { $0.running > 0 } })
    let course = history.course.points(100)
    #expect(course[inside.lowerBound + 1..<inside.upperBound - 1].allSatisfy { !$0.isKnown })
    #expect(course[..<10].allSatisfy(\.isKnown) && course[95...].allSatisfy(\.isKnown))
  }

  @Test("a recording keeps the gap")
  func recording() throws {
    let folder = try TemporaryFolder()
    let chain = try chain([try part(0, 0.3)])
    let writer = try RecordingWriter(path: folder.path + "/a.rec")
    try writer.begin(chain.identity, chain.history)
    chain.history.record(to: writer)
    try chain.append(try part(0.6, 1))
    try chain.history.finishRecording()
    try writer.finish(ended: nil)
    let recorded = try RecordingSource(path: folder.path + "/a.rec").history
    #expect(recorded.gaps(from: 0, to: .max) == chain.history.gaps(from: 0, to: .max))
    #expect(
      recorded.gaps(from: 0, to: .max).count == 1 && recorded.numbers.count == chain.history.numbers.count)
    #expect(recorded.reach?.last == chain.history.reach?.last)
  }

  @Test("a clock that goes back is put behind what came, as far as it came later")
  func restart() throws {
    let trace = try part(0, 0.5)
    let chain = try chain([trace, trace, trace])
    let gaps = chain.history.gaps(from: 0, to: .max)
    #expect(gaps.count == 2 && gaps.allSatisfy { $0.to > $0.from }, "\(gaps)")
    let one = try #require(try self.chain([trace]).history.reach)
    let all = try #require(chain.history.reach)
    #expect(all.last - all.first >= 3 * (one.last - one.first))
  }

  @Test("a clock that jumps far ahead is another machine's, and is put behind what came, too")
  func otherMachines() throws {
    let all = try ["every-1.22.10", "every-1.27.3", "long-1.27.3", "long-1.22.10"].map {
      let kept = Kept.named("\($0).trace")
      return (bytes: try kept.bytes, reach: try #require(try kept.history().reach))
    }.sorted { $0.reach.first < $1.reach.first }
    let (a, b) = (try #require(all.last), try #require(all.first))
    #expect(a.reach.first - b.reach.last > 30_000_000_000, "the clocks of the kept traces are too near")
    let history = try chain([a.bytes, b.bytes, a.bytes, b.bytes, a.bytes]).history
    let reach = try #require(history.reach)
    let lengths = 3 * (a.reach.last - a.reach.first) + 2 * (b.reach.last - b.reach.first)
    #expect(reach.last - reach.first < lengths + 10_000_000_000)
    #expect(history.gaps(from: 0, to: .max).count == 4)
  }

  @Test("the history keeps to its limits, however many traces come")
  func memory() throws {
    let trace = try Self.kept.bytes
    var limits = HistoryLimits()
    limits.bytes = 2_000_000
    let chain = try chain([trace], limits)
    var largest = 0
    for _ in 0..<40 {
      try chain.append(trace)
      largest = max(largest, chain.history.bytes)
    }
    let first = try #require(chain.history.reach).first
    #expect(chain.traces == 41 && largest < 2_000_000, "\(largest) bytes")
    #expect(chain.history.course.points.count < 20_000 && chain.history.stacks.all.count < 1000)
    #expect(chain.history.collectorRanges?.allSatisfy { $0.end + 60_000_000_000 > first } == true)
  }

  @Test("what is no trace, or whose times cannot be right, leaves what came before")
  func garbage() throws {
    let chain = try chain([try part(0, 0.3)])
    let reach = try #require(chain.history.reach)
    for bytes in [Array("<html>".utf8), Array("go 1.21 trace\0\0\0".utf8), []] {
      #expect(throws: InspectorError.self) { try chain.append(bytes) }
    }
    let whole = try part(0.6, 1)
    try chain.append(Array(whole.prefix(whole.count - 1)))
    #expect(!chain.warnings.isEmpty)
    #expect(chain.history.reach?.first == reach.first && chain.history.gaps(from: 0, to: .max).count == 1)
  }
}
