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
  /// Maximum number of times that a scene is played again because events were lost.
  private static let mostLosses = 4

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
      var played = try perform(scene, program: program, procs: procs)
      // If the machine was so busy that events were lost, this run proves nothing, for the claim or against it.
      for _ in 0..<mostLosses where played.tape.lost > 0 {
        played = try perform(scene, program: program, procs: procs)
      }
      question = question ?? lesson.question(played.asked)
      evidence.tapes.append(played.tape)
      evidence.history = played.history
      (steps, number) = (steps + played.steps, played.tape.snapshot.procs)
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

  /// A scene that was played to its end.
  private struct Performance {
    var tape: Tape
    var history: History
    /// The gauges at the moment at which the question was asked.
    var asked: Snapshot
    var steps: Int
  }

  private static func perform(_ scene: Scene, program: String, procs: Int) throws(LessonFailure)
    -> Performance
  {
    let play = try Play(scene, program: program, procs: procs)
    defer { play.end() }
    var (asked, proved): (Snapshot?, (Tape, History)?)
    while case let state = try play.advance(), state != .over {
      switch state {
      case .asks: asked = asked ?? play.tape.snapshot
      case .proves: proved = (play.tape, try play.history())
      case .goesOn, .over: break
      }
      if state != .goesOn { play.goOn() } else if !play.isStepping { usleep(500) }
    }
    if proved == nil { proved = (play.tape, try play.history()) }
    let (tape, history) = proved ?? (play.tape, History(HistoryLimits()))
    return Performance(tape: tape, history: history, asked: asked ?? play.tape.snapshot, steps: play.steps)
  }
}
