// What a key costs, counted in drawn pictures and computed lists instead of time.
import Inspector
import Synchronization
import Testing

@testable import TUI

@Suite("What keys cost")
struct KeyCostTests {
  private let size = Size(columns: 100, rows: 30)
  private let down = [Input](repeating: .key(.down), count: 500)

  /// A dashboard that shows a frame with 500 Gs.
  private func state(_ screen: ScreenID, _ mode: GsMode = .list, _ list: ListState = ListState()) -> AppState
  {
    var state = AppState(size: size, screen: screen)
    state.gsMode = mode
    state.lists[screen] = list
    _ = state.update(.frame(Fixtures.detailed(Fixtures.calm(), gs: 500)))
    return state
  }

  /// How many answers the memos had to compute so far.
  private func made(_ state: AppState) -> Int {
    let memos = state.memos
    return memos.orders.made + memos.places.made + memos.trees.made + memos.groups.made + memos.waiters.made
      + memos.reports.made
  }

  static let lists: [(ScreenID, GsMode, ListState)] = [
    (.gs, .list, ListState()), (.gs, .list, ListState(sort: "since")),
    (.gs, .list, ListState(filter: Filter("chan"))),
    (.gs, .list, ListState(filter: Filter("age>1ms"), sort: "spawned at", isInverted: true)),
    (.gs, .tree, ListState()), (.gs, .tree, ListState(filter: Filter("chan"), sort: "below")),
    (.gs, .reasons, ListState()), (.gs, .sites, ListState(sort: "longest")),
    (.netpoll, .list, ListState(sort: "fd")), (.events, .list, ListState(sort: "what")),
    (.ms, .list, ListState(sort: "state")), (.ps, .list, ListState(filter: Filter("p>0"), sort: "P")),
  ]

  @Test(
    "moving about in a list makes nothing anew, however long it is: order, tree and groups are those of the frame",
    arguments: lists)
  func movingMakesNothing(_ screen: ScreenID, _ mode: GsMode, _ list: ListState) {
    var state = state(screen, mode, list)
    _ = Screen.draw(state)
    _ = state.update(.input(.key(.down)))
    let before = made(state)
    for key in [Key.down, .down, .pageDown, .end, .up, .pageUp, .home, .down, .wheelDown] {
      _ = state.update(.input(.key(key)))
      _ = (Screen.draw(state), state.interest)
    }
    #expect(made(state) == before)
  }

  @Test("what the frame, the filter or the order changes is made anew, once, and is right", arguments: lists)
  func changesAreSeen(_ screen: ScreenID, _ mode: GsMode, _ list: ListState) {
    var kept = state(screen, mode, list)
    _ = Screen.draw(kept)
    func check(_ what: String) {
      var fresh = kept
      fresh.memos = ListMemos()
      let isSame = Screen.draw(kept) == Screen.draw(fresh)
      #expect(isSame, "\(what) on \(screen)")
    }
    check("the same")
    for key in "sisS" {
      _ = kept.update(.input(.key(.character(key.unicodeScalars.first ?? "s"))))
      check("\(key)")
    }
    for key in "/1|g|p" {
      _ = kept.update(.input(.key(.character(key.unicodeScalars.first ?? "/"))))
      check("\(key) of a filter")
    }
    _ = kept.update(.input(.key(.enter)))
    _ = kept.update(.frame(Fixtures.detailed(Fixtures.many(ps: 12), gs: 700)))
    check("another frame")
    if var gs = kept.latest?.detail.goroutines?.all {
      for index in gs.indices { gs[index].parent = index == 5 ? nil : gs[5].id }
      kept.latest?.detail.goroutines?.all = gs
    }
    check("others' children")
  }

  @Test("a new frame whose Gs are the same has the same tree")
  func treeOfTheSameGs() {
    var state = state(.gs, .tree)
    _ = Screen.draw(state)
    var next = Fixtures.detailed(Fixtures.calm(), gs: 500)
    next.snapshot.time += 100_000_000
    _ = state.update(.frame(next))
    _ = Screen.draw(state)
    #expect(state.memos.trees.made == 1)
  }

  @Test("a row that is gone is looked for once a frame, not with each key and picture")
  func goneRowIsLookedForOnce() {
    var state = state(.gs, .tree)
    _ = state.update(.input(.key(.down)))
    state.lists[.gs]?.selectedKey = 1 << 60
    for _ in 0..<10 { _ = Screen.draw(state) }
    #expect(state.memos.places.made == 1)
  }

  @Test(
    "keys that wait are taken together: one picture answers five hundred of them, with the row that they lead to"
  )
  func keysAreTakenTogether() {
    // All keys arrive at one moment, but one at a time, as from a terminal that is read piece by piece.
    let pieces = down.map { MemoryTerminal.Arrival(atMilliseconds: 150, $0) }
    let quit = MemoryTerminal.Arrival(atMilliseconds: 180, .key(.character("q")))
    var options = App.Options()
    options.screen = .gs
    var terminal = MemoryTerminal(size: size, script: pieces + [quit])
    _ = App(options).run(on: &terminal) { Fixtures.detailed(Fixtures.calm(), gs: 2000) }
    #expect(terminal.pictures.map { $0.time / 1_000_000 } == [0, 150])
    #expect(terminal.pictures[1].canvas.lines.contains { $0.contains("477") })
  }

  @Test(
    "q, Ctrl-C and signals end it before the picture of what came before them",
    arguments: [
      Input.key(.character("q")), .key(.control("c")), .terminate(15), .hangUp,
    ])
  func endStandsBehindNoPicture(_ end: Input) {
    let script =
      down.map { MemoryTerminal.Arrival(atMilliseconds: 150, $0) } + [.init(atMilliseconds: 150, end)]
    var options = App.Options()
    options.screen = .gs
    var terminal = MemoryTerminal(size: size, script: script)
    _ = App(options).run(on: &terminal) { Fixtures.detailed(Fixtures.calm(), gs: 2000) }
    #expect(terminal.pictures.map { $0.time / 1_000_000 } == [0])
  }

  @Test("who presses q while a frame is read does not wait for its picture")
  func endComesBeforeTheFrame() {
    var terminal = SlowTerminal(size: size)
    let ending = App().run(on: &terminal) {
      // Press the key while the frame is being read.
      SlowTerminal.waiting.withLock { $0 = [.key(.character("q"))] }
      return Fixtures.calm()
    }
    #expect(ending.cause == .quit && terminal.pictures == 0)
  }
}

/// A terminal whose keys arrive while the program does something else.
private struct SlowTerminal: Terminal {
  static let waiting = Mutex<[Input]>([])
  let size: Size
  let glyphs = Glyphs.unicode
  private(set) var now: UInt64 = 0
  private(set) var pictures = 0

  init(size: Size) { self.size = size }

  mutating func present(_ canvas: Canvas) { pictures += 1 }
  mutating func redrawAll() {}
  mutating func wait(nanoseconds: UInt64) -> [Input] {
    now += nanoseconds
    defer { Self.waiting.withLock { $0 = [] } }
    return Self.waiting.withLock { $0 }
  }
  mutating func stop() {}
  mutating func use(_ theme: ThemeName) {}
  mutating func copy(_ text: String) {}
}
