// What is made of Go traces: Perfetto's packets, lines, comparisons. The kept traces are those of GoTraceTests.
import Foundation
import GoTrace
import TestSupport
import Testing

@testable import Exports
@testable import History
@testable import Host
@testable import Insight

/// A kept trace, by its name.
private struct Kept: Sendable, CustomStringConvertible {
  let description: String

  static let all = [
    "every-1.22.10", "every-1.25.5", "every-1.27.3", "callbacks-1.27.3", "long-1.22.10", "long-1.27.3",
    "flight/snapshot-1",
  ].map(Kept.init)

  var path: String { "\(Built.repository)/Tests/GoTraceTests/Fixtures/\(description).trace" }
  func reader() throws -> TraceReader { try TraceReader(TraceInput(path: path)) }

  /// All that is made of the trace.
  static func all(_ product: consuming some TraceCopy & ~Copyable) throws -> [UInt8] {
    var bytes: [UInt8] = []
    while let next = try product.next() { bytes += next }
    return bytes
  }

  /// How many events of a kind there are.
  func count(_ kinds: TraceKind...) throws -> Int {
    var reader = try reader()
    var (totals, events): (TraceTotals, [TraceEvent]) = (TraceTotals(), [])
    while try reader.next(into: &events) { totals.add(events, of: reader) }
    return kinds.reduce(0) { $0 + Int(totals.count($1)) }
  }
}

@Suite("Go traces for Perfetto")
struct TracePerfettoTests {
  @Test(
    "every slice that begins ends, on its track, and slices of Ps, threads and Gs take turns",
    arguments: Kept.all)
  fileprivate func slices(_ kept: Kept) throws {
    let tracks = try Tracks(try Kept.all(TracePerfetto(kept.reader())))
    for (track, events) in tracks.events {
      var depth = 0
      for event in events where event.kind < 3 {
        depth += event.kind == 1 ? 1 : -1
        #expect(depth >= 0, "\(track)")
        #expect(depth <= 1 || track.hasSuffix("regions"), "\(track)")
      }
      #expect(depth == 0, "\(track)")
    }
    #expect(tracks.ended.isSubset(of: tracks.begun) && !tracks.ended.isEmpty)
    let names = Set(tracks.names.values)
    #expect(names.isSuperset(of: ["process", "Processors (P)", "Threads (M)", "Goroutines (G)", "P0", "P1"]))
  }

