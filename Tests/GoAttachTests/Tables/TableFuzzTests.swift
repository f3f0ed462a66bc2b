// Damaged tables and damaged stacks: whatever the bytes are, the reader ends, soon and without a trap.
import Foundation
import GoAttach
import TestSupport
import Testing

@Suite("Damaged tables")
struct TableFuzzTests {
  /// How many damaged tables are read: `MPG_FUZZ_TABLES`, or few enough for every run.
  static let count = Int(ProcessInfo.processInfo.environment["MPG_FUZZ_TABLES"] ?? "") ?? 10_000

  static let seed = UInt64(ProcessInfo.processInfo.environment["MPG_FUZZ_SEED"] ?? "") ?? 1

  /// What is damaged: small tables made by hand, and those of real programs.
  private struct Base {
    let pclntab, details: [UInt8]
    let text: UInt64
    let pcs: [UInt64]
    /// Where the bytes are that are not zero, so that no damage is in vain.
    let places: [Int]
    let detailPlaces: [Int]

    init(pclntab: [UInt8], details: [UInt8], text: UInt64, pcs: [UInt64]) {
      (self.pclntab, self.details, self.text, self.pcs) = (pclntab, details, text, pcs)
      places = pclntab.indices.filter { pclntab[$0] != 0 }
      detailPlaces = details.indices.filter { details[$0] != 0 }
    }
  }

  private static func bases() throws -> (small: Base, real: [Base]) {
    let bytes = TableTests.usual.bytes()
    let pcs = (0..<400).map { TableTests.text + UInt64($0) }
    let small = Base(pclntab: bytes.pclntab, details: bytes.details, text: TableTests.text, pcs: pcs)
    let real = try CapturedProcess.all.suffix(2).map { captured in
      let stacks = try captured.stacks(captured.tables())
      return Base(
        pclntab: captured.pclntab.bytes, details: captured.details.bytes, text: captured.text,
        pcs: Set(stacks.distinct.flatMap(\.pcs)).sorted())
    }
    return (small, real)
  }

  @Test("no damage makes the reader trap, hang or take much memory")
  func damaged() throws {
    var random = Dice(Self.seed)
    let (small, real) = try Self.bases()
    try #require(!real.isEmpty)
    let memory = try Self.mostMemory()
    var (refused, read, frames) = (0, 0, 0)
    for round in 0..<Self.count {
      let base = round % 500 == 499 ? real[round / 500 % real.count] : small
      let pclntab = Self.damaged(base.pclntab, at: base.places, &random)
      let details = Self.damaged(base.details, at: base.detailPlaces, &random)
      guard
        let tables = try? GoTables(
          pclntab: GoBytes(pclntab), text: base.text, details: GoBytes(details))
      else {
        refused += 1
        continue
      }
      read += 1
      frames += Self.readAll(tables, base.pcs, &random)
    }
    print("damaged tables: \(read) read, \(refused) refused, \(frames) frames, seed \(Self.seed)")
    #expect(read > Self.count / 4 && frames > Self.count)
    #expect(try Self.mostMemory() - memory < 100 << 10, "more than 100 MB")
  }

