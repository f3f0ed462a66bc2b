import Inspector
import Testing

@testable import TUI

@Suite("App state")
struct AppStateTests {
  private func state(_ frame: Frame? = Fixtures.calm(), columns: Int = 80, rows: Int = 24) -> AppState {
    var state = AppState(size: Size(columns: columns, rows: rows))
    if let frame { _ = state.update(.frame(frame)) }
    return state
  }

  private func frame(pid: Int32) -> Frame {
    var frame = Fixtures.calm()
    frame.snapshot.target.pid = pid
    return frame
  }

  @Test(
    "q, Ctrl-C and F10 quit, also from the help",
    arguments: [
      Key.character("q"), .control("c"), .function(10),
    ])
  func quitKeysQuit(_ key: Key) {
    var state = state()

    #expect(state.update(.input(.key(key))) == .end(.quit))
    _ = state.update(.input(.key(.character("?"))))
    #expect(state.update(.input(.key(key))) == .end(.quit))
  }

  @Test("Esc closes the help, and where there is nothing to go back from it says how to quit")
  func escapeGoesBack() {
    var state = state()
    _ = state.update(.input(.key(.function(1))))
    #expect(state.isHelpShown)

    #expect(state.update(.input(.key(.escape))) == .nothing)
    #expect(!state.isHelpShown)
    #expect(state.update(.input(.key(.escape))) == .nothing)
    #expect(Screen.draw(state).lines.last?.contains("q quits") == true)
    _ = state.update(.input(.key(.character(" "))))
    _ = state.update(.input(.key(.escape)))
    #expect(Screen.draw(state).lines.last?.contains("n goes back to now") == true)
  }

  @Test("a paused view keeps its frame while new ones come, and goes on with the newest")
  func pauseKeepsTheFrame() {
    var state = state(frame(pid: 1))
    _ = state.update(.input(.key(.character(" "))))

    _ = state.update(.frame(frame(pid: 2)))
    _ = state.update(.frame(frame(pid: 3)))
    #expect(state.isPaused && state.shown?.snapshot.target.pid == 1)

    _ = state.update(.input(.key(.character(" "))))
    #expect(!state.isPaused && state.shown?.snapshot.target.pid == 3)
  }

  @Test("there is nothing to pause before the first frame")
  func pauseNeedsAFrame() {
    var state = state(nil)

    _ = state.update(.input(.key(.character(" "))))

    #expect(!state.isPaused)
  }

  @Test("plus and minus walk through the intervals and stop at both ends")
  func intervalsHaveEnds() {
    var state = state()
    #expect(state.interval == 100)

    for _ in 0..<20 { _ = state.update(.input(.key(.character("+")))) }
    #expect(state.interval == 5_000)
    for _ in 0..<20 { _ = state.update(.input(.key(.character("-")))) }
    #expect(state.interval == 50)
  }

  @Test("an interval between two steps goes on to the next one")
  func oddIntervalsFindTheSteps() {
    var state = AppState(size: Size(columns: 80, rows: 24), interval: 300)

    _ = state.update(.input(.key(.character("+"))))
    #expect(state.interval == 500)
    state.interval = 300
    _ = state.update(.input(.key(.character("-"))))
    #expect(state.interval == 200)
  }

  @Test("scrolling stops at the first and at the last P")
  func scrollingHasEnds() {
    var state = state(Fixtures.many(ps: 64))
    func first() -> Int { OverviewLayout(frame: Fixtures.many(ps: 64), state: state).lanes.first }

    _ = state.update(.input(.key(.up)))
    #expect(first() == 0)
    _ = state.update(.input(.key(.down)))
    _ = state.update(.input(.key(.character("j"))))
    #expect(first() == 2)
    _ = state.update(.input(.key(.wheelUp)))
    #expect(first() == 1)
    _ = state.update(.input(.key(.end)))
    let window = OverviewLayout(frame: Fixtures.many(ps: 64), state: state).lanes
    #expect(window.first + window.shown == 64 && window.hiddenBelow == 0)
    _ = state.update(.input(.key(.down)))
    #expect(first() == window.first)
    _ = state.update(.input(.key(.pageUp)))
    #expect(first() == window.first - window.shown)
    _ = state.update(.input(.key(.home)))
    #expect(first() == 0)
  }

  @Test("after the Ps became fewer, those that are left are shown")
  func scrollSurvivesFewerPs() {
    var state = state(Fixtures.many(ps: 64))
    _ = state.update(.input(.key(.end)))

    _ = state.update(.frame(Fixtures.many(ps: 2)))

    let window = OverviewLayout(frame: Fixtures.many(ps: 2), state: state).lanes
    #expect(window.first == 0 && window.shown == 2)
  }

  @Test("signals, a lost terminal and a stop become effects")
  func otherInputsBecomeEffects() {
    var state = state()

    #expect(state.update(.input(.terminate(15))) == .end(.signal(15)))
    #expect(state.update(.input(.hangUp)) == .end(.hangUp))
    #expect(state.update(.input(.stop)) == .stop)
    #expect(state.update(.input(.key(.control("z")))) == .stop)
    #expect(state.update(.input(.key(.control("l")))) == .redrawAll)
    #expect(state.update(.input(.disturbed)) == .redrawAll)
    #expect(state.update(.input(.resize(Size(columns: 5, rows: 6)))) == .nothing)
    #expect(state.size == Size(columns: 5, rows: 6))
  }