  @Test("the slices are as many as the events that begin them, and named after what happens")
  func contents() throws {
    let kept = Kept(description: "every-1.27.3")
    let tracks = try Tracks(try Kept.all(TracePerfetto(kept.reader())))
    let gs = tracks.names.values.filter { $0.wholeMatch(of: #/G\d+( .*)?/#) != nil }
    let states = Set(gs.flatMap { tracks.slices($0) })
    #expect(
      states.isSuperset(of: [
        "running", "runnable", "system call", "waiting: chan receive", "waiting: sync", "waiting: sleep",
        "waiting: network", "waiting: coroutine",
      ]))
    let running = gs.flatMap { tracks.slices($0) }.count { $0 == "running" }
    // Some run as the trace begins.
    let starts = try kept.count(.goStart, .goSyscallEnd)
    #expect(running >= starts && running <= starts + 8)
    #expect(gs.count { $0.contains(" main.") } > 5)
    #expect(tracks.slices("World stopped").count == (try kept.count(.stwBegin)))
    #expect(tracks.slices("GC mark phase").count == (try kept.count(.gcBegin, .gcActive)))
    let regions = tracks.names.values.filter { $0.hasSuffix("regions") }.flatMap { tracks.slices($0) }
    #expect(regions.count == (try kept.count(.userRegionBegin, .gcMarkAssistBegin)))
    let tasks = tracks.names.values.filter { $0.hasPrefix("task ") }
    #expect(tasks.count == (try kept.count(.userTaskBegin)))
    #expect(tracks.events["heap, bytes"]?.count == (try kept.count(.heapAlloc)))
    let logs = gs.flatMap { tracks.events[$0] ?? [] }.count { $0.kind == 3 && $0.name.hasPrefix("log") }
    #expect(logs == (try kept.count(.userLog)))
  }

  @Test("beside a recording of the same machine, it has tracks of its own and the recording's clock")
  func merged() throws {
    let fake = try FakeHistory(seed: 5)
    let recorded = try fake.bytes { file throws(InspectorError) in try fake.history.exportPerfetto(to: file) }
      .bytes
    var perfetto = TracePerfetto(try Kept(description: "every-1.27.3").reader(), besideRecording: true)
    var traced: [UInt8] = []
    while let next = try perfetto.next() { traced += next }
    let (both, alone) = (try Tracks(traced), try Tracks(recorded))
    #expect(Set(both.names.keys).isDisjoint(with: alone.names.keys) && both.names.count > 20)
    let times = both.events.values.flatMap { $0.map(\.time) }
    let told = perfetto.monotonic
    let span = try #require(told)
    #expect(times.min() == UInt64(span.first) && times.max() == UInt64(span.last))
    // Go's clock and the machine's differ by an unknown number, which the trace tells.
    var reader = try Kept(description: "every-1.27.3").reader()
    var events: [TraceEvent] = []
    #expect(try reader.next(into: &events))
    let (first, clock) = (try #require(events.first), reader.clock)
    #expect(clock?.monotonic(first.time) == span.first)
    var old = TracePerfetto(try Kept(description: "every-1.22.10").reader(), besideRecording: true)
    while try old.next() != nil {}
    let none = old.monotonic == nil
    #expect(none)
  }

  @Test("damage makes no stray ends")
  func damage() throws {
    let path = Kept(description: "long-1.27.3").path
    let bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
    var dice = Dice(11)
    for _ in 0..<30 {
      var damaged = Array(bytes.prefix(bytes.count - dice.below(bytes.count / 2)))
      for _ in 0..<dice.below(6) { damaged[16 + dice.below(damaged.count - 16)] = UInt8(dice.below(256)) }
      guard let reader = try? TraceReader(TraceInput(bytes: damaged)) else { continue }
      let tracks = try Tracks(try Kept.all(TracePerfetto(reader)))
      for (track, events) in tracks.events {
        var depth = 0
        for event in events where event.kind < 3 {
          depth += event.kind == 1 ? 1 : -1
          #expect(depth >= 0, "\(track)")
        }
        #expect(depth == 0, "\(track)")
      }
    }
  }
}

@Suite("Go traces as lines")
struct TraceLinesTests {
  @Test("each event is an object with the names that its numbers stand for", arguments: Kept.all)
  fileprivate func json(_ kept: Kept) throws {
    let text = String(decoding: try Kept.all(TraceLines(kept.reader(), as: .json)), as: UTF8.self)
    let lines = text.split(separator: "\n")
    var reader = try kept.reader()
    var (events, index, named): ([TraceEvent], Int, Int) = ([], 0, 0)
    while try reader.next(into: &events) {
      for event in events {
        let parsed = try JSONSerialization.jsonObject(with: Data(lines[index].utf8))
        let line = try #require(parsed as? [String: Any])
        #expect(line["time_ns"] as? Int64 == event.time && line["event"] as? String == "\(event.kind)")
        #expect(
          line["g"] as? UInt64 == event.g && line["m"] as? UInt64 == event.m && line["p"] as? Int == event.p)
        if event.kind == .goBlock {
          #expect(line["reason"] as? String == reader.tables.string(event.arguments.0))
          let stack = line["stack"] as? [[String: Any]]
          #expect(
            stack?.compactMap { $0["function"] as? String }
              == reader.tables.stack(event.arguments.1)?.map(\.function))
          named += 1
        }
        index += 1
      }
    }
    #expect(index == lines.count && named > 20)
  }

  @Test("CSV has as many fields in each line as its first line has names")
  func csv() throws {
    let kept = Kept(description: "every-1.27.3")
    let text = String(decoding: try Kept.all(TraceLines(kept.reader(), as: .csv)), as: UTF8.self)
    var rows: [[String]] = [[""]]
    var isQuoted = false
    for character in text {
      switch character {
      case "\"": isQuoted.toggle()
      case "," where !isQuoted: rows[rows.count - 1].append("")
      case "\n" where !isQuoted: rows.append([""])
      default: rows[rows.count - 1][rows[rows.count - 1].count - 1].append(character)
      }
    }
    #expect(rows.removeLast() == [""])
    let columns = rows.removeFirst()
    #expect(columns == TraceLines.columns.split(separator: ",").map(String.init))
    #expect(rows.allSatisfy { $0.count == columns.count })
    let (event, text2, function) = (3, 11, 17)
    let blocks = rows.filter { $0[event] == "goBlock" }
    #expect(blocks.count == (try kept.count(.goBlock)) && blocks.contains { $0[text2] == "chan receive" })
    #expect(rows.contains { $0[function] == "main.channels" })
  }
}

