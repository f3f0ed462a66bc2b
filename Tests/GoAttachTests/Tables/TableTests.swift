// Tables made by hand: what is found in them, and what is refused.
import GoAttach
import Testing

@Suite("Function tables")
struct TableTests {
  static let text: UInt64 = 0x40_1000

  /// `main.outer` with `main.middle` inlined in it, and `main.inner` in that; and a wrapper.
  static let usual: TableBuilder = {
    var outer = TableBuilder.Function(name: "main.outer")
    outer.startLine = 10
    outer.frameSizes = [(0, 4), (24, 56), (0, 4)]
    outer.lines = [(10, 8), (31, 8), (21, 8), (11, 8), (12, 32)]
    outer.inlined = [(-1, 8), (1, 8), (0, 8), (-1, 40)]
    outer.calls = [
      .init(name: "main.middle", place: 24, startLine: 20),
      .init(name: "main.inner", place: 16, startLine: 30),
    ]
    var wrapper = TableBuilder.Function(name: "main.(*T).Wrapped")
    wrapper.id = 22
    var top = TableBuilder.Function(name: "runtime.goexit")
    top.flags = 1
    var panic = TableBuilder.Function(name: "runtime.gopanic")
    panic.frameSizes = [(40, 64)]
    var signal = TableBuilder.Function(name: "runtime.sigpanic")
    signal.frameSizes = [(16, 64)]
    return TableBuilder([outer, wrapper, top, panic, signal])
  }()

  static func tables(_ builder: TableBuilder = usual) throws(GoTableProblem) -> GoTables {
    let bytes = builder.bytes()
    return try GoTables(pclntab: GoBytes(bytes.pclntab), text: text, details: GoBytes(bytes.details))
  }

  @Test("a function is found from its first byte to its last")
  func functions() throws {
    let tables = try Self.tables()
    #expect(tables.function(at: Self.text - 1) == nil)
    #expect(tables.function(at: Self.text)?.name == "main.outer")
    #expect(tables.function(at: Self.text + 63)?.name == "main.outer")
    #expect(tables.function(at: Self.text + 64)?.name == "main.(*T).Wrapped")
    #expect(tables.function(at: Self.text + 64)?.isWrapper == true)
    #expect(tables.function(at: Self.text)?.isWrapper == false)
    #expect(tables.function(at: Self.text + 128)?.flags == .top)
    #expect(tables.function(at: tables.text.upperBound) == nil)
    #expect(tables.function(at: .max) == nil)
  }

