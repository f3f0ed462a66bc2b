// The reader beside the one of the Go toolchain, on the same traces.
import Testing

@testable import GoTrace

@Suite("What Go's own reader says of a trace")
struct TruthTests {
  @Test(
    "each event, its time, thread, P and G, and the times of each G are Go's, to the nanosecond",
    arguments: KeptTrace.all)
  func same(_ trace: KeptTrace) throws {
    let heard = try Heard(TraceReader(TraceInput(path: trace.path), isStrict: true))
    #expect(Self.normal(try trace.truth) == Self.said(heard).sorted())
    #expect(heard.damage.isEmpty && heard.generations > 0)
  }

  /// Go tells a G that was there before the trace from one that is made in it; here both come from nothing.
  static func normal(_ lines: [String]) -> [String] {
    var sums: [String: Int] = [:]
    var rest: [String] = []
    for line in lines {
      guard line.hasPrefix("count "), let space = line.lastIndex(of: " ") else {
        rest.append(line)
        continue
      }
      var name = String(line[..<space]).replacing("Undetermined", with: "NotExist")
      if name.hasPrefix("count Proc ") { name = "count Proc" }
      sums[name, default: 0] += Int(line[line.index(after: space)...]) ?? 0
    }
    return (rest + sums.map { "\($0.key) \($0.value)" }).sorted()
  }

  static func said(_ heard: Heard) -> [String] {
    var mixed: UInt64 = 0
    for event in heard.events {
      mixed = mixed &* 31 &+ UInt64(bitPattern: event.time)
      mixed = mixed &* 31 &+ (event.m ?? .max)
      mixed = mixed &* 31 &+ UInt64(bitPattern: Int64(event.p ?? -1))
      mixed = mixed &* 31 &+ (event.g ?? .max)
    }
    var lines = ["mixed \(mixed)", "span \(heard.events.first?.time ?? 0) \(heard.events.last?.time ?? 0)"]
    let states: [(TraceGoState?, String)] = [
      (nil, "NotExist"), (.runnable, "Runnable"), (.running, "Running"), (.syscall, "Syscall"),
      (.waiting, "Waiting"),
    ]
    for (from, one) in states {
      for (to, other) in states where heard.totals.moves(from: from, to: to) > 0 {
        lines.append("count Goroutine \(one) \(other) \(heard.totals.moves(from: from, to: to))")
      }
    }
    for (name, count) in counts(heard) where count > 0 { lines.append("count \(name) \(count)") }
    for (id, times) in heard.totals.goroutines {
      lines.append("g \(id) \(times.runnable) \(times.running) \(times.syscall) \(times.waiting)")
    }
    for (word, wait) in heard.totals.waits where wait.time > 0 || wait.count > 0 {
      lines.append("blocked \(wait.time) \(word)")
    }
    return lines
  }

  private static func counts(_ heard: Heard) -> [(String, UInt64)] {
    [
      ("Proc", heard.count(.procStart, .procStop, .procSteal, .procStatus)), ("Log", heard.count(.userLog)),
      ("Metric", heard.count(.procsChange, .heapAlloc, .heapGoal)), ("Label", heard.count(.goLabel)),
      ("RangeBegin", heard.count(.stwBegin, .gcBegin, .gcSweepBegin, .gcMarkAssistBegin)),
      ("RangeEnd", heard.count(.stwEnd, .gcEnd, .gcSweepEnd, .gcMarkAssistEnd)),
      ("RangeActive", heard.count(.gcActive, .gcSweepActive, .gcMarkAssistActive)),
      ("RegionBegin", heard.count(.userRegionBegin)), ("RegionEnd", heard.count(.userRegionEnd)),
      ("TaskBegin", heard.count(.userTaskBegin)), ("TaskEnd", heard.count(.userTaskEnd)),
      ("StackSample", heard.count(.cpuSample)),
    ]
  }

  @Test(
    "the kept traces have every kind of event that Go writes, but for those of a moment that is hard to meet")
  func kinds() throws {
    var counts: [TraceKind: UInt64] = [:]
    for trace in KeptTrace.kept {
      let heard = try Heard(trace.bytes)
      for kind in TraceKind.allCases { counts[kind, default: 0] += heard.count(kind) }
    }
    let structure: Set<TraceKind> = [
      .eventBatch, .stacks, .stack, .strings, .string, .cpuSamples, .frequency, .experimentalBatch, .sync,
      .clockSnapshot, .endOfGeneration,
    ]
    // These need a generation to begin while a P sweeps or a G assists; OrderingTests has them.
    let rare: Set<TraceKind> = [.gcActive, .gcSweepActive, .gcMarkAssistActive]
    let missing = TraceKind.allCases.filter {
      counts[$0] == 0 && !structure.contains($0) && !rare.contains($0)
    }
    #expect(missing == [])
    #expect(structure.allSatisfy { counts[$0] == 0 })
  }

  @Test("the kept traces are of every version of the form, and small")
  func versions() throws {
    let versions = try KeptTrace.kept.map { try TraceReader(TraceInput(path: $0.path)).version }
    #expect(Set(versions) == [22, 23, 25, 26])
    #expect(try KeptTrace.kept.allSatisfy { try $0.bytes.count <= 100_000 })
  }
}
