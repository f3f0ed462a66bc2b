// Stacks made by hand: what is walked, and where a walk ends.
import GoAttach
import Testing

@Suite("Walks over stacks")
struct WalkTests {
  static let high: UInt64 = 0xc000_010000
  static let outer = TableTests.text + 40
  static let exit = TableTests.text + 129
  static let signal = TableTests.text + 4 * 64 + 8

  /// A stack of `main.outer` (24 bytes and a return address) called `depth` times, below `runtime.goexit`.
  static func words(_ depth: Int) -> [UInt64] {
    (0..<depth).flatMap { [1, 2, 3, $0 == depth - 1 ? exit : outer] } + [0]
  }

  static func walked(
    _ words: [UInt64], pc: UInt64 = outer, bp: UInt64 = 0, low: UInt64? = nil
  ) throws -> GoStack? {
    let sp = high - UInt64(words.count * 8)
    var bytes: [UInt8] = []
    for word in words { bytes.append64(word) }
    let memory = PieceMemory([(sp, bytes)])
    var reader = try #require(StackReader(tables: TableTests.tables(), layout: .any, memory: memory))
    let start = GoStackStart(goroutine: 0, pc: pc, sp: sp, bp: bp, low: low ?? sp - 1024, high: high)
    let stacks = reader.stacks(of: [start])
    guard case .stack(let number) = stacks.outcomes[0] else { return nil }
    return stacks.distinct[number]
  }

  @Test("a stack is walked to its top")
  func whole() throws {
    let stack = try #require(try Self.walked(Self.words(3)))
    #expect(stack.pcs == [Self.outer, Self.outer, Self.outer, Self.exit])
    #expect(stack.end == .top)
  }

  @Test("a function without a frame is not missed, though it keeps no frame pointer")
  func frameless() throws {
    let first = TableTests.text
    let stack = try #require(try Self.walked([Self.outer] + Self.words(1), pc: first))
    #expect(stack.pcs == [first, Self.outer, Self.exit])
  }

  @Test("where the innermost function is no Go code, the frame pointer leads out of it")
  func foreign() throws {
    let words = [7, 7, 7, Self.outer] + Self.words(2)
    let sp = Self.high - UInt64(words.count * 8)
    let stack = try #require(try Self.walked(words, pc: 0x7f00_0000_0000, bp: sp + 16))
    #expect(stack.pcs == [0x7f00_0000_0000, Self.outer, Self.outer, Self.exit])
    let lost = try #require(try Self.walked(words, pc: 0x7f00_0000_0000))
    #expect(lost.pcs == [0x7f00_0000_0000])
    #expect(lost.end == .unknownFunction)
  }

  @Test("a return address of no function ends the walk, and is no frame")
  func torn() throws {
    let stack = try #require(try Self.walked([1, 2, 3, 0x1234, 0]))
    #expect(stack.pcs == [Self.outer])
    #expect(stack.end == .torn)
    #expect(try Self.walked([1, 2, 3, Self.outer])?.end == .torn)
    #expect(try Self.walked([1, 2, 3, 0])?.end == .torn)
  }

  @Test("a stack without end has a limit")
  func endless() throws {
    let stack = try #require(try Self.walked(Self.words(40_000), low: 0xc000_000000 - (4 << 20)))
    #expect(stack.end == .limit)
    #expect(stack.pcs.count > 1000)
  }

  @Test("bounds that make no sense give no stack")
  func bounds() throws {
    #expect(try Self.walked(Self.words(1), low: Self.high) == nil)
    #expect(try Self.walked(Self.words(1), low: Self.high - 8) == nil)
    #expect(try Self.walked([], low: 0) == nil)
    #expect(try Self.walked(Self.words(1), pc: 0) == nil)
  }
}
