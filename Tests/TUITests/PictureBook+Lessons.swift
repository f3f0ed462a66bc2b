// Pictures of the lessons: before, during and after.
import Inspector
import Lessons

@testable import TUI

extension PictureBook {
  static let lessons = [
    lesson("lesson-situation-80x24", 80, 24, 6) { _ in },
    lesson("lesson-question-80x24", 80, 24, 3) { $0.part = question(of: $0) },
    lesson("lesson-number-100x30", 100, 30, 4) { $0.part = question(of: $0) },
    lesson("lesson-happening-ascii-80x24", 80, 24, 4, glyphs: .ascii) {
      answer(&$0)
      ($0.part, $0.isStepping, $0.rate, $0.steps) = (.happening, true, 2, 1)
    },
    lesson("lesson-proof-80x24", 80, 24, 4) { board in
      answer(&board)
      board.isRight = false
      board.score.note(false, lesson: 4)
      board.part = .proof(outcome)
    },
    lesson("lesson-why-160x50", 160, 50, 4) { $0.part = .why },
    lesson("lesson-notes-80x24", 80, 24, 4) {
      ($0.part, $0.isTeaching, $0.areNotesShown) = (.notes, true, true)
    },
    lesson("lesson-failed-80x24", 80, 24, 9) { $0.part = .failed("not seen: nobody took the P of the call") },
  ]

  private static func question(of board: Board) -> Board.Part { .question(board.lesson.question(Snapshot())) }

  private static func answer(_ board: inout Board) {
    (board.question, board.given) = (board.lesson.question(Snapshot()), .number(128))
  }

  private static let outcome = Outcome(
    .number(129), "128 Gs, half of the LRQ, and the one that found no place: 129",
    Fixtures.detailed().detail.stage.map { $0.moves.map { Proof($0.event, "what to see in it") } } ?? [])

  private static func lesson(
    _ name: String, _ columns: Int, _ rows: Int, _ number: Int, glyphs: Glyphs = .unicode,
    _ change: (inout Board) -> Void
  ) -> Picture {
    var board = Board(lesson: Lesson.all[number - 1], part: .situation)
    change(&board)
    var state = LessonState(size: Size(columns: columns, rows: rows), glyphs: glyphs, board: board)
    state.frame = Fixtures.detailed()
    return Picture(name: name, lines: LessonScreen(state).draw().lines)
  }
}
