// Damaged traces: whatever the bytes are, the reader ends, soon, without a trap, and in little memory.
import Foundation
import TestSupport
import Testing

@testable import GoTrace

@Suite("Fuzz: damaged traces of Go programs")
struct TraceFuzzTests {
  /// How many are read: a tenth of what `make fuzz` asks for.
  private static let cases = (ProcessInfo.processInfo.environment["MPG_FUZZ"].flatMap { Int($0) }).map {
    $0 / 10
  }
  private static let seed = UInt64(ProcessInfo.processInfo.environment["MPG_FUZZ_SEED"] ?? "") ?? 22

  @Test("no damage makes the reader trap, hang, or take much memory")
  func damaged() throws {
    let bases = try KeptTrace.kept.map { try $0.bytes }
    var dice = Dice(Self.seed)
    var (events, misfits, slowest) = (0, 0 as UInt64, Duration.zero)
    for _ in 0..<(Self.cases ?? 60) {
      let bytes = Self.damage(bases[dice.below(bases.count)], bases[dice.below(bases.count)], &dice)
      let took = try ContinuousClock().measure {
        guard let reader = try? TraceReader(TraceInput(bytes: bytes)) else { return }
        let heard = try Heard(reader)
        events += heard.events.count
        misfits += heard.damage.outOfOrder
        #expect(zip(heard.events, heard.events.dropFirst()).allSatisfy { $0.time < $1.time })
      }
      slowest = max(slowest, took)
    }
    #expect(events > 1000 && misfits > 10)
    #expect(slowest < .seconds(20))
    #expect(try Self.mostMemory() < 1 << 30)
  }

  /// The most memory that this process ever took, in bytes.
  private static func mostMemory() throws -> Int {
    let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
    let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmHWM") })
    return (Int(line.filter(\.isNumber)) ?? 0) * 1024
  }

  private static func damage(_ whole: [UInt8], _ other: [UInt8], _ dice: inout Dice) -> [UInt8] {
    var bytes = whole
    for _ in 0...dice.below(4) {
      let place = 16 + dice.below(max(1, bytes.count - 17))
      guard bytes.indices.contains(place) else { continue }
      switch dice.below(8) {
      case 0: bytes[place] = UInt8(truncatingIfNeeded: dice.next())
      case 1: bytes[place] ^= 1 << UInt8(dice.below(8))
      case 2: bytes.removeSubrange(place..<min(bytes.count, place + 1 + dice.below(40)))
      case 3: bytes.insert(contentsOf: dice.bytes(1 + dice.below(20)), at: place)
      case 4: bytes.removeSubrange(place...)
      case 5:
        let from = dice.below(other.count)
        bytes.insert(contentsOf: other[from..<min(other.count, from + dice.below(2000))], at: place)
      case 6: bytes.insert(contentsOf: varint(dice.value()), at: place)
      default: bytes[place] = 0xff
      }
    }
    return bytes
  }

  private func varint(_ value: UInt64) -> [UInt8] { Self.varint(value) }

  private static func varint(_ value: UInt64) -> [UInt8] {
    var (rest, bytes) = (value, [UInt8]())
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    return bytes + [UInt8(rest)]
  }

  @Test("a file of very many very small generations costs little")
  func smallGenerations() throws {
    var bytes = GenerationWriter.header
    let count = 30_000
    for number in 1...UInt64(count) {
      let kinds =
        [TraceKind.eventBatch.rawValue] + varint(number) + varint(1) + varint(1000 + number) + varint(0)
      bytes += kinds + [TraceKind.endOfGeneration.rawValue]
    }
    let took = try ContinuousClock().measure {
      let heard = try Heard(bytes)
      #expect(heard.damage.withoutClock == count && heard.events.isEmpty)
    }
    // A hundred megabytes for each generation would take minutes.
    #expect(took < .seconds(60))
  }

  @Test("a file that is made to cost time for each of its events costs little")
  func costly() throws {
    // Four thousand threads, each with one event that waits for a G that never comes.
    var writer = GenerationWriter(1, at: 1000)
    for m in 0..<4000 { writer.add(.goStart, m: UInt64(m), at: 1000 + UInt64(m), 7, 2) }
    let bytes = GenerationWriter.header + writer.finished()
    let took = try ContinuousClock().measure {
      let heard = try Heard(bytes)
      #expect(heard.events.count == 4000 && heard.damage.outOfOrder > 3900)
    }
    #expect(took < .seconds(60))
  }
}
