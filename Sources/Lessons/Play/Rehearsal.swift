// A rehearsal: a lesson is played without a person. Its answer is computed from the events.
internal import Glibc
import Inspector

/// A lesson that was played: what its events proved.
package struct Rehearsed: Sendable {
  package var lesson: Lesson
  /// The question, as it was asked.
  package var question: Question
  package var outcome: Outcome
  /// How many Ps the last scene had.
  package var procs: Int
  /// How many single steps all scenes took.
  package var steps: Int
}

package enum Rehearsal {
  /// Plays a lesson to its end.
  /// - Parameters:
  ///   - program: the path of mpg-lesson.
  ///   - procs: how many Ps are wanted, where the lesson leaves it open.
  ///   - chosen: the index of the scene to play, in a lesson that chooses one.
  package static func play(
    _ lesson: Lesson, program: String, procs: Int, chosen: Int? = nil
  ) throws(LessonFailure) -> Rehearsed {
    var evidence = RunEvidence(
      tapes: [], chosen: lesson.choosesOne ? chosen : nil, history: History(HistoryLimits()))
    var (question, steps, number): (Question?, Int, Int) = (nil, 0, 0)
    for (index, scene) in lesson.scenes.enumerated() where !lesson.choosesOne || index == chosen ?? 0 {
      let play = try Play(scene, program: program, procs: procs)
      defer { play.end() }
      while case let state = try play.advance(), state != .over {
        switch state {
        case .asks: question = question ?? lesson.question(play.tape.snapshot)
        case .proves:
          evidence.tapes.append(play.tape)
          evidence.history = try play.history()
        case .goesOn, .over: break
        }
        if state != .goesOn { play.goOn() } else if !play.isStepping { usleep(500) }
      }
      question = question ?? lesson.question(play.tape.snapshot)
      (steps, number) = (steps + play.steps, play.tape.snapshot.procs)
    }
    do throws(Unproven) {
      let outcome = try lesson.conclude(evidence)
      return Rehearsed(
        lesson: lesson, question: question ?? Question("", .number(of: "")), outcome: outcome, procs: number,
        steps: steps)
    } catch {
      throw .unproven(error.description)
    }
  }
}
