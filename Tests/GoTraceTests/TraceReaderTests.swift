// Traces that are refused, packed, cut off, in several files, or damaged.
import CGzip
import Foundation
import TestSupport
import Testing

@testable import GoTrace

@Suite("Trace reader")
struct TraceReaderTests {
  private static func refusal(_ text: String) -> TraceError? {
    do throws(TraceError) {
      _ = try TraceReader(TraceInput(bytes: Array(text.utf8))).version
      return nil
    } catch { return error }
  }

  @Test("what is no trace, or one of an unknown form, is refused with its version")
  func refusals() {
    #expect(Self.refusal("go 1.21 trace\0\0\0") == .oldVersion(21))
    #expect(Self.refusal("go 1.5 trace\0\0\0\0") == .notATrace && Self.refusal("") == .notATrace)
    #expect(Self.refusal("go 1.11 trace\0\0\0") == .oldVersion(11))
    #expect(Self.refusal("go 1.28 trace\0\0\0") == .unknownVersion(28))
    #expect(Self.refusal("go 1.26 trace") == .notATrace)
    #expect(Self.refusal(String(repeating: "x", count: 4000)) == .notATrace)
    #expect(Self.refusal("go 1.26 trace\0\0\0") == nil)
    #expect(TraceError.oldVersion(21).description.contains("1.21"))
    #expect(throws: TraceError.cannotRead(path: "/nowhere/a", errno: ENOENT)) {
      try TraceInput(path: "/nowhere/a")
    }
  }

  @Test("a packed trace, one from a pipe and one in memory are the same trace")
  func inputs() throws {
    let bytes = try KeptTrace.named("every-1.26.6.trace").bytes
    let plain = try Heard(bytes)
    #expect(plain.events.count > 500)
    let packed = try Self.packed(bytes)
    #expect(try Heard(packed).events == plain.events)
    #expect(try Heard(packed + Self.packed([])).events == plain.events)
    let pipe = Pipe()
    let writer = Thread {
      pipe.fileHandleForWriting.write(Data(bytes))
      try? pipe.fileHandleForWriting.close()
    }
    writer.start()
    let input = TraceInput(descriptor: pipe.fileHandleForReading.fileDescriptor, name: "standard input")
    #expect(try Heard(TraceReader(input)).events == plain.events)
    let cut = try Heard(Array(packed.prefix(packed.count / 2)))
    #expect(cut.damage.isPackingDamaged && cut.events.count > 100)
    #expect(cut.damage.sentences.contains { $0.contains("gzip") })
  }

  static func packed(_ bytes: [UInt8]) throws -> [UInt8] {
    unsafe [UInt8](unsafeUninitializedCapacity: cgzip_bound(bytes.count)) { room, count in
      unsafe count = cgzip_compress(bytes, bytes.count, room.baseAddress, room.count)
    }
  }

  @Test("snapshots of a flight recorder are one trace, in which no generation comes twice")
  func folder() throws {
    let folder = try TemporaryFolder()
    let names = ["snapshot-0", "snapshot-1", "snapshot-2"]
    // The order of their times counts, not of their names; a file that is no trace is left alone.
    for (name, place) in zip(names, ["z", "m.trace", "a"]) {
      try folder.write(KeptTrace.named("flight/\(name).trace").bytes, to: place)
    }
    try folder.write(KeptTrace.named("flight/snapshot-1.trace").bytes, to: "again")
    try folder.write(Array("no trace".utf8), to: "README")
    // A recorder that was killed behind the header.
    try folder.write(Array("go 1.26 trace\0\0\0".utf8), to: "begun")
    let all = try Heard(TraceReader(folder: folder.path))
    #expect(all.damage.isEmpty || all.damage.gaps > 0)
    #expect(zip(all.events, all.events.dropFirst()).allSatisfy { $0.time < $1.time })
    let single = try names.map { try Heard(KeptTrace.named("flight/\($0).trace").bytes) }
    let kinds = [TraceKind.userLog, .goCreate, .stwBegin, .gcBegin]
    for kind in kinds {
      #expect(all.count(kind) <= single.reduce(0) { $0 + $1.count(kind) })
      #expect(all.count(kind) >= single.map { $0.count(kind) }.max() ?? 0)
    }
    #expect(throws: TraceError.noTraces(path: "/proc/self/task")) {
      try Heard(TraceReader(folder: "/proc/self/task"))
    }
  }

  @Test("the batches of experiments and of kinds without a time are read over")
  func experiments() throws {
    var bytes = try KeptTrace.named("every-1.27.3.trace").bytes
    let plain = try Heard(bytes)
    // An experimental batch of experiment 1, in the first generation, of 3 bytes.
    let generation = bytes[17]
    bytes.insert(contentsOf: [TraceKind.experimentalBatch.rawValue, 1, generation, 5, 7, 3, 9, 9, 9], at: 16)
    let heard = try Heard(bytes)
    #expect(heard.events.count == plain.events.count && heard.damage.isEmpty)
  }

  @Test("a trace without its last byte gives all its events but those of that byte")
  func lastByte() throws {
    for name in ["every-1.26.6", "every-1.27.3", "long-1.27.3"] {
      let bytes = try KeptTrace.named("\(name).trace").bytes
      let (whole, cut) = (try Heard(bytes), try Heard(Array(bytes.dropLast())))
      #expect(cut.events == whole.events && !cut.damage.isEmpty)
      #expect(throws: TraceError.self) { try Heard(Array(bytes.dropLast()), isStrict: true) }
    }
  }
}
