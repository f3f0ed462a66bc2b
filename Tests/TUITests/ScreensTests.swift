// What holds for all screens, whatever their pictures look like.
import Inspector
import Region
import TestSupport
import Testing

@testable import TUI

@Suite("Screens")
struct ScreensTests {
  private func state(
    _ screen: ScreenID, _ frame: Frame? = Fixtures.detailed(), _ columns: Int = 80, _ rows: Int = 24
  )
    -> AppState
  {
    var state = AppState(size: Size(columns: columns, rows: rows), screen: screen)
    if let frame { _ = state.update(.frame(frame)) }
    return state
  }

  private func type(_ text: String, _ state: inout AppState) {
    for scalar in text.unicodeScalars { _ = state.update(.input(.key(.character(scalar)))) }
  }

  private func text(_ state: AppState) -> String { Screen.draw(state).lines.joined(separator: "\n") }

  @Test("any screen draws at any size, whatever it knows", arguments: ScreenID.allCases)
  func anySizeDraws(_ screen: ScreenID) {
    for frame in [nil, Fixtures.empty(), Fixtures.calm(), Fixtures.detailed(), Fixtures.past()] {
      for columns in [0, 1, 39, 40, 41, 59, 60, 79, 80, 120, 300] {
        for rows in [0, 1, 11, 12, 15, 16, 20, 24, 90] {
          #expect(Screen.draw(state(screen, frame, columns, rows)).cells.count == columns * rows)
        }
      }
    }
  }

  @Test("Tab goes round all screens and back, each says which one it is, and Esc leads home, no further")
  func tabGoesRound() {
    var state = state(.overview)
    for screen in ScreenID.allCases.dropFirst() {
      _ = state.update(.input(.key(.tab)))
      #expect(state.screen == screen && Screen.draw(state).lines[1].contains("[\(screen.key) "))
    }
    _ = state.update(.input(.key(.tab)))
    #expect(Screen.draw(state).lines[1].hasPrefix("[1 Over"))
    #expect(state.screen == .overview)
    _ = state.update(.input(.key(.backTab)))
    #expect(state.screen == .stage)
    #expect(state.update(.input(.key(.escape))) == .nothing && state.screen == .overview)
    #expect(state.update(.input(.key(.escape))) == .nothing && state.screen == .overview)
  }

  @Test("each screen asks for what it shows and for nothing else")
  func interestIsWhatIsShown() {
    #expect(state(.overview).interest == .none && state(.ps).interest == .none)
    #expect(state(.gs).interest.goroutines && state(.gs).interest.events == nil)
    #expect(state(.ms).interest.threads && !state(.ms).interest.goroutines)
    #expect(state(.netpoll).interest.polls)
    #expect(state(.netpoll).interest.sockets.contains(3))
    #expect(state(.timeline, nil, 100).interest.timeline?.columns == TimelineScreen.columns(width: 100))
    #expect(state(.tracer).interest.health)
  }

  @Test(
    "a filter works while it is typed; Enter keeps it, Esc in the line takes it back, Esc later clears it")
  func filterIsLive() {
    var state = state(.gs)
    type("/reason:sleep", &state)
    let shown = ListPanel.summary(Fixtures.detailed(), state)
    #expect((1..<525).contains(shown?.window.total ?? 0) && shown?.all == 525)
    _ = state.update(.input(.key(.escape)))
    #expect(ListPanel.summary(Fixtures.detailed(), state)?.window.total == 525)
    type("/g:1", &state)
    _ = state.update(.input(.key(.enter)))
    #expect(ListPanel.summary(Fixtures.detailed(), state)?.window.total == 1)
    #expect(text(state).contains("filter g:1"))
    _ = state.update(.input(.key(.escape)))
    #expect(ListPanel.summary(Fixtures.detailed(), state)?.window.total == 525 && state.screen == .gs)
  }

