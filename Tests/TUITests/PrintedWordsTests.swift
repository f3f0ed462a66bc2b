// Every word that a list prints can be typed into the list's filter, and the filter then finds the word's
// row.
import Inspector
import Region
import Testing

@testable import TUI

@Suite("Filters take what lists print")
struct PrintedWordsTests {
  private static let size = Size(columns: 400, rows: 60)

  /// Columns that no filter names: their numbers depend on the list rather than on the row, or they print
  /// marks.
  private static let unnamed = ["ago", "after", "next", "its time", "share", "share of all events"]

  /// The words of a text. A number and its unit of time are one word.
  private static func words(_ text: String) -> [String] {
    text.split(separator: " ").reduce(into: []) { words, word in
      if ["ns", "µs", "ms", "s"].contains(word), words.last?.last?.isNumber == true {
        words[words.count - 1] += " \(word)"
      } else {
        words.append(String(word))
      }
    }
  }

  /// Whether a text is a word. Marks such as the branches of a tree are not.
  private static func isWord(_ text: String) -> Bool { text.contains { $0.isLetter || $0.isNumber } }

  private func check<Screen: ListScreen>(_ kind: Screen.Type, _ frame: Frame, mode: GsMode = .list) {
    var state = AppState(size: Self.size)
    state.gsMode = mode
    let screen = Screen(frame: frame, state: state)
    let columns = screen.columns
    let printed = PrintedColumns(columns)
    var words = 0
    // The first rows, and some of the others.
    let rows = screen.rows
    for place in rows.indices where place < 40 || place % 17 == 0 {
      let row = printed.row(rows[place])
      for column in columns where !(Screen.id == .events && Self.unnamed.contains(column.title)) {
        guard case .text = column.cell(rows[place]) else { continue }
        let text = column.cell(rows[place]).plain
        for word in Self.words(text) where Self.isWord(word) {
          words += 1
          let filter = Filter(word)
          #expect(
            filter.problem == nil && filter.matches(row),
            "\(Screen.id): '\(word)' of \(column.title) in \(text)")
        }
        checkNamed(column.title, Self.words(text), row, Screen.id)
      }
    }
    #expect(words > 5, "\(Screen.id)")
  }

  /// Checks the filter `title=word`, with the title written as one word.
  private func checkNamed<Row>(_ title: String, _ words: [String], _ row: PrintedRow<Row>, _ screen: ScreenID)
  {
    guard let field = FilterField(name: title) else {
      #expect(Self.unnamed.contains(title) || title.hasPrefix("from P"), "\(screen): \(title) is no field")
      return
    }
    guard words.count == 1, let word = words.first, field != .text else { return }
    let name = title.filter(\.isLetter)
    for sign in [":", "="] {
      let filter = Filter(name + sign + word)
      #expect(
        filter.problem == nil && filter.matches(row), "\(screen): \(filter.source), \(filter.problem ?? "")")
    }
  }

  @Test("every word of every column of every list")
  func everyWord() {
    for frame in [Fixtures.detailed(), Fixtures.past(), Fixtures.detailed(Fixtures.overload())] {
      check(GsScreen.self, frame)
      check(GsScreen.self, frame, mode: .tree)
      check(GroupsScreen.self, frame, mode: .reasons)
      check(GroupsScreen.self, frame, mode: .sites)
      check(PsScreen.self, frame)
      check(MsScreen.self, frame)
      check(StealsScreen.self, frame)
      check(NetpollScreen.self, frame)
      check(EventsScreen.self, frame)
      check(TracerScreen.self, frame)
    }
  }

  @Test("what is printed of another row does not find this one")
  func otherRows() throws {
    let frame = Fixtures.detailed()
    let screen = PsScreen(frame: frame, state: AppState(size: Self.size))
    let printed = PrintedColumns(screen.columns)
    for (filter, wanted) in [("P0", [0]), ("p=P1", [1]), ("P=1", [1]), ("p!=P1", [0])] {
      let found = screen.rows.filter { Filter(filter).matches(printed.row($0)) }.map(\.p.id)
      #expect(found == wanted, "\(filter)")
    }
    let steals = screen.rows.compactMap(\.p.stealsIn).max() ?? 0
    #expect(screen.rows.filter { Filter("steals>=\(steals)").matches(printed.row($0)) }.count >= 1)
    #expect(screen.rows.filter { Filter("steals>\(steals * 2 + 1)").matches(printed.row($0)) }.isEmpty)
  }
}
