import Inspector
import Testing

@testable import TUI

@Suite("Keys that load the target")
struct LoadKeysTests {
  private static let keys: [(key: Unicode.Scalar, command: LoadCommand)] = [
    ("L", .toggle(.flood)), ("U", .toggle(.burst)), ("H", .toggle(.hog)), ("K", .toggle(.block)),
    ("C", .toggle(.connections)), ("Q", .calm),
  ]

  private func state(_ loads: Loads?, columns: Int = 80, glyphs: Glyphs = .unicode) -> AppState {
    var frame = Fixtures.calm()
    frame.loads = loads
    var state = AppState(size: Size(columns: columns, rows: 24), glyphs: glyphs)
    _ = state.update(.frame(frame))
    return state
  }

  private func footer(_ state: AppState) -> String { Screen.draw(state).lines.last ?? "" }

  @Test("each key asks for its load, on every screen", arguments: ScreenID.allCases)
  func effects(_ screen: ScreenID) {
    var state = state(Loads())
    state.show(screen)
    for (key, command) in Self.keys {
      #expect(state.update(.input(.key(.character(key)))) == .load(command))
    }
  }

  @Test("the footer has all of them at 80 columns while the target takes loads, and none otherwise")
  func footers() {
    let all = ["Q calm", "L flood", "U burst", "H hog", "K block", "C crowd"]
    let shown = footer(state(Loads()))
    #expect(all.allSatisfy { shown.contains($0) }, "\(shown)")
    let other = footer(state(nil, columns: 200))
    #expect(!all.contains { other.contains($0) }, "\(other)")
  }

  @Test("a load that runs is marked, without Unicode too; the first of the keys ends all")
  func running() {
    for glyphs in [Glyphs.unicode, .ascii] {
      let shown = footer(state(Loads(running: Set(Load.allCases)), glyphs: glyphs))
      let dot = Character(glyphs.dot)
      #expect(shown.contains("Q calm  L \(dot)flood  U \(dot)burst"), "\(shown)")
    }
    #expect(footer(state(Loads(running: [.hog]))).contains("L flood  U burst  H ●hog  K block"))
  }

  @Test("what a load complained about is shown until it is asked for again, over the help too")
  func problems() {
    var state = state(Loads(problem: "flood: mpg-load: connection refused"))
    #expect(footer(state).contains("connection refused"))
    _ = state.update(.input(.key(.character("?"))))
    #expect(Screen.draw(state).lines.contains { $0.contains("connection refused") })
  }

  @Test("the palette finds each by its name, and an outcome without words leaves the keys in sight")
  func palette() {
    for (word, command) in zip(["flood", "burst", "hog", "block", "10,000", "calm"], [0, 1, 2, 3, 4, 5]) {
      let found = Palette.found(word, on: .overview).map(\.action)
      #expect(found.contains(.load(Self.keys[command].command)), "\(word)")
    }
    var state = state(Loads())
    _ = state.update(.said(""))
    #expect(footer(state).contains("L flood"))
  }
}