  @Test("letters go into the line that is typed, not to the actions that they stand for elsewhere")
  func typedLettersAreText() {
    var state = state(.gs)
    type("/q?p 12", &state)
    #expect(state.prompt?.text == "q?p 12" && state.screen == .gs)
    _ = state.update(.input(.key(.backspace)))
    _ = state.update(.input(.key(.control("u"))))
    #expect(state.prompt?.text == "")
    #expect(state.update(.input(.key(.control("c")))) == .end(.quit))
  }

  @Test("the selected row stays selected when the order changes, and when rows come and go")
  func selectionFollowsItsRow() {
    var state = state(.gs)
    for _ in 0..<7 { _ = state.update(.input(.key(.down))) }
    let chosen = ListPanel.summary(Fixtures.detailed(), state)?.selectedG
    #expect(chosen == 50)
    _ = state.update(.input(.key(.character("i"))))
    #expect(ListPanel.summary(Fixtures.detailed(), state)?.selectedG == chosen)
    var fewer = Fixtures.detailed()
    fewer.detail.goroutines?.all.removeAll { $0.id < 20 }
    #expect(ListPanel.summary(fewer, state)?.selectedG == chosen)
    fewer.detail.goroutines?.all.removeAll()
    _ = state.update(.frame(fewer))
    #expect(text(state).contains("no Gs are listed"))
  }

  @Test("sorting goes through the columns and back to the list's own order; the largest come first")
  func sortingGoesRound() throws {
    var state = state(.gs)
    let names = try #require(ListPanel.summary(Fixtures.detailed(), state)?.sortable)
    for name in names {
      _ = state.update(.input(.key(.character("s"))))
      #expect(state.lists[.gs]?.sort == name)
    }
    _ = state.update(.input(.key(.character("s"))))
    #expect(state.lists[.gs]?.sort == nil)
    _ = state.update(.input(.key(.character("S"))))
    #expect(state.lists[.gs]?.sort == names.last)
  }

