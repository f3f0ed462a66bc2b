// Perfetto's format, byte by byte. `make test-exports` checks it against Perfetto's own schema.
import Region
import TestSupport
import Testing

@testable import Exports
@testable import History
@testable import Host
@testable import Inspector
@testable import Observed
@testable import RegionSource

/// A decoded message: its fields in order.
struct Fields {
  enum Value {
    case number(UInt64)
    case bytes(ArraySlice<UInt8>)
  }
  private(set) var all: [(field: UInt64, value: Value)] = []

  init(_ bytes: ArraySlice<UInt8>) throws {
    var reader = ByteReader(bytes)
    while !reader.isAtEnd {
      let key = try needed(reader.number())
      switch key & 7 {
      case 0: all.append((key >> 3, .number(try needed(reader.number()))))
      case 1:
        let (low, high) = (try needed(reader.word32()), try needed(reader.word32()))
        all.append((key >> 3, .number(UInt64(low) | UInt64(high) << 32)))
      case 2: all.append((key >> 3, .bytes(try needed(reader.raw()))))
      default: Issue.record("wire type \(key & 7)")
      }
    }
  }

  func number(_ field: UInt64) -> UInt64? {
    all.firstNonNil { if $0.field == field, case .number(let value) = $0.value { value } else { nil } }
  }
  func message(_ field: UInt64) throws -> Fields? {
    let bytes = all.firstNonNil {
      if $0.field == field, case .bytes(let value) = $0.value { value } else { nil }
    }
    return try bytes.map { try Fields($0) }
  }
  func text(_ field: UInt64) -> String? {
    all.firstNonNil {
      if $0.field == field, case .bytes(let value) = $0.value {
        String(decoding: value, as: UTF8.self)
      } else {
        nil
      }
    }
  }
}

extension Sequence {
  fileprivate func firstNonNil<Value>(_ body: (Element) -> Value?) -> Value? {
    for element in self { if let value = body(element) { return value } }
    return nil
  }
}

/// The events on each track, by the track's name.
struct Tracks {
  struct Event: Equatable {
    var kind: UInt64
    var time: UInt64
    var name = ""
    var value: UInt64 = 0
  }
  var events: [String: [Event]] = [:]
  var names: [UInt64: String] = [:]
  var begun: Set<UInt64> = []
  var ended: Set<UInt64> = []

  init(_ bytes: [UInt8]) throws {
    var (words, last): ([UInt64: String], UInt64) = ([:], 0)
    for (field, value) in try Fields(bytes[...]).all {
      guard field == 1, case .bytes(let bytes) = value else { throw NotAPacket() }
      let packet = try Fields(bytes)
      if let track = try packet.message(60) {
        let uuid = try needed(track.number(1))
        #expect(names.updateValue(track.text(2) ?? "process", forKey: uuid) == nil)
        #expect(uuid << 1 == 2 || names[track.number(5) ?? 0] != nil, "a parent that is described")
        continue
      }
      if let word = try packet.message(12)?.message(2) { words[word.number(1) ?? 0] = word.text(2) }
      let event = try needed(try packet.message(11))
      let track = try needed(names[event.number(11) ?? 0])
      var seen = Event(kind: event.number(9) ?? 0, time: packet.number(8) ?? 0)
      seen.name = event.number(10).map { words[$0] ?? "?" } ?? ""
      seen.value = event.number(30) ?? 0
      #expect(seen.time >= last)
      last = seen.time
      events[track, default: []].append(seen)
      if let flow = event.number(47) { begun.insert(flow) }
      if let flow = event.number(48) { ended.insert(flow) }
    }
  }
  struct NotAPacket: Error {}

  /// Whether the slices on each track take turns: one ends before the next begins.
  var slicesTakeTurns: Bool {
    events.values.allSatisfy { events in
      let turns = events.filter { $0.kind < 3 }.map(\.kind)
      return turns.enumerated().allSatisfy { $0.element == UInt64($0.offset % 2 + 1) }
    }
  }

  /// The names of a track's slices.
  func slices(_ track: String) -> [String] { (events[track] ?? []).filter { $0.kind == 1 }.map(\.name) }
}

@Suite("Traces for Perfetto")
struct PerfettoTests {
  @Test("a history becomes tracks for each P, M and G, whose slices begin and end by turns")
  func history() throws {
    let fake = try FakeHistory(seed: 5)
    let (bytes, report) = try fake.bytes { file throws(InspectorError) in
      try fake.history.exportPerfetto(to: file)
    }
    let tracks = try Tracks(bytes)
    #expect(report.records == fake.history.records && report.inferred == 0)
    let names = Set(tracks.names.values)
    #expect(
      names.isSuperset(of: [
        "process", "Processors (P)", "Threads (M)", "Goroutines (G)", "P0", "P2", "G1", "GRQ",
      ]))
    #expect(UInt64(names.count { $0.wholeMatch(of: #/G\d+/#) != nil }) == fake.scheduler.gs.created)
    #expect(tracks.slicesTakeTurns)
    let states: Set = [
      "runnable", "running", "waiting: netpollRead", "waiting: chanReceive", "waiting: sleep",
      "waiting: mutex",
    ]
    #expect(Set((1...20).flatMap { tracks.slices("G\($0)") }) == states)
    #expect(
      tracks.slices("P0").contains("G1") || tracks.slices("P1").contains("G1")
        || tracks.slices("P2").contains("G1"))
    #expect(tracks.ended.isSubset(of: tracks.begun) && tracks.ended.count > 100)
  }

  @Test("the counters of Gs end where the gauges do")
  func counters() throws {
    let fake = try FakeHistory(seed: 6)
    let source = try fake.scheduler.region.source()
    fake.history.mark(try source.observe())
    _ = try source.drainInPlace(fake.history.take)
    fake.history.settle()
    let tracks = try Tracks(
      try fake.bytes { file throws(InspectorError) in try fake.history.exportPerfetto(to: file) }.bytes)
    let gs = fake.scheduler.gs
    #expect(tracks.events["Gs running"]?.last?.value == UInt64(gs.running))
    #expect(tracks.events["Gs runnable"]?.last?.value == UInt64(gs.runnable))
    #expect(tracks.events["Gs waiting"]?.last?.value == UInt64(gs.waiting.values.reduce(0, +)))
    #expect(tracks.events["Gs in a system call"]?.last?.value == UInt64(gs.syscall))
  }

  @Test("lost records are an event on their lane, and are counted")
  func gaps() throws {
    let fake = try FakeHistory(seed: 7, segments: 3, moves: 3000, ring: 256)
    let (bytes, report) = try fake.bytes { file throws(InspectorError) in
      try fake.history.exportPerfetto(to: file)
    }
    let tracks = try Tracks(bytes)
    #expect(report.missing > 1000)
    #expect((tracks.events["P0"] ?? []).contains { $0.kind == 3 && $0.name == "events lost" })
  }

  @Test("noise becomes a trace that is whole, whatever the gauges say")
  func noise() throws {
    let folder = try TemporaryFolder()
    let file = try OutputFile(path: "\(folder.path)/noise")
    var trace = Perfetto(History(), file)
    try Noise(seed: 9).feed(&trace)
    let report = try trace.finish()
    let tracks = try Tracks(smallFile(file.path, limit: 1 << 24) ?? [])
    #expect(tracks.slicesTakeTurns && report.records == Noise.records)
    #expect(tracks.ended.isSubset(of: tracks.begun))
  }
}
