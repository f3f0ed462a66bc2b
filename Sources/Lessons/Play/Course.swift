// A course: lessons one after the other, for a person. The course holds the place in the lesson, plays the lesson's scenes,
// and keeps the score. It knows no screen and no key: the code that has them calls `advance` again and again, shows `board`,
// and passes on what the person wants.
import Inspector

/// A course for one person. Not thread-safe: use it from one thread at a time.
package final class Course {
  private let program: String
  private let procs: Int
  package private(set) var board: Board
  /// The scene that is played; nil: none.
  package private(set) var play: Play?
  private var tapes: [Tape] = []
  private var scenes: [Scene] = []
  private var chosen: Int?
  private var outcome: Outcome?
  /// When the next single step is due, in nanoseconds.
  private var nextStep: UInt64 = 0
  private var speed = Course.usualSpeed

  /// The rates of single steps, per second, from which a person may choose; nil: as fast as the scene can go.
  private static let rates: [Int?] = [1, 2, 4, 8, 16, 32, 64, 125, 250, nil]
  private static let usualSpeed = 1
  /// How long to wait before looking again at a scene that waits for a condition, in nanoseconds.
  private static let pause: UInt64 = 2_000_000
  /// How long `advance` may go on with steps that the person need not see, before it returns, in nanoseconds.
  private static let stretch: UInt64 = 15_000_000

  /// Begins with a lesson.
  /// - Parameters:
  ///   - program: the path of mpg-lesson.
  ///   - procs: how many Ps are wanted, where a lesson leaves it open.
  package init(_ lesson: Lesson, program: String, procs: Int, teaches: Bool) {
    (self.program, self.procs) = (program, procs)
    board = Board(lesson: lesson, part: .situation)
    board.isTeaching = teaches
    begin(lesson)
  }

  deinit { play?.end() }

  // MARK: what the person wants

  /// Plays the lesson again from its beginning.
  package func again() { begin(board.lesson) }

  /// Goes to the lesson before; from the middle of a lesson, to its beginning.
  package func back() {
    if board.part == .situation, let before = Lesson.number(board.lesson.number - 1) {
      begin(before)
    } else {
      begin(board.lesson)
    }
  }

  /// Shows the teacher's notes, or hides them. They say what the class is to find out.
  package func toggleNotes() { board.areNotesShown.toggle() }

  package func faster() { change(speed + 1) }
  package func slower() { change(speed - 1) }

  /// Answers the question.
  package func answer(_ answer: Answer) {
    guard case .question(let question) = board.part, Self.fits(answer, question) else { return }
    board.given = answer
    if board.isTeaching {
      board.part = .notes
    } else if outcome != nil {
      return show()
    } else {
      board.part = .happening
    }
    if outcome == nil { play?.goOn() }
  }

  /// Goes on to the next part.
  package func goOn() {
    switch board.part {
    case .situation:
      guard !board.isSettingUp, let play else { return }
      if board.lesson.moment == .after {
        board.part = .happening
      } else {
        let question = board.lesson.question(play.tape.snapshot)
        (board.question, board.part) = (question, .question(question))
      }
    case .question, .end: break
    case .notes:
      if outcome != nil { return show() }
      board.part = .happening
    case .happening: change(Self.rates.count - 1)
    case .proof: board.part = .why
    case .why: board.part = .go
    case .go: nextLesson()
    case .failed: again()
    }
  }

  private func nextLesson() {
    if let next = Lesson.number(board.lesson.number + 1) { return begin(next) }
    play?.end()
    (play, board.part) = (nil, .end)
  }

  private static func fits(_ answer: Answer, _ question: Question) -> Bool {
    switch (question.form, answer) {
    case (.choice(let choices), .choice(let index)): choices.indices.contains(index)
    case (.number, .number): true
    default: false
    }
  }

  private func change(_ speed: Int) {
    self.speed = max(0, min(speed, Self.rates.count - 1))
    (board.rate, nextStep) = (Self.rates[self.speed], 0)
  }

  // MARK: playing

  private func begin(_ lesson: Lesson) {
    play?.end()
    var new = Board(lesson: lesson, part: .situation)
    (new.score, new.isTeaching, new.isSettingUp) = (board.score, board.isTeaching, true)
    board = new
    (play, tapes, outcome) = (nil, [], nil)
    chosen = lesson.choosesOne ? lesson.scenes.indices.randomElement() : nil
    scenes = chosen.map { [lesson.scenes[$0]] } ?? lesson.scenes
    change(lesson.rate.flatMap { rate in Self.rates.firstIndex { $0 == rate } } ?? Self.usualSpeed)
  }

  /// Does what is due. Returns in how many nanoseconds the next call is due; `.max`: none is, until the person acts.
  package func advance() -> UInt64 {
    do throws(LessonFailure) {
      return try proceed()
    } catch {
      fail(error)
      return .max
    }
  }

  private func proceed() throws(LessonFailure) -> UInt64 {
    switch board.part {
    case .situation:
      return try setUp()
    case .happening:
      return try happen()
    case .question, .notes, .proof, .why, .go, .end, .failed:
      return .max
    }
  }

  /// Plays the scene up to the question, as fast as it can.
  private func setUp() throws(LessonFailure) -> UInt64 {
    guard board.isSettingUp else { return .max }
    let play = try running()
    let end = monotonicNow() + Self.stretch
    repeat {
      if board.lesson.moment == .after ? play.isAtTheDoor : play.isAsking {
        (board.isSettingUp, board.setUpAt) = (false, monotonicNow())
        return .max
      }
      _ = try play.advance()
    } while play.isStepping && monotonicNow() < end
    return play.isStepping ? 0 : Self.pause
  }

  /// Returns the play of the present scene. Starts the scene if it was not started yet.
  private func running() throws(LessonFailure) -> Play {
    if let play { return play }
    let new = try Play(scenes[tapes.count], program: program, procs: procs)
    play = new
    return new
  }

  /// Lets the scene go on: makes single steps at the rate that the person wants, and lets everything else run
  /// at its own pace.
  private func happen() throws(LessonFailure) -> UInt64 {
    let play = try running()
    let end = monotonicNow() + Self.stretch
    repeat {
      board.isStepping = play.isStepping
      if play.isStepping, let rate = board.rate {
        let now = monotonicNow()
        if now < nextStep { return nextStep - now }
        nextStep = now + 1_000_000_000 / UInt64(rate)
      }
      let before = play.steps
      switch try play.advance() {
      case .goesOn: break
      case .asks: play.goOn()  // in a scene after the first; the question has been answered
      case .proves: return try prove(play)
      case .over: return .max
      }
      board.steps += play.steps - before
    } while play.isStepping && board.rate == nil && monotonicNow() < end
    return play.isStepping ? 0 : Self.pause
  }

  /// Keeps the tape (the events) of a scene whose script has come to `prove`. After the last scene, computes the
  /// right answer; after any other, ends the scene, so that the next one is played.
  private func prove(_ play: Play) throws(LessonFailure) -> UInt64 {
    tapes.append(play.tape)
    if tapes.count < scenes.count {
      play.end()
      self.play = nil
      return 0
    }
    let evidence = RunEvidence(tapes: tapes, chosen: chosen, history: try play.history())
    do throws(Unproven) {
      outcome = try board.lesson.conclude(evidence)
    } catch {
      throw .unproven(error.description)
    }
    if board.given == nil {
      let question = board.lesson.question(play.tape.snapshot)
      (board.question, board.part) = (question, .question(question))
      board.seen = outcome?.proof ?? []
    } else {
      show()
    }
    return .max
  }

  private func show() {
    guard let outcome, let given = board.given else { return }
    board.isRight = outcome.answer == given
    board.score.note(outcome.answer == given, lesson: board.lesson.number)
    board.part = .proof(outcome)
  }

  private func fail(_ failure: LessonFailure) {
    play?.end()
    (play, board.isSettingUp, board.part) = (nil, false, .failed(failure.description))
  }
}
