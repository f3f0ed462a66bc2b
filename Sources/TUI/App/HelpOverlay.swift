// The help: what this screen shows and how to find out something with it, the screen's own keys, the keys of
// all screens, and a glossary.
//
// The help is made from the table of actions. It scrolls where it does not fit.

struct HelpOverlay {
  var state: AppState
  private var glyphs: Glyphs { state.glyphs }
  private var isNarrow: Bool { state.size.columns < 60 }

  init(state: AppState) { self.state = state }

  static let glossary: [(String, String)] = [
    ("G", "goroutine: a function that runs on its own"),
    ("M", "machine: a thread of the operating system"),
    ("P", "processor: the right to run Gs; one M holds it"),
    ("LRQ", "local run queue: ready Gs of one P, in order"),
    ("GRQ", "global run queue: ready Gs that any P may take"),
    ("next", "runnext: the G that this P runs before its queue"),
    ("steal", "an idle P takes half of another P's queue"),
    ("netpoll", "where Gs wait until a socket is ready"),
    ("parked", "not running and not ready: waiting for something"),
  ]

  /// All lines, whether they fit on the screen or not.
  var lines: [StyledText] {
    let column = isNarrow ? 14 : 16
    func keys(_ groups: [ActionGroup]) -> [StyledText] {
      groups.flatMap { line(isNarrow ? $0.mainKeyNames : $0.keyNames, $0.help, style: .key, column: column) }
    }
    func words(_ words: [(String, String)]) -> [StyledText] {
      words.flatMap { line($0.0, $0.1, style: .strong, column: column) }
    }
    let own = ActionTable.own(state.screen)
    let hasStacks = state.shown?.hasStacks == true
    let legend =
      ScreenLegend.words(state.screen) + (hasStacks ? ScreenLegend.wordsOfStacks(state.screen) : [])
    var lines: [StyledText] = []
    if let overlay = state.overlay {
      lines += [StyledText(overlay.summary), StyledText()] + keys(ActionTable.own(overlay)) + [StyledText()]
    }
    lines += [StyledText(state.screen.summary), StyledText()]
    lines += ScreenGuide.lines(state.screen).flatMap { line($0.0, $0.1, style: .eager, column: column) }
    if !own.isEmpty { lines += [StyledText()] + keys(own) }
    if !legend.isEmpty { lines += [StyledText()] + words(legend) }
    lines += [StyledText(), StyledText("Everywhere", .heading)] + keys(ActionTable.common)
    lines += [StyledText(), StyledText("Words", .heading)] + words(Self.glossary)
    return lines
  }

  /// The number of lines that fit on the screen.
  var rows: Int { max(1, state.size.rows - 2) }
  var lastFirst: Int { max(0, lines.count - rows) }

  func draw(on canvas: inout Canvas) {
    let lines = lines
    let widest = (lines.map(\.width).max() ?? 0) + (isNarrow ? 2 : 4)
    let width = min(state.size.columns, max(widest, 24))
    let inset = isNarrow ? 1 : 2
    let height = min(state.size.rows, lines.count + 2)
    let box = Rect(
      x: (state.size.columns - width) / 2, y: (state.size.rows - height) / 2, width: width, height: height)
    Overlay.drawFrame(
      box, title: "Help: \(state.overlay?.title ?? state.screen.title)", glyphs: glyphs, on: &canvas)
    let first = min(max(0, state.firstHelpLine), lastFirst)
    for (index, line) in lines.dropFirst(first).prefix(max(0, height - 2)).enumerated() {
      canvas.write(line, x: box.x + inset, y: box.y + 1 + index, width: width - 2 * inset, glyphs: glyphs)
    }
    let more = lines.count - first - (height - 2)
    if more > 0, height > 2 {
      canvas.write(" \(glyphs.down) \(more) more lines ", x: box.x + 2, y: box.maxY - 1, .eager)
    }
  }

  /// A name and its meaning. On a narrow screen the meaning is wrapped into a column.
  private func line(_ name: String, _ text: String, style: Style, column: Int) -> [StyledText] {
    let gap = String(repeating: " ", count: max(1, column - name.count))
    let pieces = isNarrow ? TextWidth.wrapped(text, to: state.size.columns - 4 - column) : [text]
    return pieces.enumerated().map { index, piece in
      var line = StyledText(index == 0 ? name : "", style)
      line.append((index == 0 ? gap : String(repeating: " ", count: column)) + piece)
      return line
    }
  }
}
