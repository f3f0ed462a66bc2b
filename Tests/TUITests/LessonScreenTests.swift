// The screen of the lessons: what keys do, and that all words have room.
import Inspector
import Lessons
import Testing

@testable import TUI

/// A course that only notes what a person wants.
private final class NotedRoom: Classroom {
  var board: Board
  var wishes: [LessonState.Wish] = []
  init(_ board: Board) { self.board = board }
  func advance() -> UInt64 { .max }
  func frame() -> Frame? { nil }
  func perform(_ wish: LessonState.Wish) { wishes.append(wish) }
}

@Suite("Screen of the lessons")
struct LessonScreenTests {
  private static func board(_ number: Int, _ part: Board.Part? = nil) throws -> Board {
    let lesson = try #require(Lesson.number(number))
    return Board(lesson: lesson, part: part ?? .question(lesson.question(Snapshot())))
  }

  /// Runs the loop on a terminal in memory, and returns what the person wanted.
  private func wishes(_ board: Board, _ keys: [Key]) -> (wishes: [LessonState.Wish], cause: Ending.Cause) {
    let room = NotedRoom(board)
    let script = keys.enumerated().map {
      MemoryTerminal.Arrival(atMilliseconds: UInt64($0.offset + 1), .key($0.element))
    }
    var terminal = MemoryTerminal(size: Size(columns: 80, rows: 24), script: script)
    let ending = LessonApp(App.Options()).run(on: &terminal, room)
    return (room.wishes, ending.cause)
  }

  @Test("a digit chooses an answer, and one that stands for none does nothing")
  func choices() throws {
    let seen = wishes(
      try Self.board(3), [.character("9"), .character("0"), .character("3"), .character("q")])
    #expect(seen.wishes == [.answer(.choice(2))] && seen.cause == .quit)
  }

  @Test("a number is typed, mended and sent")
  func numbers() throws {
    let keys: [Key] = [
      .enter, .character("1"), .character("3"), .backspace, .character("2"), .character("9"),
    ]
    let seen = wishes(try Self.board(4), keys + [.enter])
    #expect(seen.wishes == [.answer(.number(129))] && seen.cause == .hangUp)
  }

  @Test("the other keys go on, back, again, faster and slower")
  func others() throws {
    let keys: [Key] = [.enter, .character("b"), .character("r"), .character("+"), .character("-"), .down]
    let seen = wishes(try Self.board(4, .happening), keys + [.control("c")])
    #expect(seen.wishes == [.goOn, .back, .again, .faster, .slower] && seen.cause == .quit)
  }

  @Test("what was typed for one question is not there at the next")
  func forgets() throws {
    var state = LessonState(size: Size(columns: 80, rows: 24), glyphs: .unicode, board: try Self.board(4))
    _ = state.take(.character("7"))
    #expect(state.typed == "7")
    state.show(try Self.board(6))
    #expect(state.typed.isEmpty)
  }

  @Test("? shows what the words of the stage mean, each with room; Enter goes back to the lesson")
  func words() throws {
    var state = LessonState(size: Size(columns: 80, rows: 24), glyphs: .ascii, board: try Self.board(4))
    #expect(state.take(.character("?")) == nil)
    var seen = LessonScreen(state).draw().lines
    #expect(seen.contains { $0.contains(" Words ") } && seen.contains { $0.contains("the operating system") })
    for _ in 0..<40 { _ = state.take(.down) }
    seen += LessonScreen(state).draw().lines
    for word in ["runnext", "GRQ", "parked", "sysmon, gc", "colours"] {
      #expect(seen.contains { $0.contains("| \(word) ") }, "\(word)")
    }
    #expect(state.take(.enter) == nil)
    #expect(!LessonScreen(state).draw().lines.contains { $0.contains(" Words ") })
    #expect(wishes(try Self.board(4, .why), [.character("?"), .enter, .enter]).wishes == [.goOn])
  }

  @Test("a long title leaves room for the score", arguments: 1...12)
  func score(number: Int) throws {
    var board = try Self.board(number)
    for lesson in 1...12 { board.score.note(true, lesson: lesson) }
    for columns in [60, 80] {
      let state = LessonState(size: Size(columns: columns, rows: 24), glyphs: .unicode, board: board)
      #expect(try #require(LessonScreen(state).draw().lines.first).hasSuffix(" 12 of 12 right"), "\(columns)")
    }
  }

  @Test("situation, question and the reason have room on 80x24 without scrolling", arguments: 1...12)
  func room(number: Int) throws {
    let lesson = try #require(Lesson.number(number))
    for part in [Board.Part.situation, .question(lesson.question(Snapshot())), .go] {
      let board = try Self.board(number, part)
      let state = LessonState(size: Size(columns: 80, rows: 24), glyphs: .ascii, board: board)
      #expect(LessonScreen(state).lastFirst == 0, "\(part)")
      let lines = LessonScreen(state).draw().lines
      #expect(lines.allSatisfy { $0.unicodeScalars.allSatisfy(\.isASCII) })
    }
  }

  @Test(
    "before it happens there is a pause for the class; the teacher sees the notes when asking for them, and nobody else"
  )
  func notes() throws {
    var board = try Self.board(4, .notes)
    func text() -> String {
      let state = LessonState(size: Size(columns: 80, rows: 24), glyphs: .unicode, board: board)
      return LessonScreen(state).draw().lines.joined(separator: "\n")
    }
    board.isTeaching = true
    #expect(text().contains("Before it happens") && !text().contains("128 is half right"))
    board.areNotesShown = true
    #expect(text().contains("Notes for the teacher") && text().contains("128 is half right"))
    var state = LessonState(size: Size(columns: 80, rows: 24), glyphs: .unicode, board: board)
    #expect(state.take(.character("n")) == .notes && state.take(.character("+")) == nil)
    state.board.isTeaching = false
    #expect(state.take(.character("n")) == nil)
    state.board.part = .happening
    #expect(state.take(.character("+")) == .faster)
  }

  @Test("a terminal that is too small is told how large it must be")
  func small() throws {
    let state = LessonState(size: Size(columns: 40, rows: 12), glyphs: .unicode, board: try Self.board(4))
    let text = LessonScreen(state).draw().lines.joined(separator: " ")
    #expect(text.contains("60x20") && text.contains("40x12"))
  }
}
