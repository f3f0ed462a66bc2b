// The help: every key from the table of actions, and the words of the trade where there is room for them.

struct HelpOverlay {
  var state: AppState
  private var glyphs: Glyphs { state.glyphs }

  init(state: AppState) { self.state = state }

  private static let glossary: [(String, String)] = [
    ("G", "goroutine: a function that runs on its own"),
    ("M", "machine: a thread of the operating system"),
    ("P", "processor: the right to run Gs; one M holds it"),
    ("LRQ", "local run queue: ready Gs of one P, 256 at most"),
    ("GRQ", "global run queue: ready Gs that any P may take"),
    ("next", "runnext: the G that this P runs before its queue"),
    ("steal", "an idle P takes half of another P's queue"),
    ("netpoll", "where Gs wait until a socket is ready"),
    ("parked", "not running and not ready: waiting for something"),
  ]

  func draw(on canvas: inout Canvas) {
    let isNarrow = state.size.columns < 60
    let keys = Action.table.map { (isNarrow ? $0.mainKeyNames : $0.keyNames, $0.help) }
    let column = isNarrow ? 14 : 16
    let fitsGlossary = state.size.rows >= keys.count + Self.glossary.count + 6
    var lines = keys.map { line($0.0, $0.1, style: .key, column: column) }
    if fitsGlossary {
      lines.append(StyledText())
      lines += Self.glossary.map { line($0.0, $0.1, style: .strong, column: column) }
    }
    let width = min(state.size.columns, (lines.map(\.width).max() ?? 0) + (isNarrow ? 2 : 4))
    let inset = isNarrow ? 1 : 2
    let height = min(state.size.rows, lines.count + 2)
    let box = Rect(
      x: (state.size.columns - width) / 2, y: (state.size.rows - height) / 2, width: width, height: height)
    drawFrame(box, on: &canvas)
    for (index, line) in lines.prefix(max(0, height - 2)).enumerated() {
      canvas.write(line, x: box.x + inset, y: box.y + 1 + index, width: width - 2 * inset, glyphs: glyphs)
    }
  }

  private func line(_ name: String, _ text: String, style: Style, column: Int) -> StyledText {
    var line = StyledText(name, style)
    line.append(String(repeating: " ", count: max(1, column - name.count)) + text)
    return line
  }

  private func drawFrame(_ box: Rect, on canvas: inout Canvas) {
    canvas.fill(box)
    guard box.width >= 2, box.height >= 2 else { return }
    for x in box.x..<box.maxX {
      canvas.put(Cell(glyphs.rule, .dim), x: x, y: box.y)
      canvas.put(Cell(glyphs.rule, .dim), x: x, y: box.maxY - 1)
    }
    for y in box.y..<box.maxY {
      canvas.put(Cell(glyphs.side, .dim), x: box.x, y: y)
      canvas.put(Cell(glyphs.side, .dim), x: box.maxX - 1, y: y)
    }
    let places = [(box.x, box.y), (box.maxX - 1, box.y), (box.maxX - 1, box.maxY - 1), (box.x, box.maxY - 1)]
    for (corner, place) in zip(glyphs.corners, places) {
      canvas.put(Cell(corner, .dim), x: place.0, y: place.1)
    }
    canvas.write(" Help ", x: box.x + 2, y: box.y, .heading)
  }
}