  @Test("no damaged memory makes the reader of stacks trap, hang or take much memory")
  func memory() throws {
    var random = Dice(Self.seed)
    let before = try Self.mostMemory()
    var stacks = 0
    for _ in 0..<max(Self.count / 100, 1) {
      let memory = DamagedMemory(seed: random.next())
      var reader = try #require(
        StackReader(tables: TableTests.tables(), layout: .any, memory: memory))
      let goroutines = (0..<random.next() % 64).map { _ in
        random.next() % 4 == 0 ? random.next() : 4096 + random.next() % (1 << 40)
      }
      let result = reader.stacks(of: goroutines)
      #expect(result.outcomes.count == goroutines.count)
      stacks += result.distinct.count
    }
    #expect(stacks > Self.count / 500)
    #expect(try Self.mostMemory() - before < 100 << 10, "more than 100 MB")
  }

  /// Asks for everything. Returns the number of frames.
  private static func readAll(_ tables: GoTables, _ pcs: [UInt64], _ random: inout Dice) -> Int {
    func pc() -> UInt64 {
      random.next() % 16 == 0 ? random.next() : pcs[Int(random.next() % UInt64(pcs.count))]
    }
    var count = 0
    for _ in 0..<4 {
      let pc = pc()
      _ = tables.function(at: pc)
      _ = tables.stackDelta(at: pc)
      let frames = tables.frames(at: pc, isCall: random.next() % 2 == 0)
      #expect(frames.count <= 257)
      count += frames.count
    }
    var stack: [UInt8] = []
    for _ in 0..<64 { stack.append64(random.next() % 3 == 0 ? pc() : random.next() % 64) }
    let high = 0xc000_010000 + random.next() % 3
    let sp = high &- UInt64(stack.count) &- random.next() % 2
    let start = GoStackStart(
      goroutine: 0, pc: pc(), sp: sp, bp: sp + random.next() % 600, low: sp &- 64, high: high)
    guard
      var reader = StackReader(tables: tables, layout: .any, memory: PieceMemory([(sp, stack)]))
    else { return count }
    let stacks = reader.stacks(of: [start])
    let listing = GoStackListing(id: 7, state: "select", stack: stacks.outcomes[0], creator: pc(), parent: 1)
    var text = StackText(tables, stacks)
    #expect(text.text(of: listing).hasPrefix("goroutine 7 [select]:\n"))
    #expect(FoldedStacks.lines([listing], in: stacks, tables: tables).hasSuffix(" 1\n"))
    if random.next() % 64 == 0 {
      let program = GoroutineProfile.Program(path: "p", buildID: nil, time: 1)
      #expect(!GoroutineProfile.bytes(of: [listing], in: stacks, tables: tables, program: program).isEmpty)
    }
    return count + stacks.distinct.reduce(0) { $0 + $1.pcs.count }
  }

  private static func damaged(_ bytes: [UInt8], at places: [Int], _ random: inout Dice) -> [UInt8] {
    var bytes = bytes
    for _ in 0..<random.next() % 6 {
      let anywhere = random.next() % 8 == 0 || places.isEmpty
      let place = Int(random.next() % UInt64(anywhere ? max(bytes.count, 1) : places.count))
      let at = anywhere ? place : places[place]
      // It was cut off before.
      guard at < bytes.count else { continue }
      switch random.next() % 6 {
      case 0: bytes[at] = 0
      case 1: bytes[at] = 0xff
      case 2: bytes[at] ^= 1 << UInt8(random.next() % 8)
      case 3: bytes[at] = UInt8(truncatingIfNeeded: random.next())
      case 4: for index in at..<min(at + 8, bytes.count) { bytes[index] = 0x80 }
      default: bytes.removeLast(min(bytes.count, Int(random.next() % 64)))
      }
    }
    return bytes
  }

  /// The most memory that this process ever had, in kB.
  static func mostMemory() throws -> Int {
    let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
    let match = try #require(status.firstMatch(of: #/VmHWM:\s+(\d+) kB/#))
    return Int(match.1) ?? 0
  }
}

/// Memory that looks as if goroutines and stacks were in it, but is different at each look, and has holes.
private final class DamagedMemory: GoMemory {
  private var random: Dice

  init(seed: UInt64) { random = Dice(seed) }

  func read(_ ranges: ArraySlice<Range<UInt64>>, into buffer: UnsafeMutableRawBufferPointer) -> Int {
    let size = ranges.reduce(0) { $0 + $1.count }
    precondition(size <= buffer.count && ranges.count <= 1024, "what is read has room")
    let kept = random.next() % 4 == 0 ? random.next() : nil
    for place in stride(from: 0, to: size - size % 8, by: 8) {
      // Sometimes all words are equal, so that goroutines do not seem to move.
      let word = kept ?? random.next()
      let value =
        switch word % 8 {
        case 0: UInt64(4)
        case 1, 2, 3: TableTests.text + (word >> 8) % 400
        case 4, 5: 0xc000_000000 + (word >> 8) % 4096 * 8
        case 6: 0xc000_000000 + (word >> 8) % (1 << 24) * 8
        default: word
        }
      unsafe buffer.storeBytes(of: value, toByteOffset: place, as: UInt64.self)
    }
    return random.next() % 16 == 0 ? Int(random.next() % UInt64(size + 1)) : size
  }
}
