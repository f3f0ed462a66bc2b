// Stacks as text, as folded lines and as a profile.
import Foundation
import GoAttach
import Testing

@Suite("Stacks for other tools")
struct StackOutputTests {
  static let outer = TableTests.text + 16
  static let plain = TableTests.text + 40
  static let exit = TableTests.text + 129

  static let stacks = GoStacks(
    outcomes: [],
    distinct: [
      GoStack(pcs: [outer, exit], end: .top), GoStack(pcs: [plain, outer, exit], end: .top),
      GoStack(pcs: [plain], end: .torn),
    ])

  static func listing(_ id: UInt64, _ stack: GoStackOutcome) -> GoStackListing {
    GoStackListing(id: id, state: "chan receive", stack: stack, creator: plain, parent: 1)
  }

  @Test("the text is in Go's form")
  func text() throws {
    var text = StackText(try TableTests.tables(), Self.stacks)
    var locked = Self.listing(18, .stack(0))
    locked.remarks = ["locked to thread"]
    #expect(
      text.text(of: locked) == """
        goroutine 18 [chan receive, locked to thread]:
        main.inner(...)
        \t/src/main.go:31
        main.middle(...)
        \t/src/main.go:21
        main.outer(...)
        \t/src/main.go:11 +0x10
        created by main.outer in goroutine 1
        \t/src/main.go:12 +0x28

        """)
  }

  @Test("what is missing is said")
  func missing() throws {
    var text = StackText(try TableTests.tables(), Self.stacks)
    #expect(text.text(of: Self.listing(2, .moved)).contains("went on while it was read"))
    #expect(text.text(of: Self.listing(2, .running)).contains("running on a thread"))
    #expect(text.text(of: Self.listing(2, .stack(2))).contains("the stack changed, or is a plugin's"))
    #expect(text.text(of: Self.listing(2, .stack(99))).contains("unreadable"))
    #expect(!text.text(of: Self.listing(1, .stack(0))).contains("created by"))
  }

  @Test("a long stack is shown at both ends")
  func long() throws {
    let stacks = GoStacks(
      outcomes: [], distinct: [GoStack(pcs: Array(repeating: Self.plain, count: 130), end: .top)])
    var text = StackText(try TableTests.tables(), stacks)
    let lines = text.text(of: Self.listing(2, .stack(0))).split(separator: "\n")
    #expect(lines.filter { $0.hasPrefix("main.outer") }.count == 100)
    #expect(lines.contains("...30 frames elided..."))
  }

  @Test("folded lines have the outermost function first, and count what is equal")
  func folded() throws {
    let listings = [
      Self.listing(1, .stack(0)), Self.listing(2, .stack(0)), Self.listing(3, .stack(1)),
      Self.listing(4, .moved),
    ]
    #expect(
      FoldedStacks.lines(listings, in: Self.stacks, tables: try TableTests.tables()) == """
        [moved] 1
        main.outer;main.middle;main.inner 2
        main.outer;main.middle;main.inner;main.outer 1

        """)
  }

  @Test("groups by stack and by creator are the largest first")
  func groups() throws {
    var listings = [Self.listing(1, .stack(1)), Self.listing(2, .stack(0)), Self.listing(3, .stack(0))]
    listings[0].creator = 0
    var cache = GoFrameCache(try TableTests.tables())
    let byStack = cache.groupedByStack(listings, in: Self.stacks)
    #expect(byStack.map(\.members) == [[1, 2], [0]])
    #expect(byStack[0].frames.map(\.function) == ["main.inner", "main.middle", "main.outer"])
    let byCreator = cache.groupedByCreator(listings)
    #expect(byCreator.map(\.members) == [[1, 2], [0]])
    #expect(byCreator.map { $0.frames.first?.line ?? 0 } == [12, 0])
  }

  @Test(
    "go tool pprof reads the profile: samples, inlined frames, files, lines, labels",
    .enabled(if: !GoToolchain.all.isEmpty, "there is no Go: make test-go installs it"))
  func profile() throws {
    let go = try #require(GoToolchain.all.last)
    var listings = [Self.listing(1, .stack(0)), Self.listing(2, .stack(0)), Self.listing(3, .moved)]
    listings[1].labels = [("request", "7")]
    let bytes = GoroutineProfile.bytes(
      of: listings, in: Self.stacks, tables: try TableTests.tables(),
      program: .init(path: "/bin/p", buildID: "b1d", time: 1_700_000_000_000_000_000))
    #expect(bytes.starts(with: [0x1f, 0x8b]))
    let file = FileManager.default.temporaryDirectory.appending(path: "stacks-\(getpid()).pb.gz")
    defer { try? FileManager.default.removeItem(at: file) }
    try Data(bytes).write(to: file)
    let said = try go.run(["tool", "pprof", "-raw", file.path], in: "/", cache: GoToolchain.cache)
    for wanted in [
      "PeriodType: goroutine count", "1: 1 2", "state:[chan receive]", "request:[7]",
      "main.inner /src/main.go:31", "main.middle /src/main.go:21", "main.outer /src/main.go:11",
      "[chan receive]",
      "/bin/p b1d [FN][FL][LN][IN]",
    ] { #expect(said.contains(wanted), "\(wanted) in \(said)") }
    let traces = try go.run(["tool", "pprof", "-traces", file.path], in: "/", cache: GoToolchain.cache)
    #expect(traces.contains("main.inner (inline)"))
  }
}
