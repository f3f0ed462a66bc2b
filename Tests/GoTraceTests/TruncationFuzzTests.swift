// A trace cut off at every byte: whatever is whole is given.
import Foundation
import Testing

@testable import GoTrace

@Suite("Traces that are cut off")
struct TruncationFuzzTests {
  /// The distance between two places at which a trace is cut, by turns: all places in `make fuzz`.
  private static let stride = ProcessInfo.processInfo.environment["MPG_FUZZ"] == nil ? 97 : 1

  /// The whole events of threads in a trace that may be cut off, counted by a parser of the test's own; nil: no clock is there.
  private static func wholeEvents(_ bytes: [UInt8], version: Int) -> Int? {
    var (place, count, hasClock) = (16, 0, false)
    while place < bytes.count {
      guard bytes[place] != TraceKind.endOfGeneration.rawValue else {
        place += 1
        continue
      }
      var head = VarintReader(bytes, place + 1..<bytes.count)
      _ = (head.number(), head.number(), head.number())
      let size = Int(head.number())
      guard !head.isBroken else { break }
      let body = head.next..<min(head.next + size, bytes.count)
      place = head.next + size
      guard !body.isEmpty else { continue }
      switch TraceKind(rawValue: bytes[body.lowerBound]) {
      case .strings, .stacks, .cpuSamples: break
      // A number of ticks in a second, as all these traces have it, is four bytes long.
      case .sync: hasClock = hasClock || body.count >= 6
      case .frequency: hasClock = hasClock || body.count >= 5
      default: count += events(bytes, body)
      }
    }
    return hasClock ? count : nil
  }

  private static func events(_ bytes: [UInt8], _ body: Range<Int>) -> Int {
    var reader = VarintReader(bytes, body)
    var count = 0
    while !reader.isAtEnd {
      guard let arguments = TraceKind.argumentCount(reader.byte()) else { break }
      for _ in 0...arguments { _ = reader.number() }
      if !reader.isBroken { count += 1 }
    }
    return count
  }

  @Test(
    "cut anywhere, all whole events of a trace are given, and it is said that it is cut",
    arguments: ["flight/snapshot-1", "long-1.22.10", "every-1.25.5"])
  func everywhere(_ name: String) throws {
    let bytes = try KeptTrace.named("\(name).trace").bytes
    var without = 0
    for length in Swift.stride(from: 16, to: bytes.count, by: Self.stride) {
      let cut = Array(bytes.prefix(length))
      let heard = try Heard(cut)
      let derived = heard.events.count { $0.isDerived || $0.kind == .cpuSample }
      if let whole = Self.wholeEvents(cut, version: heard.version), heard.generations > 0 {
        // Of a form before 1.25 the clock comes last: generations that have none use the one before.
        if heard.damage.withoutClock == 0 {
          #expect(heard.events.count - derived == whole, "cut to \(length)")
        }
      } else {
        without += 1
        #expect(heard.events.count == 0, "cut to \(length)")
      }
      #expect(length == 16 || !heard.damage.isEmpty || heard.version < 26, "cut to \(length)")
    }
    #expect(name.hasPrefix("long") || without < 64)
  }
}
