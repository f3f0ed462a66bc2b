// What holds for the Overview at every size, not only at the sizes with a golden picture.
import Inspector
import Testing

@testable import TUI

@Suite("Overview")
struct OverviewTests {
  static let frames = [
    Fixtures.calm(), Fixtures.overload(), Fixtures.empty(), Fixtures.ended(), Fixtures.many(ps: 1),
    Fixtures.many(ps: 64), Fixtures.many(ps: 1024),
  ]

  private func screen(_ frame: Frame, _ columns: Int, _ rows: Int, glyphs: Glyphs = .unicode) -> Canvas {
    var state = AppState(size: Size(columns: columns, rows: rows), glyphs: glyphs)
    _ = state.update(.frame(frame))
    return Screen.draw(state)
  }

  @Test("any size of screen can be drawn, with and without help", arguments: frames)
  func anySizeDraws(_ frame: Frame) {
    for columns in [0, 1, 39, 40, 59, 60, 66, 119, 120, 142, 300] {
      for rows in [0, 1, 11, 12, 13, 19, 20, 29, 30, 31, 90] {
        var state = AppState(size: Size(columns: columns, rows: rows))
        _ = state.update(.frame(frame))
        #expect(Screen.draw(state).cells.count == columns * rows)
        _ = state.update(.input(.key(.character("?"))))
        #expect(Screen.draw(state).cells.count == columns * rows)
      }
    }
  }

  @Test("a screen below 40x12 says so, and how large it is")
  func tooSmallScreenSaysSo() {
    #expect(screen(Fixtures.calm(), 45, 11).lines[0] == "terminal too small: 45x11, needs 40x12")
    #expect(screen(Fixtures.calm(), 40, 12).lines[0].hasPrefix("mpg-demo pid 4242"))
  }

