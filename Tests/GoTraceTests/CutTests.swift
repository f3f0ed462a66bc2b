// Copies of stretches of traces: the same events at the same times, and traces that a strict reader takes.
import Foundation
import TestSupport
import Testing

@testable import GoTrace

@Suite("Cut traces")
struct CutTests {
  struct Cut {
    var bytes: [UInt8] = []
    var events: UInt64 = 0
    var ending: String?

    init(_ bytes: [UInt8], from: UInt64 = 0, to: UInt64 = .max) throws {
      try self.init(TraceReader(TraceInput(bytes: bytes)), from: from, to: to)
    }

    init(_ reader: consuming TraceReader, from: UInt64, to: UInt64) throws {
      var cut = TraceCut(reader, from: from, to: to)
      while let next = try cut.next() { bytes += next }
      (events, ending) = (cut.events, cut.ending)
    }
  }

  /// What an event says, without the numbers that differ between a trace and a copy of a part of it.
  private struct Said: Equatable, CustomStringConvertible {
    let kind: TraceKind
    let time: Int64
    let place: [UInt64?]
    let arguments: [String]

    var description: String { "\(time) \(kind) \(place) \(arguments)" }

    init(_ event: TraceEvent, _ tables: TraceTables) {
      (kind, time) = (event.kind, event.time)
      place = [event.m, event.p.map { UInt64($0) }, event.g]
      arguments = event.kind.meanings.enumerated().map { index, meaning in
        switch meaning.role {
        case .string: tables.string(event[index]) ?? "?"
        case .stack: "\(tables.stack(event[index])?.map { "\($0.function):\($0.line):\($0.pc)" } ?? [])"
        case .gSequence, .pSequence: ""
        default: "\(event[index])"
        }
      }
    }
  }

  /// All events but those that say in what state something was at the beginning of a generation.
  private static func said(_ bytes: [UInt8], isStrict: Bool = true) throws -> [Said] {
    var reader = try TraceReader(TraceInput(bytes: bytes), isStrict: isStrict)
    var (all, events): ([Said], [TraceEvent]) = ([], [])
    let states: Set<TraceKind> = [
      .goStatus, .goStatusStack, .procStatus, .gcActive, .gcSweepActive, .gcMarkAssistActive,
    ]
    while try reader.next(into: &events) {
      for event in events where !states.contains(event.kind) { all.append(Said(event, reader.tables)) }
    }
    return all
  }

  @Test(
    "the copy of a whole trace has the events of the trace, and what Gs did in it took as long",
    arguments: KeptTrace.kept)
  func whole(_ trace: KeptTrace) throws {
    let bytes = try trace.bytes
    let copy = try Cut(bytes)
    #expect(copy.bytes.starts(with: GenerationWriter.header) && copy.ending == nil)
    #expect(try Self.said(copy.bytes) == Self.said(bytes))
    let (heard, again) = (try Heard(bytes), try Heard(copy.bytes, isStrict: true))
    #expect(heard.totals.goroutines == again.totals.goroutines && heard.totals.waits == again.totals.waits)
    #expect(copy.events == UInt64(heard.events.count) && again.generations == heard.generations)
  }

