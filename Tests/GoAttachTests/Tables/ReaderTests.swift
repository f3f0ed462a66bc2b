// The reader of stacks on memory that changes, has holes, or is damaged.
import GoAttach
import Testing

/// Memory in which something happens each time that a goroutine's fields are read.
private final class LivelyMemory: GoMemory {
  var words: [UInt64: UInt64]
  var holes: Set<UInt64> = []
  var reads = 0
  /// What happens at a reading, which is counted from 1.
  var happens: (LivelyMemory) -> Void = { _ in }

  init(_ words: [UInt64: UInt64]) { self.words = words }

  func read(_ ranges: ArraySlice<Range<UInt64>>, into buffer: UnsafeMutableRawBufferPointer) -> Int {
    reads += 1
    happens(self)
    var place = 0
    for range in ranges {
      if holes.contains(where: { range.contains($0) }) { return place }
      for address in stride(from: range.lowerBound, to: range.upperBound, by: 8) {
        unsafe buffer.storeBytes(of: words[address] ?? 0, toByteOffset: place, as: UInt64.self)
        place += 8
      }
    }
    return place
  }
}

@Suite("The reader of stacks")
struct ReaderTests {
  static let high: UInt64 = 0xc000_010000

  /// Memory with goroutines that wait in `main.outer`, each with a stack of 2 KiB, and their addresses.
  private static func program(_ count: Int) -> (LivelyMemory, [UInt64]) {
    var words: [UInt64: UInt64] = [:]
    var goroutines: [UInt64] = []
    for number in 0..<UInt64(count) {
      let (g, high) = (0xc000_400000 + number * 512, high + number * 2048)
      set(g, status: 4, sp: high - 40, high: high, id: number + 1, in: &words)
      (words[high - 16], words[high - 8]) = (WalkTests.exit, 0)
      goroutines.append(g)
    }
    return (LivelyMemory(words), goroutines)
  }

  private static func set(
    _ g: UInt64, status: UInt64, sp: UInt64, high: UInt64, id: UInt64, in words: inout [UInt64: UInt64]
  ) {
    let layout = GoroutineLayout.any
    for (offset, value) in [
      (layout.stack, high - 2048), (layout.stack + 8, high), (layout.sp, sp), (layout.pc, WalkTests.outer),
      (layout.status, status), (layout.id, id),
    ] { words[g + UInt64(offset)] = value }
  }

  private static func reader(_ memory: LivelyMemory) throws -> StackReader {
    try #require(StackReader(tables: TableTests.tables(), layout: .any, memory: memory))
  }

  @Test("goroutines with equal stacks have one stack, and few calls read them all")
  func many() throws {
    let (memory, goroutines) = Self.program(3000)
    var reader = try Self.reader(memory)
    let stacks = reader.stacks(of: goroutines)
    #expect(stacks.distinct == [GoStack(pcs: [WalkTests.outer, WalkTests.exit], end: .top)])
    #expect(stacks.outcomes == Array(repeating: .stack(0), count: 3000))
    #expect(memory.reads < 200)
  }

  @Test("one that went on once is read again, and one that goes on and on has moved")
  func moved() throws {
    let (memory, goroutines) = Self.program(3)
    memory.happens = { memory in
      if memory.reads == 2 { memory.words[goroutines[0] + UInt64(GoroutineLayout.any.status)] = 1 }
      memory.words[goroutines[1] + UInt64(GoroutineLayout.any.sp)]! -= 8
    }
    var reader = try Self.reader(memory)
    let outcomes = reader.stacks(of: goroutines).outcomes
    #expect(outcomes == [.stack(0), .moved, .stack(0)])
  }

  @Test("what has no stack says why")
  func states() throws {
    let (memory, goroutines) = Self.program(6)
    for (index, status) in [2, 6, 8, 0, 0x1004, 11].enumerated() {
      memory.words[goroutines[index] + UInt64(GoroutineLayout.any.status)] = UInt64(status)
    }
    var reader = try Self.reader(memory)
    #expect(
      reader.stacks(of: goroutines).outcomes == [.running, .absent, .moved, .absent, .stack(0), .absent])
  }

  @Test("a hole in memory costs only those who are in it")
  func holes() throws {
    let (memory, goroutines) = Self.program(50)
    memory.holes = [Self.high + 20 * 2048 - 16, goroutines[30] + 64]
    var reader = try Self.reader(memory)
    let outcomes = reader.stacks(of: goroutines + [.max, 0]).outcomes
    for (index, outcome) in outcomes.enumerated().prefix(50) {
      #expect(outcome == (index == 20 || index == 30 ? .unreadable : .stack(0)), "\(index)")
    }
    #expect(outcomes[50] == .unreadable)
  }

  @Test("in a system call the stack is that of the call")
  func syscall() throws {
    let (memory, goroutines) = Self.program(1)
    let (g, layout) = (goroutines[0], GoroutineLayout.any)
    memory.words[g + UInt64(layout.status)] = 3
    memory.words[g + UInt64(layout.syscallPC)] = TableTests.text
    memory.words[g + UInt64(layout.syscallSP)] = Self.high - 16
    var reader = try Self.reader(memory)
    #expect(reader.stacks(of: goroutines).distinct.map(\.pcs) == [[TableTests.text, WalkTests.exit]])
  }

  @Test("a layout that is impossible gives no reader")
  func layout() throws {
    var layout = GoroutineLayout.any
    layout.sp = -8
    #expect(StackReader(tables: try TableTests.tables(), layout: layout, memory: LivelyMemory([:])) == nil)
    layout.sp = 1 << 40
    #expect(StackReader(tables: try TableTests.tables(), layout: layout, memory: LivelyMemory([:])) == nil)
  }
}