  @Test("a click on a tab, on a title, and on a row does what its key does")
  func clicksWork() throws {
    var state = state(.gs)
    let title = try #require(
      Screen.draw(state).lines.firstIndex { $0.hasPrefix(" G ") && $0.contains("since") })
    let x = try #require(Screen.draw(state).lines[title].range(of: "since")).lowerBound
    let column = Screen.draw(state).lines[title].distance(
      from: Screen.draw(state).lines[title].startIndex, to: x)
    _ = state.update(.input(.click(x: column + 1, y: title)))
    #expect(state.lists[.gs]?.sort == "since" && state.lists[.gs]?.isInverted == false)
    _ = state.update(.input(.click(x: column + 1, y: title)))
    #expect(state.lists[.gs]?.isInverted == true)
    _ = state.update(.input(.click(x: 10, y: title + 3)))
    #expect(ListPanel.summary(Fixtures.detailed(), state)?.window.selected == 2)
    let tab = try #require(Chrome.tabs(state).first { $0.screen == .events })
    _ = state.update(.input(.click(x: tab.x + 2, y: 1)))
    #expect(state.screen == .events)
  }

  @Test("Enter on a G, and F, show its events; Enter on a group shows its Gs")
  func enterGoesDeeper() {
    var first = state(.gs)
    _ = first.update(.input(.key(.down)))
    _ = first.update(.input(.key(.enter)))
    #expect(first.screen == .events && first.interest.events?.filter == Filter("g:8"))

    var second = state(.gs)
    type("o", &second)
    _ = second.update(.input(.key(.enter)))
    #expect(second.gsMode == .list && second.lists[.gs]?.filter.isEmpty == false)
    let total = ListPanel.summary(Fixtures.detailed(), second)?.window.total ?? 0
    #expect(total > 1 && total < 525)
  }

  @Test("the palette finds actions by their words and does them")
  func paletteActs() {
    var state = state(.gs)
    type(":timeline", &state)
    _ = state.update(.input(.key(.enter)))
    #expect(state.screen == .timeline && state.prompt == nil)
    for row in ActionTable.all.flatMap(\.rows) where row.action != .palette {
      func isFound(_ screen: ScreenID, _ overlay: OverlayID?) -> Bool {
        Palette.found(row.title, on: screen, over: overlay).contains { $0.id == row.id }
      }
      let (screens, overlays) = (ScreenID.allCases, OverlayID.allCases)
      #expect(screens.contains { isFound($0, nil) } || overlays.contains { isFound(.overview, $0) })
    }
  }

  @Test("pausing makes the source stand still, and other screens then show the same moment")
  func pauseHoldsTheSource() {
    var state = state(.gs, Fixtures.calm())
    #expect(state.update(.input(.key(.character(" ")))) == .time(.hold))
    _ = state.update(.frame(Fixtures.past()))
    #expect(state.isPaused && state.shown?.past == nil && state.shown?.detail.goroutines?.all.count == 40)
    #expect(state.update(.input(.key(.character(" ")))) == .time(.resume))
    #expect(!state.isPaused)
  }

  @Test("a pause shows the gauges that were read, where the history lacks records of that moment")
  func pauseDoubtsGaps() {
    for isConsistent in [true, false] {
      var state = state(.overview, Fixtures.calm())
      _ = state.update(.input(.key(.character(" "))))
      var past = Fixtures.past()
      (past.snapshot.gs.runnable, past.snapshot.isConsistent) = (12_345, isConsistent)
      _ = state.update(.frame(past))
      let read = Fixtures.calm().snapshot.gs.runnable
      #expect(state.shown?.snapshot.gs.runnable == (isConsistent ? 12_345 : read))
    }
  }

  @Test("the cursor of the timeline stops time, and Enter goes to its moment")
  func cursorTravels() {
    var state = state(.timeline)
    #expect(state.update(.input(.key(.left))) == .time(.hold))
    for _ in 0..<35 { _ = state.update(.input(.key(.character("h")))) }
    #expect(text(state).contains("at -"))
    guard case .time(.seek(let moment)) = state.update(.input(.key(.enter))) else {
      Issue.record("no seek")
      return
    }
    // The cursor stands on the 36th of 72 columns from the right, and the columns span the 100 ms before
    // 754.3 s. This is the middle of that column.
    #expect(moment / 1_000_000 == 754_250)
  }

  @Test(
    "in ASCII nothing beyond it is drawn, and in Unicode every glyph has a width",
    arguments: ScreenID.allCases)
  func glyphsAreThoseOfTheTerminal(_ screen: ScreenID) {
    for glyphs in [Glyphs.ascii, .unicode] {
      var state = AppState(size: Size(columns: 160, rows: 50), glyphs: glyphs, screen: screen)
      var frame = Fixtures.detailed(Fixtures.overload())
      frame.snapshot.target.name = "evil\u{1B}[2J名前"
      frame.detail.goroutines?.all[3].entry = "f\u{9B}31m at ü\u{301}.swift:1"
      frame.detail.sockets?[9]?.other = "\u{7}ü"
      _ = state.update(.frame(frame))
      for keys in ["", "?"] {
        type(keys, &state)
        for cell in Screen.draw(state).cells {
          #expect(cell.width == 0 || TextWidth.columns(of: cell.glyph) > 0)
          #expect(!glyphs.isASCII || cell.glyph.isASCII)
        }
      }
    }
  }

  @Test("x explains what is selected, stops time for the answer, and Esc closes it")
  func whyIsAsked() {
    var state = state(.gs)
    _ = state.update(.input(.key(.down)))
    #expect(state.update(.input(.key(.character("x")))) == .time(.hold))
    #expect(state.interest.why == .g(8) && text(state).contains("why: P0 was busy"))
    _ = state.update(.input(.key(.escape)))
    #expect(state.interest.why == nil && state.screen == .gs && state.isPaused)
    _ = state.update(.input(.key(.down)))
    _ = state.update(.input(.key(.character("x"))))
    #expect(state.interest.why == .g(15) && text(state).contains("looking through the history"))
    // The gauges' answer stands there at once; below it, how far the search has come.
    #expect(text(state).contains("G15 is runnable, since 14.8 ms. It was spawned by serve("))
    var looking = Fixtures.detailed()
    looking.looking = 1_234_567
    _ = state.update(.frame(looking))
    #expect(text(state).contains("looking through the history: 1.23M events so far; Esc calls it off"))
    var frame = Fixtures.past()
    frame.detail.why = Explanation(.g(15), [.init(.text, "The history has no wait of G15.")])
    _ = state.update(.frame(frame))
    #expect(text(state).contains("no wait of G15"))
  }

  @Test("x has a subject on every screen: what is under its cursor")
  func everyScreenHasASubject() {
    let wanted: [ScreenID: Subject] = [
      .overview: .scheduler, .ps: .p(0), .gs: .g(1), .ms: .m(0), .steals: .thief(0),
      .netpoll: .descriptor(3, g: 1), .timeline: .p(0), .latency: .latency(.runQueue), .tracer: .ring(.p(0)),
      .stage: .scheduler,
    ]
    for screen in ScreenID.allCases {
      var state = state(screen)
      _ = state.update(.input(.key(.character("x"))))
      if screen == .events {
        guard case .event = state.why else {
          Issue.record("no event")
          continue
        }
      } else {
        #expect(state.why == wanted[screen], "\(screen)")
      }
    }
    var timeline = state(.timeline)
    type("hhx", &timeline)
    guard case .slice(.p(0), let from, let to) = timeline.why else {
      Issue.record("no slice")
      return
    }
    // The second column from the right; each of the 72 columns spans a 72nd of 100 ms.
    #expect(to == 754_300_000_000 - 1_388_888 && to - from == 1_388_888)
  }

  @Test("y copies the selected row, its cells apart by tabs")
  func yankCopies() {
    var state = state(.ms)
    guard case .copy(let text) = state.update(.input(.key(.character("y")))) else {
      Issue.record("nothing copied")
      return
    }
    #expect(text.hasPrefix("M0\tz parked\t-\t-\t4242\t"))
    #expect(NCursesTerminal.base64(Array("any carnal pleas".utf8)) == "YW55IGNhcm5hbCBwbGVhcw==")
  }

  @Test("random keys, clicks and sizes never break anything", arguments: 0..<4)
  func randomKeys(seed: Int) {
    var dice = Dice(UInt64(seed * 7919 + 1))
    let keys: [Key] =
      [
        .up, .down, .left, .right, .pageUp, .pageDown, .home, .end, .enter, .escape, .tab, .backTab,
        .backspace,
      ]
      + (32..<127).map { .character(Unicode.Scalar(UInt8($0))) }
    let frames = [
      Fixtures.detailed(), Fixtures.past(), Fixtures.empty(),
      Fixtures.detailed(Fixtures.many(ps: 64), gs: 90),
    ]
    var state = state(.overview)
    for _ in 0..<600 {
      switch dice.below(12) {
      case 0: _ = state.update(.frame(frames[dice.below(frames.count)]))
      case 1:
        _ = state.update(.input(.resize(Size(columns: dice.below(200), rows: dice.below(60)))))
      case 2: _ = state.update(.input(.click(x: dice.below(200), y: dice.below(60))))
      default: _ = state.update(.input(.key(keys[dice.below(keys.count)])))
      }
      #expect(Screen.draw(state).size == state.size)
    }
  }
}

