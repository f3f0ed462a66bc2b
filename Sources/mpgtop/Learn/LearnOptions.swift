// The command line of `mpgtop learn`.
import ArgumentParser
import Lessons
import TUI

/// The command `mpgtop learn` and its options.
struct LearnOptions: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "learn",
    abstract: "Teaches how the scheduler works: twelve lessons on a real, paced scheduler.",
    discussion: """
      Without a number it lists the lessons. A lesson starts a small program of its own, asks, lets it happen, and \
      shows the events that prove the answer. Exit codes: 0; 6 when a lesson's claim was not seen.
      """)

  @Argument(
    help: ArgumentHelp("The lesson to begin with: 1 to 12. Default: a list of all.", valueName: "lesson"))
  var lesson: Int?

  @Flag(help: "Play all lessons (or one) without a screen, and check that each claim holds.")
  var check = false

  @Flag(help: "The teacher's view: pauses before each answer, and shows notes.")
  var teach = false

  @Flag(
    name: .customLong("a11y"),
    help: "Play lessons in lines, for screen readers: the moves as sentences, answers from standard input.")
  var isSpoken = false

  @Option(help: ArgumentHelp("Play all lessons this often, with --check. Default: 1.", valueName: "count"))
  var runs = 1

  @Option(
    help: ArgumentHelp(
      "How many Ps the lessons' programs have, where a lesson leaves it open. Default: MPG_PROCS, else 2.",
      valueName: "count"))
  var procs: Int?

  @Flag(help: "Draw with ASCII characters only.")
  var ascii = false

  @Flag(name: .customLong("no-color"), help: "Show no colours. NO_COLOR in the environment does the same.")
  var noColor = false

  @Option(
    help: ArgumentHelp(
      "The colours: \(ThemeName.allCases.map(\.rawValue).joined(separator: ", ")).", valueName: "theme"))
  var theme: ThemeName?

  mutating func validate() throws {
    if let lesson, Lesson.number(lesson) == nil {
      throw ValidationError("there is no lesson \(lesson): lessons are 1 to \(Lesson.all.count)")
    }
    if let procs, !(1...1024).contains(procs) {
      throw ValidationError("--procs \(procs) is not in 1 to 1024")
    }
    if !(1...10_000).contains(runs) { throw ValidationError("--runs \(runs) is not in 1 to 10000") }
    if runs > 1, !check { throw ValidationError("--runs goes with --check") }
    if check, isSpoken { throw ValidationError("--check asks nobody, so --a11y does not go with it") }
    if check, teach { throw ValidationError("--check shows no screen, so --teach does not go with it") }
  }
}
