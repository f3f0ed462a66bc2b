// Damaged images through everything that looks at a Go program: attaching, a snapshot, goroutines, stacks.
import Foundation
import TestSupport
import Testing

@testable import GoAttach
@testable import Host
@testable import Observed

@Suite("Fuzz: damaged images of Go programs")
struct ImageFuzzTests {
  /// How many are read: a tenth of what `make fuzz` asks for, since each takes a hundred times as long as other cases.
  private static let cases = (ProcessInfo.processInfo.environment["MPG_FUZZ"].flatMap { Int($0) }).map {
    $0 / 10
  }
  private static let seed = UInt64(ProcessInfo.processInfo.environment["MPG_FUZZ_SEED"] ?? "") ?? 19

  /// Bytes, some of which are others.
  private final class Damaged: ByteSource {
    private let whole: [UInt8]
    private let patches: [(place: Int, bytes: [UInt8])]
    let size: Int

    init(_ whole: [UInt8], _ patches: [(place: Int, bytes: [UInt8])], size: Int) {
      (self.whole, self.patches, self.size) = (whole, patches, size)
    }

    func bytes(at place: Int, _ count: Int) -> [UInt8]? {
      guard place >= 0, count >= 0, count <= mostBytes, place <= size - count else { return nil }
      var bytes = Array(whole[place..<place + count])
      for patch in patches {
        for (index, byte) in patch.bytes.enumerated()
        where bytes.indices.contains(patch.place + index - place) {
          bytes[patch.place + index - place] = byte
        }
      }
      return bytes
    }
  }

  /// An image, and the words in it that are not zero, so that no damage is in vain.
  private struct Base {
    let core, executable: [UInt8]
    let corePlaces, executablePlaces: [Int]

    init(_ image: CapturedImage) {
      (core, executable) = (image.core.bytes, image.executable.bytes)
      (corePlaces, executablePlaces) = (Self.places(core), Self.places(executable))
    }

    private static func places(_ bytes: [UInt8]) -> [Int] {
      stride(from: 0, to: bytes.count - 7, by: 8).filter { bytes.word($0) != 0 }
    }

    /// - Parameter isOfTables: whether the executable is damaged, or else the core.
    func open(_ dice: inout Dice) throws -> GoSource {
      let isOfTables = dice.below(4) == 0
      let (bytes, places) = isOfTables ? (executable, executablePlaces) : (core, corePlaces)
      var patches: [(Int, [UInt8])] = []
      for _ in 0...dice.below(4) {
        let place = places[dice.below(places.count)]
        patches.append((place, word(&dice, instead: bytes.word(place))))
      }
      // Now and then it is cut short, too.
      let size = dice.below(16) == 0 ? dice.below(bytes.count) : bytes.count
      let damaged = Damaged(bytes, patches, size: size)
      return try isOfTables
        ? CapturedImage.open(ArrayBytes(core), damaged)
        : CapturedImage.open(damaged, ArrayBytes(executable))
    }

    /// Words that do more harm than others: other pointers of the same image, small and large numbers, a flipped bit.
    private func word(_ dice: inout Dice, instead old: UInt64) -> [UInt8] {
      let word: UInt64 =
        switch dice.below(7) {
        case 0: core.word(corePlaces[dice.below(corePlaces.count)])
        case 1: old &+ 8
        case 2: UInt64(dice.below(300))
        case 3: .max - UInt64(dice.below(300))
        case 4: old ^ 1 << UInt64(dice.below(64))
        case 5: 1 << UInt64(dice.below(40))
        default: dice.next()
        }
      return FakeFile.number(word, 8)
    }
  }

  @Test("no damage makes the reader trap, hang or take much memory")
  func damaged() throws {
    var dice = Dice(Self.seed)
    let bases = CapturedImage.all.map { Base($0) }
    try #require(!bases.isEmpty)
    let memory = try TableFuzzTests.mostMemory()
    var (refused, read, slowest) = (0, 0, UInt64(0))
    for round in 0..<(Self.cases ?? 14) {
      let start = monotonicNow()
      do {
        let source = try bases[round % bases.count].open(&dice)
        look(source)
        read += 1
      } catch is GoRefusal {
        refused += 1
      }
      slowest = max(slowest, monotonicNow() - start)
    }
    let grown = try TableFuzzTests.mostMemory() - memory
    print(
      "damaged images: \(read) read, \(refused) refused, slowest \(slowest / 1_000_000) ms, \(grown) kB more")
    #expect(read > 0 && refused > 0)
    #expect(slowest < 10_000_000_000 && grown < 100_000)
  }

  private func look(_ source: GoSource) {
    for _ in 0..<2 { _ = try? source.snapshot() }
    _ = try? source.goroutines()
    guard let (goroutines, stacks) = try? source.stacks() else { return }
    var text = StackText(source.program.tables, stacks)
    for goroutine in goroutines.prefix(100) { _ = text.text(of: goroutine) }
  }
}