@Suite("Lists")
struct ListingTests {
  @Test("rows that are asked for are the rows that are found, in every order")
  func listingIsRight() {
    let rows = GRow.rows(Fixtures.detailed())
    let columns = GsScreen(frame: Fixtures.detailed(), state: AppState(size: Size(columns: 80, rows: 24)))
      .columns
    let filter = Filter("reason:netpoll age>1s")
    for column in columns where column.sort != nil {
      for isInverted in [false, true] {
        let listing = Listing(rows, filter: filter, column: column, isInverted: isInverted)
        let found = (0..<listing.count).map { listing[$0].g.id }
        let wanted = rows.filter { $0.g.reason.group == .netpoll && $0.age ?? 0 > 1_000_000_000 }.map(\.g.id)
        #expect(found.sorted() == wanted)
      }
    }
  }

  @Test("sorted by age the oldest comes first, and last when inverted; rows without one always last")
  func orderIsRight() throws {
    var rows = Array(GRow.rows(Fixtures.detailed()))
    rows[5].age = nil
    let columns = GsScreen(frame: Fixtures.detailed(), state: AppState(size: Size(columns: 80, rows: 24)))
      .columns
    let since = try #require(columns.first { $0.title == "since" })
    let down = Listing(Rows(rows), filter: .everything, column: since, isInverted: false)
    #expect((1..<524).allSatisfy { (down[$0 - 1].age ?? 0) >= (down[$0].age ?? 0) } && down[524].age == nil)
    let up = Listing(Rows(rows), filter: .everything, column: since, isInverted: true)
    #expect((1..<524).allSatisfy { (up[$0 - 1].age ?? 0) <= (up[$0].age ?? 0) } && up[524].age == nil)
  }

