import Inspector
import Testing

@testable import TUI

@Suite("The line of news")
struct NewsTests {
  private static let sentence = "P0's LRQ was full: 129 Gs went to the GRQ, where any P may take them"

  private func frame(_ text: String? = sentence) -> Frame {
    var frame = Fixtures.calm()
    var instruments = Instruments()
    instruments.news = text.map { News(kind: .overflow, text: $0, time: 1) }
    frame.instruments = instruments
    return frame
  }

  private func lines(_ frame: Frame, _ columns: Int, _ rows: Int, _ glyphs: Glyphs = .unicode) -> [String] {
    var state = AppState(size: Size(columns: columns, rows: rows), glyphs: glyphs)
    _ = state.update(.frame(frame))
    return Screen.draw(state).lines
  }

  @Test(
    "stands below the rates, whole at 80 columns, and nothing else moves when it comes",
    arguments: [80, 120, 200])
  func place(_ columns: Int) {
    let rows = columns == 80 ? 24 : 40
    let (with, without) = (lines(frame(), columns, rows), lines(frame(nil), columns, rows))
    #expect(with[4] == " ▸ \(Self.sentence)" && without[4].allSatisfy { $0 == " " })
    #expect(with.indices.allSatisfy { $0 == 4 || with[$0] == without[$0] })
    #expect(lines(frame(), columns, rows, .ascii)[4].hasSuffix(Self.sentence))
  }

  @Test("a longer one is cut with a mark, and what a label holds cannot steer the terminal")
  func cut() {
    let long = lines(frame(String(repeating: "GET /a ", count: 20)), 80, 24)[4]
    #expect(long.count <= 80 && long.hasSuffix("…"))
    #expect(!lines(frame("GET /\u{1b}[2J took 1 s"), 80, 24)[4].contains("\u{1b}"))
  }

  @Test("a compact screen has no room for it; batch text has a row for it only when there is one")
  func elsewhere() {
    #expect(!lines(frame(), 40, 12).joined().contains("LRQ was full"))
    let batch = Overview.plainText(frame(), width: 80, glyphs: .unicode)
    #expect(batch.count { $0.contains(Self.sentence) } == 1)
    #expect(Overview.plainText(frame(nil), width: 80, glyphs: .unicode).count == batch.count - 1)
  }

  @Test("words for screen readers tell it once")
  func linear() {
    var text = LinearText()
    #expect(text.lines(frame()).contains("lately: \(Self.sentence)"))
    #expect(!text.lines(frame()).contains { $0.hasPrefix("lately") })
  }
}
