import Inspector
import Region
import Testing

@testable import TUI

@Suite("Widgets")
struct WidgetTests {
  private func draw(_ width: Int, _ rows: Int = 1, _ body: (inout Canvas) -> Void) -> [String] {
    var canvas = Canvas(size: Size(columns: width, rows: rows))
    body(&canvas)
    return canvas.lines
  }

  private func bar(_ value: Int, peak: Int = 0, glyphs: Glyphs = .unicode) -> String {
    draw(8) {
      Bar(value: value, peak: peak, scale: 256).draw(x: 0, y: 0, width: 8, glyphs: glyphs, on: &$0)
    }[0]
  }

  @Test("an empty queue is an empty track; a single G already shows")
  func barShowsTheFirstG() {
    #expect(bar(0) == "········")
    #expect(bar(1) == "▏·······")
    #expect(bar(1, glyphs: .ascii) == "-.......")
  }

  @Test("a bar grows by eighths of a cell, and only a full queue fills it")
  func barGrowsByEighths() {
    #expect(bar(16) == "▌·······")
    #expect(bar(128) == "████····")
    #expect(bar(255) == "███████▉")
    #expect(bar(256) == "████████")
    #expect(bar(9_999) == "████████")
  }

  @Test("the peak is marked beyond the bar, and not where the bar covers it")
  func peakIsMarkedBeyondTheBar() {
    #expect(bar(32, peak: 200) == "█····│··")
    #expect(bar(32, peak: 256, glyphs: .ascii) == "=......|")
    #expect(bar(32, peak: 32) == "█·······")
    #expect(bar(200, peak: 201) == "██████▎·")
  }

  @Test("a bar has the colour of what is ready, and turns to alarm near overflow")
  func barColourFollowsTheLoad() {
    let styles = [0, 127, 128, 230, 231, 256].map { Bar(value: $0, peak: 0, scale: 256).style }

    #expect(styles == [.eager, .eager, .eager, .eager, .alarm, .alarm])
  }

  @Test("values that no queue can have draw a bar all the same")
  func absurdBarsAreDrawn() {
    #expect(bar(-3, peak: -9) == "········")
    #expect(
      draw(3) { Bar(value: 1, peak: 2, scale: 0).draw(x: 0, y: 0, width: 3, glyphs: .unicode, on: &$0) } == [
        "···"
      ])
    #expect(
      draw(3) { Bar(value: 1, peak: 2, scale: 9).draw(x: 0, y: 0, width: -3, glyphs: .unicode, on: &$0) } == [
        ""
      ])
  }

  private func sparkline(
    _ values: [Double], count: Int = 8, width: Int = 8, rows: Int = 1, glyphs: Glyphs = .unicode
  ) -> [String] {
    draw(width, rows) {
      Sparkline(values: values, style: .busy)
        .draw(in: Rect(x: 0, y: 0, width: width, height: rows), count: count, glyphs: glyphs, on: &$0)
    }
  }

  @Test("the newest value stands at the right, and times without a value stay blank")
  func newestStandsAtTheRight() {
    #expect(sparkline([1, 2, 3, 4, 5, 6, 7, 8]) == ["▁▂▃▄▅▆▇█"])
    #expect(sparkline([4, 8]) == ["      ▄█"])
    #expect(sparkline([8, 8, 8, 8, 8, 8, 8, 8, 1]) == ["███████▁"])
    #expect(sparkline([]) == [""])
  }

  @Test("a zero is a dot on the ground; anything above it is seen")
  func zeroIsADot() {
    #expect(sparkline([0, 0.001, 8]) == ["     ·▁█"])
    #expect(sparkline([0, 1, 8], glyphs: .ascii) == ["     _.@"])
    #expect(sparkline([0, 0]) == ["      ··"])
  }

  @Test("more rows give a finer graph, more columns a wider one")
  func graphsScale() {
    #expect(sparkline([4, 16], count: 2, width: 2, rows: 2) == [" █", "▄█"])
    #expect(sparkline([1, 8], count: 2, width: 6) == ["▁▁▁███"])
    #expect(sparkline([1, 8, 8, 8], count: 4, width: 2) == ["██"])
  }

  @Test("values that are no numbers are drawn as none")
  func absurdValuesAreDrawn() {
    #expect(sparkline([.nan, -4, .infinity, 8]) == ["    ···█"])
  }

  @Test("every state of an M has a letter of its own, none of which is G, M or P")
  func lettersAreDistinct() {
    let letters = MState.allCases.map(\.letter)

    #expect(Set(letters).count == letters.count)
    #expect(Set(letters).isDisjoint(with: ["G", "M", "P"]))
    #expect(Set(PStatus.allCases.map(\.letter)).count == PStatus.allCases.count)
  }

  @Test("without colours the badges and the faint parts still differ from text")
  func monochromeKeepsTheDifferences() {
    let mono = Theme(colors: 0)

    #expect(Style.allCases.allSatisfy { mono.paint($0).foreground == -1 && mono.paint($0).background == -1 })
    #expect(mono.paint(.badgePaused).isReversed && mono.paint(.badgeEnded).isReversed)
    #expect(mono.paint(.alarm).isBold && mono.paint(.faint).isDim)
  }

  @Test(
    "each palette uses only the colours that its terminal has", arguments: [(256, 255), (16, 15), (8, 7)])
  func palettesKeepToTheirColours(_ colors: Int, _ largest: Int16) {
    let theme = Theme(colors: colors)

    for style in Style.allCases {
      #expect(theme.paint(style).foreground <= largest && theme.paint(style).background <= largest)
    }
  }

  @Test(
    "the locale decides between the two sets of glyphs",
    arguments: [
      (["LANG": "de_DE.UTF-8"], false), (["LANG": "C.utf8"], false), (["LANG": "C"], true), ([:], true),
      (["LC_ALL": "C", "LANG": "en_GB.UTF-8"], true), (["LC_ALL": "", "LC_CTYPE": "C.UTF-8"], false),
    ])
  func glyphsFollowTheLocale(_ environment: [String: String], _ isASCII: Bool) {
    #expect(Glyphs.forEnvironment(environment).isASCII == isASCII)
  }

  @Test("facts that do not fit are left out as a whole; a single one that does not is there to be cut")
  func factsAreWhole() {
    let facts = StyledText.facts([("procs", "2"), ("idle", "1"), ("steals/s", "14")])
    func whole(_ width: Int) -> String { facts.wholeFacts(in: width).spans.map(\.text).joined() }

    #expect(whole(80) == "procs 2   idle 1   steals/s 14   ")
    #expect(whole(30) == "procs 2   idle 1   steals/s 14")
    #expect(whole(29) == "procs 2   idle 1")
    #expect(whole(15) == "procs 2")
    #expect(whole(6) == "procs 2   idle 1   steals/s 14   ")
  }
}
