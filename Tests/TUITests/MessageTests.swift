// The outcome of a key is always visible, however long the message is and whatever overlay is shown.
import Inspector
import Testing

@testable import TUI

@Suite("Messages")
struct MessageTests {
  private static let words =
    "not recorded: cannot write mpgtop-4242-20261126-173512.mpgrec: write failed: No space left on device (errno 28); a tries again"

  private func state(_ columns: Int, _ rows: Int, _ screen: ScreenID) -> AppState {
    var state = AppState(size: Size(columns: columns, rows: rows), screen: screen)
    _ = state.update(.frame(Fixtures.calm()))
    return state
  }

  /// All text of the picture without blanks, so that it does not matter where lines end.
  private func said(_ state: AppState) -> String {
    Screen.draw(state).lines.map { $0.filter { $0 != " " } }.joined()
  }

  private var wanted: String { Self.words.filter { $0 != " " } }

  @Test("on every screen, at every size, under everything that lies over it", arguments: ScreenID.allCases)
  func seen(_ screen: ScreenID) {
    for (columns, rows) in [(40, 12), (80, 24), (100, 30), (200, 60), (30, 8)] {
      var state = self.state(columns, rows, screen)
      let keys: [Key?] = [
        nil, .character("?"), .character("x"), .character("B"), .character(":"), .character("/"),
      ]
      for key in keys {
        var state = state
        if let key { _ = state.update(.input(.key(key))) }
        _ = state.update(.said(Self.words))
        #expect(said(state).contains(wanted), "\(columns)x\(rows) after \(key.map(\.name) ?? "nothing")")
      }
      // The same for the problem of a recording.
      var frame = Fixtures.calm()
      frame.recording = Frame.Recording(path: "a.mpgrec")
      frame.recording?.problem = Self.words
      _ = state.update(.frame(frame))
      #expect(said(state).contains(wanted) && !said(state).contains("REC0events"))
      // The problem stays only as long as the frames report it. A message that has gone leaves nothing
      // behind.
      _ = state.update(.frame(Fixtures.calm()))
      #expect(!said(state).contains("errno28"))
    }
  }

  @Test("a filter that is longer than the line is seen by its beginning")
  func longFilter() {
    var state = self.state(80, 24, .gs)
    let filter = "site~" + String(repeating: "about", count: 30)
    for key in [Key.character("/")] + filter.unicodeScalars.map({ .character($0) }) + [.enter] {
      _ = state.update(.input(.key(key)))
    }
    #expect(Screen.draw(state).lines.last?.contains("filter site~aboutabout") == true)
  }
}