  @Test("the Gs by state add up to the sum on the screen, at every width", arguments: frames)
  func shownStatesAddUp(_ frame: Frame) throws {
    for columns in 40...220 {
      let line = screen(frame, columns, 24).lines[2]
      let sum = line.split(separator: "(")[0]

      let parts = sum.split { !$0.isNumber && $0 != "," }.compactMap { Int($0.filter(\.isNumber)) }

      let isConsistent = frame.snapshot.isConsistent
      #expect(parts.first == frame.snapshot.gs.live)
      // While Gs move, the parts have a sum of their own. The line shows that sum where there is room.
      let shownSum = line.contains("≈") && line.contains("=") ? 2 : 1
      #expect(
        parts.dropFirst(shownSum).reduce(0, +) == frame.snapshot.gs.sumOfStates, "at \(columns): \(line)")
      #expect(line.contains("≈") != isConsistent)
    }
  }

  @Test("Ps that are not shown are counted", arguments: [1, 2, 3, 8, 64, 1024])
  func hiddenPsAreCounted(_ count: Int) {
    let frame = Fixtures.many(ps: count)
    for size in [(40, 12), (80, 24), (120, 40), (200, 60), (60, 20), (500, 200)] {
      var state = AppState(size: Size(columns: size.0, rows: size.1))
      _ = state.update(.frame(frame))
      for key in [Key.pageDown, .down, .end, .up] {
        _ = state.update(.input(.key(key)))
        let window = OverviewLayout(frame: frame, state: state).lanes
        let text = Screen.draw(state).lines.joined(separator: "\n")

        #expect(window.first >= 0 && window.hiddenBelow >= 0 && window.shown > 0)
        #expect(window.hiddenAbove == 0 || text.contains("↑ \(window.hiddenAbove) Ps above"))
        #expect(window.hiddenBelow == 0 || text.contains("↓ \(window.hiddenBelow) Ps below"))
        for id in window.first..<window.first + window.shown { #expect(text.contains("P\(id) ")) }
      }
    }
  }

  @Test("the maximum since the last frame stands on the bar where the queue no longer is")
  func peakStandsOnTheBar() throws {
    let canvas = screen(Fixtures.calm(), 80, 24)
    let row = try #require(canvas.lines.firstIndex { $0.hasPrefix(" P0 ") })

    let marks = canvas.row(row).filter { $0.style == .peak }

    #expect(marks.map(\.glyph) == [Glyphs.unicode.peak])
  }

  @Test("the badge tells live, paused, ended and crashed apart without colour")
  func badgeTellsTheCondition() {
    var crashed = Fixtures.calm()
    crashed.snapshot.target.state = .crashed
    var state = AppState(size: Size(columns: 80, rows: 24))
    func badge(_ frame: Frame) -> Substring? {
      _ = state.update(.frame(frame))
      return Screen.draw(state).lines[0].split(separator: " ").last
    }

    #expect(badge(Fixtures.calm()) == "LIVE")
    #expect(badge(Fixtures.empty()) == "BOOTING")
    #expect(badge(Fixtures.ended()) == "ENDED")
    #expect(badge(crashed) == "CRASHED")
    _ = state.update(.input(.key(.character(" "))))
    #expect(badge(Fixtures.calm()) == "PAUSED")
  }

  @Test("lost events are named, first and in alarm")
  func lossIsNamed() {
    let canvas = screen(Fixtures.overload(), 80, 24)

    #expect(canvas.lines[3].hasPrefix(" 1,234,567 events lost"))
    #expect(canvas[1, 3].style == .alarm)
    #expect(screen(Fixtures.calm(), 80, 24).lines[3].contains("none lost"))
  }

  @Test("a target on another machine is told by that machine's name")
  func hostIsNamed() {
    var frame = Fixtures.calm()
    #expect(!screen(frame, 80, 24).lines[0].contains(" on "))
    frame.host = "web-1.example"
    for size in [(80, 24), (120, 40), (200, 60)] {
      let line = screen(frame, size.0, size.1).lines[0]
      #expect(line.contains(" on web-1.example ") && line.contains("pid") && line.contains("LIVE"))
    }
    frame.host = String(repeating: "h", count: 300)
    #expect(screen(frame, 80, 24).lines[0].contains("LIVE"))
  }

  @Test("text of the target cannot reach the terminal as a command")
  func foreignTextIsSanitised() {
    var frame = Fixtures.calm()
    frame.snapshot.target.name = "evil\u{1B}[2J\u{7}\n名前"
    frame.snapshot.ps[0].entry = "f\u{9B}31m at ü\u{301}.swift:1"
    frame.ended = "by \u{1B}]0;x\u{7}"
    frame.host = "h\u{1B}[2J"

    for glyphs in [Glyphs.unicode, .ascii] {
      for cell in screen(frame, 200, 60, glyphs: glyphs).cells {
        #expect(TextWidth.columns(of: cell.glyph) > 0)
        #expect(!glyphs.isASCII || cell.glyph.isASCII)
      }
    }
  }

  @Test("numbers from a torn or hostile region are drawn, whatever they are")
  func absurdNumbersAreDrawn() {
    var frame = Fixtures.many(ps: 3)
    frame.snapshot.gs.created = .max
    frame.snapshot.gs.running = .max / 4
    frame.snapshot.gs.waiting = [.sleep: -5]
    frame.snapshot.grq = .max
    frame.snapshot.grqMax = -1
    frame.snapshot.ps[0].lrq = .max
    frame.snapshot.ps[1].lrq = -7
    frame.snapshot.ps[2].lrqMax = .min
    frame.snapshot.ms[0].id = .min
    frame.snapshot.time = .max
    frame.switchesPerSecond = .nan
    frame.stealsPerSecond = -.infinity
    frame.spawnsPerSecond = 1e300
    frame.minute = [
      .init(switchesPerSecond: .infinity, grqMax: .max, parkedMax: .min),
      .init(switchesPerSecond: .nan, parkedMax: 0),
    ]

    for size in [(40, 12), (80, 24), (200, 60)] {
      #expect(screen(frame, size.0, size.1).lines[0].contains("LIVE"))
    }
  }

  @Test("batch text shows every P, and neither keys nor a badge")
  func plainTextShowsEverything() {
    for count in [0, 1, 64, 300] {
      let text = Overview.plainText(Fixtures.many(ps: count), width: 80, glyphs: .unicode)

      #expect(text.count { $0.hasPrefix(" P") && $0.dropFirst(2).first?.isNumber == true } == count)
      #expect(!text.joined().contains("LIVE") && !text.joined().contains("? help"))
      #expect(text.allSatisfy { TextWidth.columns(of: $0) <= 80 })
    }
  }
}
