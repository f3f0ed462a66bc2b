// `mpgtop learn --a11y`: lessons as a talk in lines, for screen readers, braille displays, and terminals of any kind.
internal import Glibc
import Inspector
import Lessons

/// Plays lessons in lines on standard output, with answers from standard input.
struct SpokenLesson {
  let course: Course
  let output: StandardOutput

  /// The most moves of Gs that are told one by one; further ones are only counted.
  private static let mostMoves = 40

  /// Plays until the input ends, or until somebody quits.
  func run() throws(Failure) {
    while true {
      try play()
      let board = course.board
      try tell(board)
      if board.part == .end { return }
      guard let line = readLine(), line != "q" else { return }
      obey(line, board)
    }
  }

  /// Lets the course go on until it waits for the person.
  private func play() throws(Failure) {
    let isHappening = course.board.part == .happening
    if isHappening { course.goOn() }  // at once: lines need no time to be seen
    while true {
      let pause = course.advance()
      if pause == .max { break }
      usleep(UInt32(clamping: pause / 1000))
    }
    guard isHappening, let tape = course.play?.tape else { return }
    let start = tape.mark(.ready)?.record.time ?? 0
    let moves = tape.records.filter { $0.record.time > start && $0.record.kind != .goLabel }
      .compactMap { StageMove(tape.event($0))?.sentence }
    try say(moves.prefix(Self.mostMoves))
    if moves.count > Self.mostMoves { try say(["and \(moves.count - Self.mostMoves) more moves"]) }
  }

  private func obey(_ line: String, _ board: Board) {
    switch line {
    case "b": return course.back()
    case "r": return course.again()
    default: break
    }
    guard case .question(let question) = board.part else { return course.goOn() }
    guard let number = Int(line) else { return }
    switch question.form {
    case .choice: course.answer(.choice(number - 1))
    case .number: course.answer(.number(number))
    }
  }

  // MARK: words

  private func tell(_ board: Board) throws(Failure) {
    switch board.part {
    case .situation:
      try say([
        "", "Lesson \(board.lesson.number): \(board.lesson.title)", board.lesson.situation, "Enter goes on.",
      ])
    case .question(let question): try tell(question)
    case .notes: try say(["Notes for the teacher:"] + board.lesson.notes + ["Enter lets it happen."])
    case .happening: break
    case .proof(let outcome): try tell(outcome, board)
    case .why: try say([board.lesson.claim, board.lesson.why])
    case .go:
      try say(["And in Go: \(board.lesson.go)", "Enter: the next lesson. r: again. b: back. q: quit."])
    case .end: try say(["That was the last lesson: \(board.score.words)."])
    case .failed(let reason):
      try say(["This lesson could not be played: \(reason)", "Enter tries again. q: quit."])
    }
  }

  private func tell(_ question: Question) throws(Failure) {
    switch question.form {
    case .choice(let choices):
      try say(
        [question.text] + choices.enumerated().map { "\($0.offset + 1): \($0.element)" } + ["Your answer?"])
    case .number(let unit): try say([question.text, "A number of \(unit)s?"])
    }
  }

  private func tell(_ outcome: Outcome, _ board: Board) throws(Failure) {
    if let question = board.question, let given = board.given {
      let right = question.words(outcome.answer)
      let answer =
        board.isRight == true ? "Right: \(right)." : "Not so: \(question.words(given)). It is: \(right)."
      try say([answer])
    }
    try say(["Measured just now: \(outcome.shows)."] + Board.lines(of: outcome) + ["Enter says why."])
  }

  private func say(_ lines: some Sequence<String>) throws(Failure) {
    try output.write(lines.map { $0 + "\n" }.joined())
  }
}
