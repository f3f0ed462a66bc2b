// A lesson: one claim about a scheduler, a situation in which the claim can be seen, and a question that a person answers
// before the situation goes on.
//
// §1 The problem. A sentence about a scheduler is soon read and soon forgotten. People who first say what will happen,
// and then see it happen, remember it. But if the answer stood in a file, the lesson would teach that file: after a
// change of the runtime it would go on telling what was true before.
//
// §2 The design. A lesson names the scenes that a small program (mpg-lesson) plays on the real runtime, and how their
// scheduler is to be paced (held, stepped, or left free), so that the situation comes about exactly. Then it asks its
// question. After the scene its `judge` computes the answer from the events of this very run, and names the events that
// prove it. A judge that does not find what the lesson claims throws `Unproven`; so `mpgtop learn --check` fails when a
// lesson is no longer true.
//
// §3 Where to find what. Tape.swift has the events of a scene. Script.swift says how a scene is paced; Play.swift
// plays the scene. Each file in Course is a lesson. Nothing here knows a screen or a key.
import Inspector
import Region

/// One lesson. A value.
package struct Lesson: Sendable {
  /// When the question is asked.
  package enum Moment: Sendable {
    /// At the scene's move `ask`, before the thing happens that the question is about.
    case before
    /// After all scenes, because the question asks for the cause of what the person has seen in them.
    case after
  }

  package var number: Int
  /// What the lesson is about, in a few words.
  package var title: String
  /// What the lesson says of schedulers, and what its scenes show: one sentence.
  package var claim: String
  /// What the person sees before the question.
  package var situation: String
  /// How many decisions a second the scheduler may make after the question; nil: as many as usual.
  package var rate: Int?
  package var moment = Moment.before
  /// The scenes that are played, one after the other.
  package var scenes: [Scene]
  /// Whether only one of the scenes is played, chosen at random.
  package var choosesOne = false
  /// The numbers of the scheduler's rules that the lesson's words name.
  package var numbers: [RuleNumber: UInt64] = [:]
  /// Makes the question, from the gauges at the moment at which it is asked.
  package var question: @Sendable (Snapshot) -> Question
  /// Computes the answer from the events.
  package var judge: @Sendable (RunEvidence) throws(Unproven) -> Outcome
  /// Why the claim is true: one paragraph.
  package var why: String
  /// What Go does in the same way, and what in another: one paragraph.
  package var go: String
  /// What a teacher may say or ask here; each is one sentence or two.
  package var notes: [String]
}

/// A question, and what may be answered.
package struct Question: Sendable, Equatable {
  package enum Form: Sendable, Equatable {
    /// The answer is one of these choices.
    case choice([String])
    /// The answer is a whole number; the word says what is counted.
    case number(of: String)
  }

  package var text: String
  package var form: Form

  package init(_ text: String, _ form: Form) { (self.text, self.form) = (text, form) }

  /// An answer in words: `129 Gs`, or the text of the choice.
  package func words(_ answer: Answer) -> String {
    switch (form, answer) {
    case (.choice(let choices), .choice(let index)) where choices.indices.contains(index): choices[index]
    case (.number(let unit), .number(let number)): counted(number, unit)
    case (_, .choice(let index)): "choice \(index + 1)"
    case (_, .number(let number)): "\(number)"
    }
  }
}

/// An answer to a question.
package enum Answer: Sendable, Equatable {
  /// The choice with this index, from 0 on.
  case choice(Int)
  case number(Int)
}

/// What the events of a run prove.
package struct Outcome: Sendable, Equatable {
  /// The right answer.
  package var answer: Answer
  /// What the events show, in one sentence.
  package var shows: String
  /// The events that prove the answer, in the order of time.
  package var proof: [Proof]

  package init(_ answer: Answer, _ shows: String, _ proof: [Proof]) {
    (self.answer, self.shows, self.proof) = (answer, shows, proof)
  }
}

/// One event that proves an answer, and what to see in it.
package struct Proof: Sendable, Equatable {
  package var event: Event
  /// What to see in the event; empty: the event says it itself.
  package var note: String

  package init(_ event: Event, _ note: String = "") { (self.event, self.note) = (event, note) }

  /// The event in words, without the place where a G was spawned, which does not matter here.
  private var text: String {
    event.kind == .goCreate ? "G\(event.g ?? 0) is created by G\(event.other)" : event.text
  }

  /// The event in one line, with its moment since `start` (in nanoseconds): `+12.3 µs  P0  G7 runs, after 3 µs: it was next`.
  package func line(since start: UInt64) -> String {
    let time = "+" + TimeText.short(event.time - min(start, event.time))
    let words = text + (note.isEmpty ? "" : ": " + note)
    return time.padded(to: 10) + event.lane.name.padded(to: 5) + words
  }
}

/// The claim of a lesson was not seen in this run.
package struct Unproven: Error, Sendable, Equatable, CustomStringConvertible {
  /// One clause in lower case: what was not seen.
  package var description: String

  package init(_ description: String) { self.description = description }
}

extension String {
  fileprivate func padded(to width: Int) -> String {
    count >= width ? self + " " : self + String(repeating: " ", count: width - count)
  }
}

extension Lesson {
  /// Returns the answer that the events prove. Throws if they prove none, or if the scheduler has another value
  /// for one of the numbers that the lesson's words name.
  package func conclude(_ evidence: RunEvidence) throws(Unproven) -> Outcome {
    let outcome = try judge(evidence)
    for tape in evidence.tapes {
      for (number, value) in numbers where tape.snapshot.ruleNumbers[number] != value {
        let seen = tape.snapshot.ruleNumbers[number].map { "\($0)" } ?? "not told"
        throw Unproven("the lesson says that '\(number)' is \(value), and here it is \(seen)")
      }
    }
    return outcome
  }

  /// All lessons, by their numbers.
  package static let all: [Lesson] = [
    .gmp, .boot, .spawn, .overflow, .sixtyOne, .steal, .spinning, .handOff, .blockingCall, .netpoll, .hog,
    .slowRequest,
  ]

  /// The lesson with this number; nil: there is none.
  package static func number(_ number: Int) -> Lesson? { all.first { $0.number == number } }
}