  @Test("a stretch has exactly its events, wherever it begins and ends", arguments: KeptTrace.kept)
  func stretches(_ trace: KeptTrace) throws {
    let bytes = try trace.bytes
    let all = try Self.said(bytes)
    let heard = try Heard(bytes)
    let (first, last) = (try #require(heard.events.first).time, try #require(heard.events.last).time)
    var dice = Dice(7)
    for _ in 0..<12 {
      let moments = [dice.below(Int(last - first)), dice.below(Int(last - first))].sorted()
      let cut = try Cut(bytes, from: UInt64(moments[0]), to: UInt64(moments[1]))
      // A stretch without an event is no trace.
      guard cut.events > 0 else { continue }
      let begin = first + Int64(moments[0])
      let wanted = all.filter { $0.time >= begin && $0.time <= first + Int64(moments[1]) }
      // A stopped world is said to begin as the copy does.
      let got = try Self.said(cut.bytes).filter { $0.time >= wanted.first?.time ?? begin }
      // The parts of a switch belong to it: a copy does not begin between them, and ends with all of them.
      #expect(Self.isAlike(got, wanted), "\(moments): \(Self.difference(got, wanted))")
    }
  }

  private static func isAlike(_ got: [Said], _ wanted: [Said]) -> Bool {
    let parts: Set<TraceKind> = [.goBlock, .goDestroy, .goStart, .procSteal]
    let early = wanted.prefix { parts.contains($0.kind) && !got.contains($0) }.count
    guard early <= 2, got.count >= wanted.count - early, got.count <= wanted.count - early + 2 else {
      return false
    }
    return got.prefix(wanted.count - early).elementsEqual(wanted.dropFirst(early))
  }

  private static func difference(_ got: [Said], _ wanted: [Said]) -> String {
    let place = zip(got, wanted).prefix { $0 == $1 }.count
    return
      "\(got.count) and \(wanted.count); \(got.dropFirst(place).first as Any), wanted \(wanted.dropFirst(place).first as Any)"
  }

  @Test("a G that waits at the first moment waits in the copy, and has the stack where it began to")
  func states() throws {
    var writer = GenerationWriter(1, at: 1000)
    writer.add(.procStatus, m: 10, at: 1000, 0, 1)
    writer.add(.goStatus, m: 10, at: 1000, 1, 10, 2)
    let frame = TraceFrame(pc: 7, function: "main.receive", file: "main.go", line: 12)
    let stack = writer.stack([frame])
    writer.add(.gcBegin, m: 10, at: 1900, 3, 0)
    writer.add(.goCreate, m: 10, at: 2000, 2, stack, 0)
    writer.add(.goBlock, m: 10, at: 2100, writer.string("chan receive"), stack)
    writer.add(.goStart, m: 10, at: 2200, 2, 1)
    writer.add(.stwBegin, m: 10, at: 2300, writer.string("read mem stats"), 0)
    writer.add(.stwEnd, m: 10, at: 9000)
    writer.add(.goUnblock, m: 10, at: 9100, 1, 1, 0)
    writer.add(.gcEnd, m: 10, at: 9200, 4)
    let cut = try Cut(GenerationWriter.header + writer.finished(), from: 5000)
    var reader = try TraceReader(TraceInput(bytes: cut.bytes), isStrict: true)
    var events: [TraceEvent] = []
    #expect(try reader.next(into: &events))
    #expect(
      events.map(\.kind) == [
        .procStatus, .goStatusStack, .goStatusStack, .gcActive, .stwBegin, .stwEnd, .goUnblock, .gcEnd,
      ])
    #expect(events[1].arguments.0 == 1 && events[1].arguments.2 == UInt64(TraceGoState.waiting.rawValue))
    #expect(reader.tables.stack(events[1].arguments.3) == [frame])
    #expect(events[2].arguments.2 == UInt64(TraceGoState.running.rawValue) && events[5].g == 2)
    #expect(reader.tables.string(events[4].arguments.0) == "read mem stats")
    #expect(events.suffix(3).map(\.time) == [9000, 9100, 9200])
  }

  @Test(
    "of a trace that is cut off or damaged, what is whole becomes a whole trace", arguments: [40, 60, 80, 95])
  func damage(_ percent: Int) throws {
    let bytes = try KeptTrace.named("long-1.27.3.trace").bytes
    let cut = try Cut(Array(bytes.prefix(bytes.count * percent / 100)))
    #expect(try Self.said(cut.bytes).count > 100)
    var dice = Dice(UInt64(percent))
    for _ in 0..<20 {
      var damaged = bytes
      for _ in 0..<3 { damaged[16 + dice.below(bytes.count - 16)] ^= 1 << UInt8(dice.below(8)) }
      guard let reader = try? TraceReader(TraceInput(bytes: damaged)) else { continue }
      let copy = try Cut(reader, from: 0, to: .max)
      if copy.events > 0 { _ = try Self.said(copy.bytes) }
    }
  }

  @Test("a stretch behind the end has nothing")
  func nothing() throws {
    let cut = try Cut(try KeptTrace.named("every-1.27.3.trace").bytes, from: 1 << 50)
    #expect(cut.events == 0 && cut.bytes.isEmpty)
  }

  @Test("each kind of event has as many arguments as have a meaning")
  func meanings() {
    for kind in TraceKind.allCases {
      let count = kind == .cpuSample ? 1 : TraceKind.argumentCount(kind.rawValue) ?? 0
      #expect(kind.meanings.count == count, "\(kind)")
    }
  }
}
