import TestSupport
import Testing

@testable import TUI

@Suite("Canvas")
struct CanvasTests {
  private func canvas(_ columns: Int, _ rows: Int) -> Canvas {
    Canvas(size: Size(columns: columns, rows: rows))
  }

  @Test("nothing is drawn outside of the canvas, and nothing breaks")
  func drawingIsClippedToTheCanvas() {
    var canvas = canvas(4, 2)

    canvas.write("abcdefgh", x: -2, y: 0)
    canvas.write("above", x: 0, y: -1)
    canvas.write("below", x: 0, y: 2)
    canvas.fill(Rect(x: 3, y: 1, width: 100, height: 100), with: Cell("#"))

    #expect(canvas.lines == ["cdef", "   #"])
  }

  @Test("a clip protects what lies around it, and ends with its closure")
  func clipProtectsItsSurroundings() {
    var canvas = canvas(6, 1)

    canvas.clipped(to: Rect(x: 1, y: 0, width: 4, height: 1)) { canvas in
      canvas.clipped(to: Rect(x: 0, y: 0, width: 3, height: 1)) { $0.write("xxxxxx", x: 0, y: 0) }
      canvas.write("y", x: 5, y: 0)
    }
    canvas.write("z", x: 5, y: 0)

    #expect(canvas.lines == [" xx  z"])
  }

  @Test("a wide glyph takes two cells, and is never shown by half")
  func wideGlyphsStayWhole() {
    var canvas = canvas(5, 1)

    #expect(canvas.write("名前", x: 0, y: 0) == 4)
    #expect(canvas[0, 0].width == 2 && canvas[1, 0].width == 0)
    canvas.write("x", x: 1, y: 0)
    #expect(canvas.lines == [" x前"])
    canvas.write("名", x: 4, y: 0)
    #expect(canvas.lines == [" x前"])
    canvas.write("y", x: 2, y: 0)
    #expect(canvas.lines == [" xy"])
  }

  @Test("marks without a width of their own are dropped, so that columns stay columns")
  func combiningMarksAreDropped() {
    var canvas = canvas(3, 1)

    canvas.write("e\u{301}\u{200D}\u{1B}ab", x: 0, y: 0)

    #expect(canvas.lines == ["eab"])
  }

  @Test("a line is cut with an ellipsis where its room ends")
  func linesAreCutWithAnEllipsis() {
    var canvas = canvas(10, 1)
    var line = StyledText("alpha ", .dim)
    line.append("beta", .strong)

    canvas.write(line, x: 1, y: 0, width: 8, glyphs: .unicode)

    #expect(canvas.lines == [" alpha b…"])
    #expect(canvas[7, 0].style == .strong)
  }

  @Test("pieces are left out whole, and flowing ones say that something is missing")
  func piecesAreLeftOutWhole() {
    var canvas = canvas(12, 3)
    let pieces = ["one", "twelve", "three", "iv"].map { StyledText($0) }

    canvas.writeFitting(pieces, x: 0, y: 0, width: 10, gap: 1, glyphs: .unicode)
    canvas.writeFlowing(pieces, in: Rect(x: 0, y: 1, width: 12, height: 1), gap: 1, glyphs: .unicode)

    #expect(canvas.lines == ["one twelve", "one twelve …", ""])
    canvas.fill(canvas.bounds)
    canvas.writeFlowing(pieces, in: canvas.bounds, gap: 1, glyphs: .unicode)
    #expect(canvas.lines == ["one twelve", "three iv", ""])
  }

  @Test("rows and columns are cut off a rectangle, never more than there are")
  func rectanglesAreCut() {
    var rect = Rect(x: 2, y: 3, width: 10, height: 4)

    #expect(rect.takeRows(3) == Rect(x: 2, y: 3, width: 10, height: 3))
    #expect(rect.takeColumns(4) == Rect(x: 2, y: 6, width: 4, height: 1))
    #expect(rect.takeRows(9) == Rect(x: 6, y: 6, width: 6, height: 1))
    #expect(rect.isEmpty && rect.takeRows(-1).isEmpty)
  }
}

@Suite("Canvas diff")
struct CanvasDiffTests {
  private func canvas(_ lines: String...) -> Canvas {
    var canvas = Canvas(size: Size(columns: 20, rows: lines.count))
    for (y, line) in lines.enumerated() { canvas.write(line, x: 0, y: y) }
    return canvas
  }

  /// Applies runs to an old picture as a terminal does.
  private func applying(_ runs: [Canvas.Run], of new: Canvas, to old: Canvas) -> Canvas {
    var result = old
    for run in runs {
      for x in run.columns where new[x, run.y].width > 0 { result.put(new[x, run.y], x: x, y: run.y) }
    }
    return result
  }

  @Test("equal pictures need nothing")
  func equalPicturesNeedNothing() {
    #expect(canvas("same", "here").changes(since: canvas("same", "here")) == [])
  }

  @Test("a change of style alone is a change")
  func styleIsCompared() {
    var new = canvas("same")
    new.write("m", x: 2, y: 0, .alarm)

    #expect(new.changes(since: canvas("same")) == [.init(y: 0, columns: 2..<3)])
  }

  @Test("changes four cells apart are one run, five apart are two")
  func shortGapsAreJoined() {
    let old = canvas("....................")

    #expect(canvas("x....x..............").changes(since: old) == [.init(y: 0, columns: 0..<6)])
    #expect(
      canvas("x.....x.............").changes(since: old)
        == [.init(y: 0, columns: 0..<1), .init(y: 0, columns: 6..<7)])
  }

  @Test("another size means every row, whole")
  func anotherSizeMeansEverything() {
    let new = Canvas(size: Size(columns: 3, rows: 2))

    #expect(
      new.changes(since: canvas("x")) == [.init(y: 0, columns: 0..<3), .init(y: 1, columns: 0..<3)])
    #expect(Canvas(size: Size(columns: 0, rows: 2)).changes(since: new) == [])
  }

  @Test("the runs turn the old picture into the new one, wide glyphs included", arguments: 0..<200)
  func runsReproduceThePicture(_ seed: UInt64) {
    var dice = Dice(seed)
    let old = dice.canvas()
    var new = old
    dice.scribble(on: &new)

    let runs = new.changes(since: old)

    #expect(applying(runs, of: new, to: old) == new)
    for run in runs {
      #expect(new[run.columns.lowerBound, run.y].width != 0)
      #expect(run.columns.upperBound == 20 || new[run.columns.upperBound, run.y].width != 0)
    }
  }
}

/// Pictures at random; a seed that fails fails again.
extension Dice {
  fileprivate mutating func canvas() -> Canvas {
    var canvas = Canvas(size: Size(columns: 20, rows: 3))
    scribble(on: &canvas)
    return canvas
  }
  fileprivate mutating func scribble(on canvas: inout Canvas) {
    for _ in 0..<Int.random(in: 0...8, using: &self) {
      let text = ["ab", "名", "x前y", "  ", "█"].randomElement(using: &self) ?? ""
      let style = Style.allCases.randomElement(using: &self) ?? .text
      canvas.write(
        text, x: Int.random(in: -1...20, using: &self), y: Int.random(in: 0...2, using: &self), style)
    }
  }
}
