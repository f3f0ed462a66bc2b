// The screen of the lessons: the stage above, and below it a panel with the lesson's words.
internal import Inspector
internal import Lessons

struct LessonScreen {
  let state: LessonState
  private var board: Board { state.board }
  private var glyphs: Glyphs { state.glyphs }
  private var size: Size { state.size }

  init(_ state: LessonState) { self.state = state }

  /// The smallest screen on which a lesson can be read.
  private static let smallest = Size(columns: 60, rows: 20)
  /// The fewest rows of the panel, its frame included. The panel takes half of the screen, but from 12 to 18 rows.
  private static let fewest = 12

  /// Draws the whole picture.
  func draw() -> Canvas {
    var canvas = Canvas(size: size)
    guard size.holds(Self.smallest) else {
      let words =
        "too small: \(size.columns)x\(size.rows); lessons need \(Self.smallest.columns)x\(Self.smallest.rows)"
      let pieces = words.split(separator: " ").map { StyledText(String($0), .strong) }
      canvas.writeFlowing(pieces, in: canvas.bounds, gap: 1, glyphs: .ascii)
      return canvas
    }
    drawTitle(on: &canvas)
    drawStage(on: &canvas)
    drawPanel(on: &canvas)
    if glyphs.isASCII { canvas.makeASCII() }
    return canvas
  }

  // MARK: the parts

  private func drawTitle(on canvas: inout Canvas) {
    var title = StyledText("mpgtop learn", .heading)
    title.append("   lesson \(board.lesson.number) of \(Lesson.all.count): ", .dim)
    title.append(board.lesson.title, .strong)
    let score = board.score.answers.isEmpty ? "" : board.score.words
    canvas.write(title, x: 1, y: 0, width: size.columns - 4 - score.count, glyphs: glyphs)
    canvas.write(score, x: size.columns - 1 - score.count, y: 0, .key)
  }

  private func drawStage(on canvas: inout Canvas) {
    let rect = Rect(x: 1, y: 1, width: size.columns - 2, height: box.y - 1)
    guard let frame = state.frame, frame.detail.stage != nil else {
      canvas.write("the program of the lesson starts", x: rect.x, y: rect.y, .dim)
      return
    }
    let stage = StageScreen(
      frame: frame, state: AppState(size: size, glyphs: glyphs, screen: .stage), hasKeys: false)
    canvas.clipped(to: rect) { stage.draw(in: rect, on: &$0) }
  }

  private func drawPanel(on canvas: inout Canvas) {
    let (box, lines) = (box, lines)
    Overlay.drawFrame(box, title: heading, glyphs: glyphs, on: &canvas)
    let first = min(max(0, state.first), max(0, lines.count - rows))
    for (index, line) in lines.dropFirst(first).prefix(rows).enumerated() {
      canvas.write(line, x: box.x + 2, y: box.y + 1 + index, width: box.width - 4, glyphs: glyphs)
    }
    var keys = self.keys
    if lines.count > rows { keys.insert(("Up Down", "scroll"), at: 1) }
    var text = StyledText()
    for (name, help) in keys {
      text.append(" " + name, .key)
      text.append(" \(help) ", .dim)
    }
    canvas.write(text, x: box.x + 2, y: box.maxY - 1, width: box.width - 4, glyphs: glyphs)
    let more = lines.count - first - rows
    guard more > 0 else { return }
    let mark = " \(glyphs.down) \(more) more "
    canvas.write(mark, x: box.maxX - 2 - mark.count, y: box.y, .eager)
  }

  // MARK: places

  private var box: Rect {
    // The panel has the same height in all parts of a lesson, so that the stage above does not move.
    let height = max(Self.fewest, min(size.rows / 2, 18))
    return Rect(x: 0, y: size.rows - height, width: size.columns, height: height)
  }

  /// How many lines of words the panel shows.
  var rows: Int { box.height - 2 }
  var lastFirst: Int { max(0, lines.count - rows) }

  // MARK: words

  private var heading: String {
    if state.areWordsShown { return "Words" }
    return switch board.part {
    case .situation: "The situation"
    case .question: "Question"
    case .notes: board.areNotesShown ? "Notes for the teacher" : "Before it happens"
    case .happening: "It happens"
    case .proof: "The events"
    case .why: "Why"
    case .go: "And in Go (what you watched is MPG)"
    case .end: "The end"
    case .failed: "This lesson could not be played"
    }
  }

  private var keys: [(String, String)] {
    if state.areWordsShown { return [("?", "back to the lesson"), ("q", "quit")] }
    return switch board.part {
    case .situation where board.isSettingUp: [("?", "words"), ("q", "quit")]
    case .situation: [("Enter", "the question"), ("b", "back"), ("?", "words"), ("q", "quit")]
    case .question(let question):
      switch question.form {
      case .choice(let choices):
        [("1-\(choices.count)", "answer"), ("b", "back"), ("?", "words"), ("q", "quit")]
      case .number: [("0-9 Enter", "answer"), ("b", "back"), ("?", "words"), ("q", "quit")]
      }
    case .notes: [("Enter", "it happens"), ("n", "notes"), ("b", "back"), ("q", "quit")]
    case .happening: [("+ -", "speed"), ("Enter", "at once"), ("r", "again"), ("q", "quit")]
    case .proof: [("Enter", "why"), ("r", "again"), ("b", "back"), ("q", "quit")]
    case .why: [("Enter", "and Go"), ("r", "again"), ("b", "back"), ("q", "quit")]
    case .go: [("Enter", isLast ? "the score" : "next lesson"), ("r", "again"), ("b", "back"), ("q", "quit")]
    case .end: [("b", "back"), ("q", "quit")]
    case .failed: [("r", "again"), ("b", "back"), ("q", "quit")]
    }
  }

  private var isLast: Bool { board.lesson.number == Lesson.all.count }

  /// The lines of the panel.
  private var lines: [StyledText] {
    if state.areWordsShown { return LessonGlossary.lines(glyphs, width: box.width - 4) }
    return LessonWords(board: board, typed: state.typed, glyphs: glyphs, width: box.width - 4).lines
  }
}
