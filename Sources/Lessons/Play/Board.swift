// The board: what is to be seen of a course at one moment, as a value. A screen draws the board, and knows nothing else
// of the course.
import Inspector

/// What has been answered so far.
package struct Score: Sendable, Equatable {
  /// Whether the first answer to each lesson was right, by the lesson's number.
  package private(set) var answers: [Int: Bool] = [:]

  package init() {}

  package var right: Int { answers.values.count { $0 } }

  /// Notes an answer. Only the first answer to a lesson counts, because after it the person knows the right
  /// one.
  package mutating func note(_ isRight: Bool, lesson: Int) {
    if answers[lesson] == nil { answers[lesson] = isRight }
  }

  package var words: String { "\(right) of \(answers.count) right" }
}

/// One moment of a course.
package struct Board: Sendable {
  /// The part of a lesson that is shown.
  package enum Part: Sendable, Equatable {
    /// What the person sees before the question.
    case situation
    /// The question. The course goes on when it is answered.
    case question(Question)
    /// The teacher's notes, after the answer and before the scene goes on.
    case notes
    /// The scene goes on: what the question is about happens.
    case happening
    /// Whether the answer was right, and the events that prove it.
    case proof(Outcome)
    case why
    case go
    /// All lessons are over.
    case end
    /// The lesson could not be played; the text says why.
    case failed(String)
  }

  package var lesson: Lesson
  package var part: Part
  /// Whether the situation is still being set up, so that the question has to wait.
  package var isSettingUp = false
  /// When the situation was set up, in nanoseconds; nil: it is not set up yet. A picture of the scheduler from
  /// before this moment does not show the whole situation.
  package var setUpAt: UInt64?
  package var question: Question?
  /// What the person answered.
  package var given: Answer?
  /// Whether the answer `given` was right; nil: not known yet.
  package var isRight: Bool?
  /// How many decisions the scheduler has been allowed to make since the question.
  package var steps = 0
  /// How many decisions a second the scheduler may make; nil: as many as it can.
  package var rate: Int?
  /// Whether the scheduler is being stepped, one decision at a time.
  package var isStepping = false
  package var score = Score()
  package var isTeaching = false
  /// Whether the teacher's notes are to be seen, where there are some.
  package var areNotesShown = false
  /// The events that are shown with a question that is asked after all scenes (`Lesson.Moment.after`).
  package var seen: [Proof] = []

  package init(lesson: Lesson, part: Part) { (self.lesson, self.part) = (lesson, part) }

  /// The events of the proof as lines, each with its moment since the first of them.
  package static func lines(of outcome: Outcome) -> [String] {
    lines(of: outcome.proof)
  }

  /// Events as lines, each with its moment since the first of them.
  package static func lines(of proof: [Proof]) -> [String] {
    let start = proof.first?.event.time ?? 0
    return proof.map { $0.line(since: start) }
  }
}
