// The threads: each M as a letter, and a legend of the letters.
import Inspector
import Region

struct ThreadsSection {
  var ms: [Snapshot.M]
  var glyphs: Glyphs

  /// The height of the detailed panel below its heading: the strip, two lines of legend, and the list of Ms.
  static func rowsWanted(_ count: Int, width: Int) -> Int {
    let columns = max(1, width / lineWidth)
    return 3 + (count + columns - 1) / columns
  }

  func draw(in rect: Rect, layout: OverviewLayout, on canvas: inout Canvas) {
    var rows = rect
    if layout.isRoomy {
      SectionHeading(
        title: "Threads (M) \(Quantity.grouped(ms.count))", legend: "a letter for each thread of the system"
      )
      .draw(in: rows.takeRows(1), glyphs: glyphs, on: &canvas)
      drawStrip(in: rows.takeRows(1), on: &canvas)
      drawLegend(in: rows.takeRows(layout.isWide ? 2 : 1), on: &canvas)
      if layout.isWide { drawList(in: rows, on: &canvas) }
    } else {
      var line = rows.takeRows(1)
      let label = line.takeColumns(canvas.write("Ms \(ms.count) ", x: line.x, y: line.y, .dim))
      drawStrip(in: Rect(x: label.maxX, y: line.y, width: line.width, height: 1), on: &canvas)
      drawLegend(in: rows.takeRows(1), on: &canvas)
    }
  }

  /// Draws the letters in the order of the Ms' ids: spaced if there is room, else without spaces. If not all
  /// letters fit, the number of those left out stands at the end.
  private func drawStrip(in rect: Rect, on canvas: inout Canvas) {
    let step = ms.count * 2 - 1 <= rect.width ? 2 : 1
    let note = " +\(ms.count) more"
    let room = ms.count * step - (step - 1) <= rect.width ? ms.count : max(0, rect.width - note.count)
    for (index, m) in ms.prefix(room).enumerated() {
      canvas.write(m.state.letter, x: rect.x + index * step, y: rect.y, m.state.style)
    }
    if room < ms.count { canvas.write(" +\(ms.count - room) more", x: rect.x + room, y: rect.y, .eager) }
  }

  /// Draws `R 2 running S 1 spinning`: the states that occur, the busiest states first.
  private func drawLegend(in rect: Rect, on canvas: inout Canvas) {
    let pieces = MState.allCases.compactMap { state -> StyledText? in
      let count = ms.count { $0.state == state }
      guard count > 0 else { return nil }
      var piece = StyledText(state.letter + " ", state.style)
      piece.append("\(count)", .strong)
      piece.append(" " + state.word, .dim)
      return piece
    }
    let total = pieces.reduce(0) { $0 + $1.width + 3 }
    canvas.writeFlowing(
      pieces, in: rect, gap: total - 3 <= rect.width ? 3 : rect.width < 60 ? 1 : 2, glyphs: glyphs)
  }

  // MARK: The wide form

  private static let lineWidth = 46

  private func drawList(in rect: Rect, on canvas: inout Canvas) {
    guard rect.height > 0 else { return }
    let columns = max(1, rect.width / Self.lineWidth)
    let capacity = columns * rect.height
    let shown = ms.count <= capacity ? ms.count : max(0, columns * (rect.height - 1))
    let rows = (shown + columns - 1) / columns
    for (index, m) in ms.prefix(shown).enumerated() {
      let x = rect.x + index / max(1, rows) * Self.lineWidth
      canvas.write(line(m), x: x, y: rect.y + index % max(1, rows), width: Self.lineWidth - 2, glyphs: glyphs)
    }
    if shown < ms.count {
      canvas.write("\(ms.count - shown) more Ms not listed", x: rect.x, y: rect.maxY - 1, .eager)
    }
  }

  private func line(_ m: Snapshot.M) -> StyledText {
    var line = StyledText(padded("M\(m.id)", 5), .strong)
    line.append(padded(m.state.letter + " " + m.state.word, 12), m.state.style)
    line.append(padded(m.p.map { "P\($0)" } ?? "-", 5), m.p == nil ? .faint : .text)
    line.append(padded(m.g.map { "G\($0)" } ?? "-", 10), m.g == nil ? .faint : .text)
    line.append("tid \(m.tid.orDash)", .dim)
    return line
  }

  private func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(1, width - text.count))
  }
}