  @Test("inlined calls are frames, the innermost first, each with its own line")
  func inlined() throws {
    let tables = try Self.tables()
    // A return address: the call before it is meant.
    let frames = tables.frames(at: Self.text + 16, isCall: true)
    #expect(frames.map(\.function) == ["main.inner", "main.middle", "main.outer"])
    #expect(frames.map(\.line) == [31, 21, 11])
    #expect(frames.map(\.isInlined) == [true, true, false])
    #expect(frames.map(\.startLine) == [30, 20, 10])
    #expect(frames.map(\.offset) == [16, 16, 16])
    #expect(frames.allSatisfy { $0.file == "/src/main.go" })
    // A pc that a signal interrupted is itself.
    #expect(
      tables.frames(at: Self.text + 16, isCall: false).map(\.function) == ["main.middle", "main.outer"])
    // A function that has not begun was not called from.
    #expect(tables.frames(at: Self.text, isCall: true).map(\.line) == [10])
  }

  @Test("the stack pointer's distance follows the pc")
  func distances() throws {
    let tables = try Self.tables()
    #expect(tables.stackDelta(at: Self.text) == 0)
    #expect(tables.stackDelta(at: Self.text + 4) == 24)
    #expect(tables.stackDelta(at: Self.text + 59) == 24)
    #expect(tables.stackDelta(at: Self.text + 60) == 0)
    #expect(tables.stackDelta(at: Self.text - 4) == nil)
  }

  @Test("a wrapper is hidden, but not if it called a panic")
  func wrappers() throws {
    let tables = try Self.tables()
    #expect(tables.frames(at: Self.text + 80, isCall: true).isEmpty)
    var cache = GoFrameCache(tables)
    let (outer, wrapper, panic) = (Self.text + 40, Self.text + 80, Self.text + 200)
    let called = cache.frames(of: GoStack(pcs: [outer, wrapper, outer], end: .top))
    #expect(called.map(\.function) == ["main.outer", "main.outer"])
    let failed = cache.frames(of: GoStack(pcs: [panic, wrapper, outer], end: .top))
    #expect(failed.map(\.function) == ["runtime.gopanic", "main.(*T).Wrapped", "main.outer"])
  }

  @Test("machinery is not shown, unless there is nothing else; a panic is, if it called something")
  func shown() throws {
    var cache = GoFrameCache(try Self.tables())
    let (outer, exit, panic) = (Self.text + 40, Self.text + 130, Self.text + 200)
    func shown(_ pcs: [UInt64]) -> [String] {
      cache.shownFrames(of: GoStack(pcs: pcs, end: .top)).map(\.function)
    }
    #expect(shown([outer, panic, outer, exit]) == ["main.outer", "runtime.gopanic", "main.outer"])
    #expect(shown([panic, outer, exit]) == ["main.outer"])
    #expect(shown([exit]) == ["runtime.goexit"])
    #expect(shown([outer, 0x7f00_0000_0000, exit]) == ["main.outer", "0x7f0000000000"])
  }

  @Test("what a signal interrupted is shown at its pc, and what called at its call")
  func interrupted() throws {
    var cache = GoFrameCache(try Self.tables())
    let signal = Self.text + 4 * 64 + 8
    let interrupted = cache.frames(of: GoStack(pcs: [signal, Self.text + 16], end: .top))
    #expect(interrupted.map(\.function) == ["runtime.sigpanic", "main.middle", "main.outer"])
    let called = cache.frames(of: GoStack(pcs: [Self.text + 40, Self.text + 16], end: .top))
    #expect(called.map(\.function) == ["main.outer", "main.inner", "main.middle", "main.outer"])
  }

  @Test(
    "names are shown as Go prints them",
    arguments: [
      ("main.Map[go.shape.int,go.shape.string]", "main.Map[...]"),
      ("main.(*List[go.shape.int]).Each", "main.(*List[...]).Each"),
      ("main.F[go.shape.[]uint8].func1", "main.F[...].func1"),
      ("main.(*List[int]).Each[string]", "main.(*List[...]).Each[...]"),
      ("main.f", "main.f"), ("main.f]x[", "main.f]x["), ("", "?"),
    ])
  func names(_ name: String, _ shown: String) throws {
    let tables = try Self.tables(TableBuilder([.init(name: name)]))
    let frame = try #require(tables.frames(at: Self.text + 1, isCall: true).first)
    #expect(frame.function == (name.isEmpty ? "" : shown))
  }

  @Test(
    "of the runtime, only what a program can call itself is no machinery",
    arguments: [
      ("runtime.gopark", true), ("runtime.Gosched", false), ("runtime.(*Func).Entry", false),
      ("runtime.(*mheap).Alloc", true), ("runtime.gopanic", false), ("runtime.runFinalizers", false),
      ("main.main", false), ("internal/runtime/maps.(*Map).get", false), ("_cgo_panic", true),
    ])
  func machinery(_ name: String, _ isMachinery: Bool) throws {
    let tables = try Self.tables(TableBuilder([.init(name: name)]))
    #expect(tables.frames(at: Self.text + 1, isCall: true).first?.isMachinery == isMachinery)
  }

  @Test("a table that is another one is refused, and says why")
  func refusals() throws {
    var old = Self.usual
    old.magic = 0xffff_fff0
    #expect(throws: GoTableProblem.unknownFormat(magic: 0xffff_fff0)) { try Self.tables(old) }
    let bytes = Self.usual.bytes()
    for (place, problem) in [
      (6, GoTableProblem.otherMachine(instruction: 0x7f, pointer: 8)), (39, .outside(area: "names")),
      (15, .outside(area: "functions")), (71, .outside(area: "functions")),
    ] {
      var damaged = bytes.pclntab
      damaged[place] = 0x7f
      #expect(throws: problem) {
        try GoTables(pclntab: GoBytes(damaged), text: Self.text, details: nil)
      }
    }
    #expect(throws: GoTableProblem.self) { try GoTables(pclntab: GoBytes([]), text: Self.text, details: nil) }
  }

  @Test("without details there are no inlined calls, and the rest stays")
  func noDetails() throws {
    let tables = try GoTables(pclntab: GoBytes(Self.usual.bytes().pclntab), text: Self.text, details: nil)
    #expect(tables.frames(at: Self.text + 16, isCall: true).map(\.function) == ["main.outer"])
  }

  @Test("an inlined call that leads back to itself ends")
  func cycle() throws {
    var function = TableBuilder.Function(name: "main.f")
    function.inlined = [(0, 64)]
    function.calls = [.init(name: "main.g", place: 3)]
    let frames = try Self.tables(TableBuilder([function])).frames(at: Self.text + 3, isCall: false)
    #expect(frames.count > 1 && frames.count < 1000)
    #expect(frames.last?.function == "main.f")
  }
}