@Suite("Comparisons of traces and recordings")
struct ComparisonTests {
  /// A G that waits for `delay` until it runs, and blocks for `wait`, a hundred times; and a stopped world.
  private static func trace(delay: UInt64, wait: UInt64, reason: String = "chan receive") throws
    -> Distributions
  {
    var writer = GenerationWriter(1, at: 1000)
    writer.add(.procStatus, m: 10, at: 1000, 0, 1)
    writer.add(.goStatus, m: 10, at: 1000, 1, .max, 1)
    var now: UInt64 = 2000
    for number in 0..<100 as Range<UInt64> {
      now += delay
      writer.add(.goStart, m: 10, at: now, 1, 2 * number + 1)
      now += 1_000_000
      writer.add(.goBlock, m: 10, at: now, writer.string(reason), 0)
      now += wait
      writer.add(.goUnblock, m: 10, at: now, 1, 2 * number + 2, 0)
    }
    let bytes = GenerationWriter.header + writer.finished()
    return try Distributions(TraceReader(TraceInput(bytes: bytes)), name: "made")
  }

  @Test("what changed most stands first, with what changed of it")
  func order() throws {
    let before = try Self.trace(delay: 50_000, wait: 2_000_000)
    let after = try Self.trace(delay: 900_000, wait: 2_200_000)
    let comparison = Comparison(before, after)
    #expect(comparison.rows.map(\.name) == ["run delay", "running", "waiting: chan receive"])
    let row = comparison.rows[0]
    #expect(row.a?.count == 99 && row.b?.count == 99 && row.change > 3 && row.change < 5)
    let lines = comparison.lines
    let place = try #require(lines.firstIndex { $0.hasPrefix("run delay: ") })
    #expect(lines[place].contains("p50 x18"), "\(lines[place])")
    #expect(lines[place + 1].contains("50.0 µs") && lines[place + 2].contains("900 µs"))
    #expect(lines.allSatisfy { $0.count <= 80 })
  }

  @Test("what only one of both has is said so, and two that are alike are much the same")
  func absent() throws {
    let (one, other) = (
      try Self.trace(delay: 1000, wait: 1000), try Self.trace(delay: 1000, wait: 1000, reason: "sync")
    )
    let rows = Comparison(one, other).rows
    #expect(rows.first { $0.name == "waiting: sync" }?.a == nil)
    #expect(Comparison(one, other).lines.contains("waiting: chan receive: only in a"))
    #expect(Comparison(one, one).rows.allSatisfy { $0.change == 0 })
    #expect(Comparison(one, one).lines.contains("run delay: much the same"))
  }

  @Test("a recording, and the Go trace that is made of it, are much the same")
  func recording() throws {
    let fake = try FakeHistory(seed: 5, segments: 4, moves: 1500)
    let (bytes, _) = try fake.bytes { file throws(InspectorError) in try fake.history.exportGoTrace(to: file)
    }
    let recorded = Distributions(fake.history, name: "recording")
    let exported = try Distributions(TraceReader(TraceInput(bytes: bytes)), name: "trace")
    #expect(recorded.histograms.count > 5 && recorded.events > 1000)
    for (name, histogram) in recorded.histograms {
      let other = try #require(exported.histograms[name], "\(name)")
      #expect(
        other.count >= histogram.count && other.count <= histogram.count + histogram.count / 20 + 2, "\(name)"
      )
      #expect(other.percentile(99) >= histogram.percentile(99) / 2, "\(name)")
    }
  }

  @Test("the JSON has the same numbers, with nil as null")
  func json() throws {
    let (one, other) = (
      try Self.trace(delay: 1000, wait: 1000), try Self.trace(delay: 1000, wait: 1000, reason: "sync")
    )
    let comparison = Comparison(one, other)
    let parsed = try JSONSerialization.jsonObject(with: Data(comparison.json.utf8))
    let json = try #require(parsed as? [String: Any])
    let rows = try #require(json["rows"] as? [[String: Any]])
    #expect(rows.map { $0["name"] as? String } == comparison.rows.map(\.name))
    let only = try #require(rows.first { $0["name"] as? String == "waiting: sync" })
    #expect(only["a"] is NSNull)
    let b = try #require(only["b"] as? [String: Any])
    #expect(b["count"] as? UInt64 == 100 && b["p50_ns"] as? UInt64 == 1000 && b["max_ns"] as? UInt64 == 1000)
    #expect((json["a"] as? [String: Any])?["duration_ns"] as? UInt64 == one.duration)
  }
}