  /// All rows of the tree after `change` has changed who spawned whom.
  private func tree(_ change: (inout [Goroutine]) -> Void = { _ in }) -> [GRow] {
    var frame = Fixtures.detailed()
    if var gs = frame.detail.goroutines?.all {
      change(&gs)
      frame.detail.goroutines?.all = gs
    }
    var state = AppState(size: Size(columns: 80, rows: 24), screen: .gs)
    state.gsMode = .tree
    return Array(GsScreen(frame: frame, state: state).rows)
  }

  @Test("in the tree each G stands below the one that spawned it, and every G is there once")
  func treeIsWhole() {
    let rows = tree()
    #expect(Set(rows.map(\.g.id)).count == 525 && rows.count == 525)
    var path: [UInt64] = []
    for row in rows {
      path.removeSubrange(min(row.depth, path.count)...)
      if row.depth > 0 { #expect(row.g.parent == path.last) }
      path.append(row.g.id)
    }
    #expect(rows[0].descendants == 524)
  }

  @Test("a spawner may have a higher number than the G that it spawned: numbers come in batches")
  func spawnersMayBeYounger() {
    var spawner: UInt64 = 0
    let rows = tree { gs in
      spawner = gs[300].id
      for index in gs.indices { gs[index].parent = index == 300 ? nil : spawner }
    }
    #expect(rows[0].g.id == spawner && rows[0].descendants == 524)
    #expect(rows.dropFirst().allSatisfy { $0.depth == 1 })
  }

  @Test("Gs that one G spawned stand in the order of their numbers, each with its own below it")
  func treeIsInOrder() {
    let rows = tree { gs in
      for index in gs.indices { gs[index].parent = index == 0 ? nil : gs[index % 2 == 1 ? 0 : index - 1].id }
    }
    #expect(rows.map(\.g.id) == rows.map(\.g.id).sorted())
    #expect(rows.map(\.depth) == rows.indices.map { $0 == 0 ? 0 : 2 - $0 % 2 })
    #expect(rows.dropFirst().map(\.descendants) == (1..<525).map { $0 % 2 })
  }

  @Test("a region that says that Gs spawned each other in a ring costs nothing, and each is there once")
  func ringsOfSpawners() {
    let rows = tree { gs in
      for index in gs.indices { gs[index].parent = gs[(index + 1) % gs.count].id }
    }
    #expect(rows.count == 525 && Set(rows.map(\.g.id)).count == 525)
  }
}
