// What the screen of the lessons remembers, and what keys do there.
package import Inspector
package import Lessons

/// The state of the screen of the lessons. The picture depends on it alone.
package struct LessonState: Sendable {
  package var size: Size
  package var glyphs: Glyphs
  package var board: Board
  /// The newest frame of the lesson's scheduler, which the stage shows; nil: there is none yet.
  package var frame: Frame?
  /// The digits of a number that is typed.
  package private(set) var typed = ""
  /// The first line of the panel that is shown.
  var first = 0
  /// Whether the panel shows what the words on the stage mean.
  private(set) var areWordsShown = false

  package init(size: Size, glyphs: Glyphs, board: Board) {
    (self.size, self.glyphs, self.board) = (size, glyphs, board)
  }

  /// Takes over the newest state of the course. When another lesson or part begins, drops what was typed and scrolled.
  package mutating func show(_ board: Board) {
    if board.part != self.board.part || board.lesson.number != self.board.lesson.number {
      (typed, first, areWordsShown) = ("", 0, false)
    }
    self.board = board
  }

  /// A request to the course that a key stands for.
  package enum Wish: Sendable, Equatable {
    case quit, goOn, again, back, faster, slower, notes
    case answer(Answer)
    case redraw
  }

  /// The most digits of a number.
  private static let mostDigits = 6

  /// Takes in a key, and returns the request to the course that the key stands for; nil: the key stands for none, and
  /// at most changes this screen.
  package mutating func take(_ key: Key) -> Wish? {
    if areWordsShown, [.enter, .escape, .character("b"), .character(" ")].contains(key) {
      (areWordsShown, first) = (false, 0)
      return nil
    }
    switch key {
    case .character("?"): (areWordsShown, first) = (!areWordsShown, 0)
    case .character("q"), .control("c"): return .quit
    case .character("r"): return .again
    case .character("b"), .left: return .back
    case .character("+"), .character(")"): return board.part == .happening ? .faster : nil
    case .character("-"), .character("("): return board.part == .happening ? .slower : nil
    case .character("n"): return board.isTeaching ? .notes : nil
    case .control("l"): return .redraw
    case .up, .wheelUp: first = max(0, first - 1)
    case .down, .wheelDown: first = min(first + 1, LessonScreen(self).lastFirst)
    case .pageUp: first = max(0, first - LessonScreen(self).rows)
    case .pageDown: first = min(first + LessonScreen(self).rows, LessonScreen(self).lastFirst)
    case .backspace: typed = String(typed.dropLast())
    case .character(let scalar) where ("0"..."9").contains(scalar): return take(digit: scalar)
    case .enter, .right, .character(" "): return enter()
    default: break
    }
    return nil
  }

  private mutating func take(digit: Unicode.Scalar) -> Wish? {
    guard case .question(let question) = board.part else { return nil }
    switch question.form {
    case .choice(let choices):
      let index = Int(digit.value) - 49
      return choices.indices.contains(index) ? .answer(.choice(index)) : nil
    case .number:
      if typed.count < Self.mostDigits { typed.unicodeScalars.append(digit) }
      return nil
    }
  }

  private mutating func enter() -> Wish? {
    guard case .question(let question) = board.part else { return .goOn }
    guard case .number = question.form, let number = Int(typed) else { return nil }
    return .answer(.number(number))
  }
}
