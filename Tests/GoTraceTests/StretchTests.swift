// How long stretches of a trace are, by traces made by hand and beside the sums.
import Testing

@testable import GoTrace

@Suite("Stretches of a trace")
struct StretchTests {
  private static func lengths(_ reader: consuming TraceReader) throws -> [String: [UInt64]] {
    var (stretches, lengths): (TraceStretches, [Int: [UInt64]]) = (TraceStretches(), [:])
    var events: [TraceEvent] = []
    while try reader.next(into: &events) {
      stretches.add(events, of: reader) { lengths[$0, default: []].append($1) }
    }
    return Dictionary(uniqueKeysWithValues: lengths.map { (stretches.names[$0.key], $0.value) })
  }

  @Test("what begins and ends in the trace is measured, and what began before is not")
  func byHand() throws {
    var writer = GenerationWriter(1, at: 1000)
    writer.add(.procStatus, m: 10, at: 1000, 0, 1)
    writer.add(.goStatus, m: 10, at: 1000, 1, 10, 2)
    writer.add(.goCreate, m: 10, at: 2000, 2, 0, 0)
    writer.add(.goBlock, m: 10, at: 2100, writer.string("chan receive"), 0)
    writer.add(.goStart, m: 10, at: 2500, 2, 1)
    writer.add(.gcBegin, m: 10, at: 2600, 3, 0)
    writer.add(.stwBegin, m: 10, at: 2700, writer.string("GC sweep termination"), 0)
    writer.add(.stwEnd, m: 10, at: 2750)
    writer.add(.gcMarkAssistBegin, m: 10, at: 2800, 0)
    writer.add(.gcMarkAssistEnd, m: 10, at: 2820)
    writer.add(.goUnblock, m: 10, at: 3100, 1, 1, 0)
    writer.add(.goSyscallBegin, m: 10, at: 3200, 1, 0)
    writer.add(.goSyscallEnd, m: 10, at: 3230)
    writer.add(.gcEnd, m: 10, at: 3600, 4)
    writer.add(.goDestroy, m: 10, at: 3700)
    writer.add(.goStart, m: 10, at: 3900, 1, 2)
    let lengths = try Self.lengths(
      TraceReader(TraceInput(bytes: GenerationWriter.header + writer.finished())))
    #expect(
      lengths == [
        "run delay": [500, 800], "waiting: chan receive": [1000], "running": [700, 470], "system call": [30],
        "GC mark phase": [1000], "world stopped": [50], "GC mark assist": [20],
      ])
  }

  @Test("a trace with more words for waits than Go has makes no more stretches")
  func words() throws {
    var writer = GenerationWriter(1, at: 1000)
    writer.add(.procStatus, m: 10, at: 1000, 0, 1)
    writer.add(.goStatus, m: 10, at: 1000, 1, 10, 2)
    for turn in 0..<400 {
      let time = UInt64(2000 + 100 * turn)
      writer.add(.goBlock, m: 10, at: time, writer.string("word \(turn)"), 0)
      writer.add(.goUnblock, m: 10, at: time + 20, 1, UInt64(2 * turn + 1), 0)
      writer.add(.goStart, m: 10, at: time + 30, 1, UInt64(2 * turn + 2))
    }
    let lengths = try Self.lengths(
      TraceReader(TraceInput(bytes: GenerationWriter.header + writer.finished())))
    let waits = lengths.filter { $0.key.hasPrefix("waiting: ") }
    #expect(waits.count == 257 && waits["waiting: (other)"]?.count == 144)
    #expect(waits.values.joined().allSatisfy { $0 == 20 })
  }

  @Test("the sums are those of the totals, but for what lasts beyond the ends", arguments: KeptTrace.kept)
  func sums(_ trace: KeptTrace) throws {
    let lengths = try Self.lengths(TraceReader(TraceInput(path: trace.path)))
    let totals = try Heard(try trace.bytes).totals
    let sum = { (name: String) in lengths[name]?.reduce(0, +) ?? 0 }
    #expect(sum("run delay") <= UInt64(totals.times.runnable) && sum("run delay") > 0)
    #expect(
      sum("running") <= UInt64(totals.times.running) && 10 * sum("running") > UInt64(totals.times.running))
    for (name, all) in lengths where name.hasPrefix("waiting: ") {
      // The totals have no word for what a coroutine waits for, since the trace has none.
      let word = name == "waiting: coroutine" ? "" : String(name.dropFirst(9))
      let wait = try #require(totals.waits[word])
      #expect(all.reduce(0, +) <= UInt64(wait.time) && all.count <= wait.count, "\(name)")
    }
  }
}