  @Test("a key without an action changes nothing")
  func unknownKeysChangeNothing() {
    var state = state()
    let before = state

    #expect(state.update(.input(.key(.character("ü")))) == .nothing)
    #expect(state == before)
  }

  @Test("on no screen has a key two actions, and no two actions have one name", arguments: ScreenID.allCases)
  func tableOfActionsIsSound(_ screen: ScreenID) {
    for groups in [ActionTable.own(screen), ActionTable.common] {
      let keys = groups.flatMap(\.rows).flatMap(\.keys)
      #expect(Set(keys).count == keys.count)
    }
    let names = ActionTable.all.flatMap(\.rows).map(\.id)
    #expect(Set(names).count == names.count)
  }

  @Test(
    "a footer drops what is least important first, and has room for what leads on",
    arguments: ScreenID.allCases)
  func footersAreInOrder(_ screen: ScreenID) {
    let ranks = ActionTable.common.filter { !$0.footer.isEmpty }.map(\.rank)
    #expect(Set(ranks).count == ranks.count && !ranks.contains(ActionGroup.ownRank))
    func footer(_ columns: Int, _ keys: [Key] = []) -> String {
      let digit = Key.character(screen.key)
      var state = AppState(size: Size(columns: columns, rows: 40))
      _ = state.update(.frame(Fixtures.calm()))
      for key in [digit] + keys { _ = state.update(.input(.key(key))) }
      return Screen.draw(state).lines.last ?? ""
    }
    // The footer shows the key that attaches again only after the process has ended, and the keys of loads and of the pace
    // only where there can be such.
    let some = [ActionGroup.againRank, ActionGroup.loadRank, ActionGroup.paceRank]
    let words = ActionTable.footer(on: screen, over: nil).filter { !some.contains($0.rank) }
      .map { $0.footerKeys + " " + $0.footer }

    let whole = footer(160)
    let places = words.dropLast().compactMap { whole.range(of: $0)?.lowerBound }

    #expect(places.count == words.count - 1 && places == places.sorted())
    #expect(whole.contains("R request") && whole.contains("B boot") && footer(120).contains("R request"))
    #expect(footer(40).contains("? help") && footer(40).contains("q quit") && !whole.contains("again"))
    // While a request is followed, the same key leads to the next request.
    #expect(!footer(160, [.character("R")]).contains("R request"))
  }

  @Test(
    "the help of a screen names every key that works on it, and scrolls to its end",
    arguments: ScreenID.allCases)
  func helpIsComplete(_ screen: ScreenID) {
    var state = state()
    _ = state.update(.input(.key(.character(screen.key))))
    _ = state.update(.input(.key(.character("?"))))
    #expect(state.screen == screen)
    var seen = Set(Screen.draw(state).lines)
    for _ in 0..<10 {
      _ = state.update(.input(.key(.pageDown)))
      seen.formUnion(Screen.draw(state).lines)
    }
    let help = seen.joined(separator: "\n")
    for group in ActionTable.groups(on: screen) {
      #expect(help.contains(group.keyNames + " ") && help.contains(group.help))
    }
    #expect(help.contains(screen.summary))
  }

  @Test("/ where there is nothing to filter takes what is typed and pasted, and leads to nothing")
  func nothingToFilter() {
    for screen in ScreenID.allCases where !screen.isList {
      for key in [Key.character("/"), .character("\\"), .function(4), .function(3), .control("s")] {
        var state = AppState(size: Size(columns: 80, rows: 24), screen: screen)
        _ = state.update(.frame(Fixtures.calm()))
        let before = state
        for key in [key] + "await q".unicodeScalars.map({ .character($0) }) {
          #expect(state.update(.input(.key(key))) == .nothing)
        }
        #expect(state.update(.input(.paste("aw\nq"))) == .nothing)
        #expect(Screen.draw(state).lines.last?.contains("filter: await qaw q") == true)
        #expect(Screen.draw(state).lines.last?.contains("nothing to filter here; Esc") == true)
        _ = state.update(.input(.key(.escape)))
        #expect(state == before)
      }
    }
  }

  @Test("a paste goes into the line that is typed, as one line and no longer than that, or nowhere")
  func pastes() {
    for screen in ScreenID.allCases {
      var state = AppState(size: Size(columns: 80, rows: 24), screen: screen)
      _ = state.update(.frame(Fixtures.calm()))
      let before = state
      #expect(state.update(.input(.paste("aw\nq"))) == .nothing && state.note != nil)
      state.note = nil
      #expect(state == before)
    }
    var state = AppState(size: Size(columns: 80, rows: 24), screen: .gs)
    _ = state.update(.frame(Fixtures.calm()))
    _ = state.update(.input(.key(.character("/"))))
    _ = state.update(.input(.paste("reason=\u{1B}\u{7}sleep\r\n" + String(repeating: "x", count: 10_000))))
    #expect(
      state.prompt?.text.hasPrefix("reason=sleep  xx") == true && state.prompt?.text.count == Prompt.longest)
    #expect(state.list.filter.source == state.prompt?.text)
  }
}
