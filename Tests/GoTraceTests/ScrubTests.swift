// Copies of traces without names: the same events, and none of the old strings.
import Foundation
import TestSupport
import Testing

@testable import GoTrace

@Suite("Scrubbed traces")
struct ScrubTests {
  static func scrubbed(_ bytes: [UInt8]) throws -> (bytes: [UInt8], replaced: UInt64) {
    var scrubber = try TraceScrubber(TraceInput(bytes: bytes))
    var copy: [UInt8] = []
    while let next = try scrubber.next() { copy += next }
    return (copy, scrubber.replaced)
  }

  /// Strings of a trace that may be names: those that Go does not write itself.
  private static func names(_ bytes: [UInt8]) throws -> Set<String> {
    var reader = try TraceReader(TraceInput(bytes: bytes))
    var (names, events): (Set<String>, [TraceEvent]) = ([], [])
    while try reader.next(into: &events) {
      let tables = reader.tables
      names.formUnion(tables.stringIDs.compactMap { tables.string($0) })
    }
    let known = TraceWords.all.joined(separator: " ") + " func_ file_ text_"
    return names.filter { $0.utf8.count >= 4 && !known.contains($0) }
  }

  private static func contains(_ bytes: Data, _ text: String) -> Bool {
    bytes.range(of: Data(text.utf8)) != nil
  }

  @Test("events, times and the shapes of stacks stay, and no name does", arguments: KeptTrace.kept)
  func same(_ trace: KeptTrace) throws {
    let bytes = try trace.bytes
    let (copy, replaced) = try Self.scrubbed(bytes)
    let (old, new) = (try Heard(bytes), try Heard(copy, isStrict: true))
    #expect(old.events == new.events && old.version == new.version)
    #expect(old.totals.waits == new.totals.waits && !old.totals.waits.isEmpty)
    let names = try Self.names(bytes)
    #expect(names.count > 100 && replaced >= names.count)
    #expect(names.filter { Self.contains(Data(copy), $0) } == [])
    #expect(names.allSatisfy { Self.contains(Data(bytes), $0) })
  }

  @Test("a name is the same throughout a copy, another in another copy, and says what it names")
  func stable() throws {
    let bytes = try KeptTrace.named("long-1.27.3.trace").bytes
    let copies = [try Self.scrubbed(bytes).bytes, try Self.scrubbed(bytes).bytes]
    var all: [Set<String>] = []
    for copy in copies {
      var replacements: [String: Set<String>] = [:]
      var old = try TraceReader(TraceInput(bytes: bytes))
      var new = try TraceReader(TraceInput(bytes: copy))
      var (events, others): ([TraceEvent], [TraceEvent]) = ([], [])
      while try old.next(into: &events), try new.next(into: &others) {
        for id in old.tables.stackIDs {
          let (frames, hidden) = (old.tables.stack(id) ?? [], new.tables.stack(id) ?? [])
          #expect(frames.map(\.line) == hidden.map(\.line) && frames.map(\.pc) == hidden.map(\.pc))
          for (frame, other) in zip(frames, hidden) {
            replacements[frame.function, default: []].insert(other.function)
            replacements[frame.file, default: []].insert(other.file)
            // A name of the runtime may be one of Go's words, and some have none.
            let stays = frame.function.isEmpty || TraceWords.all.contains(frame.function)
            #expect(stays || other.function.hasPrefix("func_"), "\(frame.function), \(other.function)")
            #expect(frame.file.isEmpty || other.file.hasPrefix("file_"), "\(frame.file), \(other.file)")
          }
        }
      }
      #expect(new.generations > 1 && replacements.values.allSatisfy { $0.count == 1 })
      let texts = Set(replacements.values.compactMap(\.first))
      #expect(texts.count == replacements.count)
      all.append(texts.subtracting(TraceWords.all).subtracting(["", "?"]))
    }
    #expect(all[0].isDisjoint(with: all[1]))
  }

  @Test("a copy of a damaged trace has no name either, and nothing traps")
  func damaged() throws {
    let bytes = try KeptTrace.named("every-1.27.3.trace").bytes
    let names = try Self.names(bytes).filter { $0.utf8.count >= 8 }
    var dice = Dice(3)
    for _ in 0..<40 {
      var damaged = Array(bytes.prefix(bytes.count - dice.below(bytes.count / 2)))
      for _ in 0..<dice.below(4) { damaged[16 + dice.below(damaged.count - 16)] = UInt8(dice.below(256)) }
      guard let copy = try? Self.scrubbed(damaged).bytes else { continue }
      #expect(names.filter { Self.contains(Data(copy), $0) } == [])
    }
  }

  @Test("the words for waits, stops and stopped worlds in the kept traces are Go's own, and known to be")
  func words() throws {
    for trace in KeptTrace.kept {
      var reader = try TraceReader(TraceInput(path: trace.path))
      var (words, events): (Set<String>, [TraceEvent]) = ([], [])
      while try reader.next(into: &events) {
        for event in events
        where [.goBlock, .goStop, .stwBegin, .goLabel].contains(event.kind) && !event.isDerived {
          words.insert(reader.tables.string(event.arguments.0) ?? "?")
        }
      }
      #expect(words.subtracting(TraceWords.all) == [] && words.count > 5, "\(trace)")
    }
  }
}
