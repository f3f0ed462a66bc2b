// The words in the panel of a lesson, wrapped into lines.
internal import Inspector
internal import Lessons

struct LessonWords {
  let board: Board
  /// The digits that were typed so far.
  let typed: String
  let glyphs: Glyphs
  let width: Int

  var lines: [StyledText] {
    switch board.part {
    case .situation: situation
    case .question(let question): words(of: question)
    case .notes: pause
    case .happening: happening
    case .proof(let outcome): proof(outcome)
    case .why: wrapped(board.lesson.claim, .strong) + gap + wrapped(board.lesson.why)
    case .go: wrapped(board.lesson.go) + (board.areNotesShown ? gap + notes : [])
    case .end: end
    case .failed(let reason): wrapped(reason, .alarm)
    }
  }

  private var gap: [StyledText] { [StyledText()] }

  private func wrapped(_ text: String, _ style: Style = .text, hanging: Int = 0) -> [StyledText] {
    let clean = TextWidth.sanitised(text, isASCII: glyphs.isASCII)
    return TextWidth.wrapped(clean, to: max(20, width), hanging: hanging).map { StyledText($0, style) }
  }

  // MARK: the parts

  private var situation: [StyledText] {
    let wait = board.isSettingUp ? "The situation is being set up." : "It is set up."
    return wrapped(board.lesson.situation) + gap + wrapped(wait, board.isSettingUp ? .eager : .dim)
  }

  private func words(of question: Question) -> [StyledText] {
    var lines = wrapped(question.text, .strong) + gap
    if board.lesson.moment == .after { lines = wrapped(question.text, .strong) }
    switch question.form {
    case .choice(let choices):
      for (index, choice) in choices.enumerated() {
        for (row, text) in wrapped("\(index + 1)  \(choice)", hanging: 3).enumerated() {
          guard row == 0, let span = text.spans.first else {
            lines.append(text)
            continue
          }
          var line = StyledText("\(index + 1)", .key)
          line.append(String(span.text.dropFirst()))
          lines.append(line)
        }
      }
    case .number(let unit):
      var line = StyledText("your answer: ", .dim)
      line.append(typed + "_", .key)
      line.append(" \(unit)s", .dim)
      if typed.isEmpty { line.append("   (digits, then Enter)", .dim) }
      lines.append(line)
    }
    return lines + (board.seen.isEmpty ? [] : gap + seen)
  }

  private var seen: [StyledText] {
    wrapped("What its G did, and what started meanwhile:", .dim)
      + Board.lines(of: board.seen).flatMap { wrapped($0, hanging: 15) }
  }

  private var notes: [StyledText] {
    board.lesson.notes.flatMap { wrapped("\(glyphs.pointer) \($0)", hanging: 2) }
  }

  /// The pause before the answer. The notes may give the answer away, so they are shown only when they are asked for.
  private var pause: [StyledText] {
    var lines: [StyledText] = []
    if let question = board.question, let given = board.given {
      lines =
        wrapped(question.text, .dim) + wrapped("The class says: \(question.words(given)).", .strong) + gap
    }
    return lines
      + (board.areNotesShown
        ? notes : wrapped("n shows the notes for the teacher, who may give it away.", .dim))
  }

  private var happening: [StyledText] {
    var lines: [StyledText] = []
    if let question = board.question, let given = board.given {
      lines = wrapped(question.text, .dim) + wrapped("You said: \(question.words(given)).", .strong) + gap
    }
    let pace =
      board.rate.map { "\(counted($0, "decision")) of the scheduler a second" } ?? "as fast as it goes"
    let words =
      board.isStepping
      ? "Watch the stage: \(pace), \(counted(board.steps, "decision")) so far."
      : "The scheduler runs at its own pace."
    return lines + wrapped(words, .eager)
  }

  private func proof(_ outcome: Outcome) -> [StyledText] {
    var lines: [StyledText] = []
    if let question = board.question, let given = board.given {
      let right = question.words(outcome.answer)
      if board.isRight == true {
        lines = wrapped("Right: \(right).", .busy)
      } else {
        lines = wrapped("Not so. You said: \(question.words(given)). It is: \(right).", .eager)
      }
    }
    lines += wrapped("Measured just now: \(outcome.shows).", .strong) + gap
    if board.steps > 0 {
      lines += wrapped(
        "The times go on while the scheduler is held, so they have your thinking in them.", .dim)
    }
    return lines + Board.lines(of: outcome).flatMap { wrapped($0, hanging: 15) }
  }

  private var end: [StyledText] {
    var lines = wrapped("That was the last lesson: \(board.score.words).", .strong) + gap
    for lesson in Lesson.all {
      guard let isRight = board.score.answers[lesson.number] else { continue }
      let number = lesson.number < 10 ? " \(lesson.number)" : "\(lesson.number)"
      lines += wrapped(
        "\(number)  \(isRight ? "right    " : "not right")  \(lesson.title)", isRight ? .busy : .eager)
    }
    return lines
  }
}
