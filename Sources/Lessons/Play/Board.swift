// The board: what is to be seen of a course at one moment, as a value. A screen draws it, and knows nothing else of it.
import Inspector

/// What has been answered so far.
package struct Score: Sendable, Equatable {
  /// Whether the first answer to each lesson was right, by the lesson's number.
  package private(set) var answers: [Int: Bool] = [:]

  package init() {}

  package var right: Int { answers.values.count { $0 } }

  /// Notes an answer. Only the first one to a lesson counts: afterwards one knows.
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
    /// The question; an answer goes on.
    case question(Question)
    /// The teacher's notes, after the answer and before it happens.
    case notes
    /// It happens.
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
  /// When the situation was set up, in nanoseconds; nil: it is not yet. A stage that is older shows less.
  package var setUpAt: UInt64?
  package var question: Question?
  /// What the person answered.
  package var given: Answer?
  /// Whether that was right; nil: not known yet.
  package var isRight: Bool?
  /// How many decisions of the scheduler have been let happen since the question.
  package var steps = 0
  /// Decisions a second that are let happen; nil: as many as there are.
  package var rate: Int?
  /// Whether single decisions are let happen at the moment.
  package var isStepping = false
  package var score = Score()
  package var isTeaching = false
  /// Whether the teacher's notes are to be seen, where there are some.
  package var areNotesShown = false
  /// What is seen before a question that comes after it happened.
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
