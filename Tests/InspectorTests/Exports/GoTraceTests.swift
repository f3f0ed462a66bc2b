// Go's trace format, byte by byte. `make test-exports`, which has a Go toolchain, tests that Go itself
// accepts it.
import GoTrace
import Region
import TestSupport
import Testing

@testable import Exports
@testable import History
@testable import Host
@testable import Insight
@testable import Inspector
@testable import Observed

/// The batches of a trace, decoded.
private struct Parsed {
  var generations = 0
  /// All events of threads: kind, thread, time, arguments.
  var events: [(kind: TraceKind, m: UInt64, time: UInt64, arguments: [UInt64])] = []
  var strings: [[UInt64: String]] = [[:]]
  var stacks = 0
  var hasClock = false

  init(_ bytes: [UInt8]) throws {
    let header = Array("go 1.26 trace\0\0\0".utf8)
    try #require(bytes.starts(with: header))
    var reader = ByteReader(bytes[header.count...])
    while let byte = reader.byte() {
      let kind = try needed(TraceKind(rawValue: byte))
      if kind == .endOfGeneration {
        generations += 1
        strings.append([:])
        continue
      }
      try #require(kind == .eventBatch)
      let generation = reader.number()
      #expect(generation == UInt64(generations + 1))
      let (m, time) = (try needed(reader.number()), try needed(reader.number()))
      let body = try needed(reader.raw())
      #expect(body.count <= 65_536)
      try read(ByteReader(body), m, time)
    }
    #expect(strings.removeLast().isEmpty)
  }

  private static let arguments: [TraceKind: Int] = [
    .procsChange: 2, .procStart: 2, .procStop: 0, .procSteal: 3, .procStatus: 2, .goCreate: 3,
    .goCreateSyscall: 1, .goStart: 2, .goDestroy: 0, .goStop: 2, .goBlock: 2, .goUnblock: 3,
    .goSyscallBegin: 2, .goSyscallEnd: 0, .goSyscallEndBlocked: 0, .goStatus: 3, .goStatusStack: 4,
  ]

  private mutating func read(_ batch: ByteReader, _ m: UInt64, _ start: UInt64) throws {
    var (batch, time) = (batch, start)
    while let byte = batch.byte() {
      let kind = try needed(TraceKind(rawValue: byte))
      switch kind {
      case .strings, .stacks: break
      case .string:
        let id = try needed(batch.number())
        strings[generations][id] = String(decoding: try needed(batch.raw()), as: UTF8.self)
      case .stack:
        let frame = (0..<6).compactMap { _ in batch.number() }
        #expect(frame.count == 6 && strings[generations][frame[3]] != nil)
        stacks += 1
      case .sync: hasClock = true
      case .frequency:
        let frequency = batch.number()
        #expect(frequency == 1_000_000_000)
      case .clockSnapshot:
        let clock = (0..<4).compactMap { _ in batch.number() }
        #expect(clock.count == 4)
      default:
        time += try needed(batch.number())
        let count = try needed(Self.arguments[kind])
        events.append((kind, m, time, (0..<count).compactMap { _ in batch.number() }))
        #expect(events.last?.arguments.count == count)
      }
    }
  }

  func count(_ kind: TraceKind) -> Int { events.count { $0.kind == kind } }
}

@Suite("Traces for Go")
struct GoTraceTests {
  @Test("a history becomes one generation: what everything was, then each move once, in order on each thread")
  func history() throws {
    let fake = try FakeHistory(seed: 3)
    let (bytes, report) = try fake.bytes { file throws(InspectorError) in
      try fake.history.exportGoTrace(to: file)
    }
    let trace = try Parsed(bytes)
    #expect(trace.generations == 1 && trace.hasClock)
    #expect(report.records == fake.history.records && report.inferred == 0 && report.missing == 0)
    #expect(report.bytes == UInt64(bytes.count))
    #expect(trace.count(.procStatus) == 3)
    let gs = fake.scheduler.gs
    #expect(UInt64(trace.count(.goCreate)) == gs.created && UInt64(trace.count(.goDestroy)) == gs.exited)
    #expect(
      Set(trace.strings[0].values).isSubset(of: [
        "network", "chan receive", "sleep", "sync", "runtime.Gosched",
      ]))
    for (_, events) in Dictionary(grouping: trace.events, by: \.m) {
      #expect(zip(events, events.dropFirst()).allSatisfy { $0.time <= $1.time })
    }
  }

  @Test("a long history becomes several generations, each with the status of every G and P")
  func generations() throws {
    let fake = try FakeHistory(seed: 4, segments: 6, moves: 2000)
    let (bytes, report) = try fake.bytes { file throws(InspectorError) in
      try fake.history.exportGoTrace(to: file, generation: 500)
    }
    let trace = try Parsed(bytes)
    #expect(trace.generations == 6 && report.inferred == 0)
    #expect(trace.count(.procStatus) == 3 * 6 && trace.count(.goStatus) > 100)
    #expect(UInt64(trace.count(.goCreate)) == fake.scheduler.gs.created)
  }

  @Test("batches of threads and of strings stay below Go's limit, and names are cut")
  func limits() throws {
    var generation = GenerationWriter(1, at: 1000)
    for index in 0..<2000 {
      let long = "f\(index)" + String(repeating: "ä", count: 400)
      generation.add(
        .goCreate, m: 1, at: 1000, UInt64(index),
        generation.stack([
          TraceFrame(pc: UInt64(index), function: long, file: "F.swift", line: 7)
        ]), 0)
    }
    for time in 0..<100_000 { generation.add(.goDestroy, m: 2, at: UInt64(1000 + time * 1000)) }
    let trace = try Parsed(Array("go 1.26 trace\0\0\0".utf8) + generation.finished())
    #expect(trace.count(.goDestroy) == 100_000 && trace.count(.goCreate) == 2000 && trace.stacks == 2000)
    #expect(trace.strings[0].values.allSatisfy { $0.utf8.count <= 1024 })
  }

  @Test("noise becomes a trace that is whole, whatever the gauges say")
  func noise() throws {
    let folder = try TemporaryFolder()
    let file = try OutputFile(path: "\(folder.path)/noise")
    var trace = try GoTraceExport(History(), file, 500)
    try Noise(seed: 8).feed(&trace)
    let report = try trace.finish()
    let parsed = try Parsed(smallFile(file.path, limit: 1 << 24) ?? [])
    #expect(parsed.generations > 3 && report.records == Noise.records && report.inferred > 1000)
  }

  @Test("every wait reason has its word")
  func words() {
    let own: Set = ["signal", "await", "unspecified"]
    let go: Set = ["network", "select", "sync.(*Cond).Wait", "sync", "chan send", "chan receive", "sleep"]
    let words = WaitReason.allCases.map { GoTraceExport.word($0) }
    #expect(Set(words) == own.union(go) && GoTraceExport.word(nil) == "unspecified")
  }

  @Test(
    "an entry point comes apart",
    arguments: [
      ("work() at Main.swift:12", "work()", "Main.swift", 12), ("at at F.swift:3", "at", "F.swift", 3),
      ("work()", "work()", "", 0), ("a at b", "a at b", "", 0), ("", "", "", 0),
      ("F.swift:3", "F.swift:3", "", 0),
    ] as [(String, String, String, UInt64)])
  func entryPoints(_ entry: String, _ function: String, _ file: String, _ line: UInt64) {
    let place = EntryPoint(entry)
    #expect(place.function == function && place.file == file && place.line == line)
  }
}
