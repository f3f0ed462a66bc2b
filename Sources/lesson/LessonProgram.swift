// The command line of mpg-lesson.

import ArgumentParser
import Glibc
import MPG

struct LessonProgram: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mpg-lesson",
    abstract: "The situation of one lesson, as a small program on the MPG runtime.",
    discussion: """
      'mpgtop learn' starts it, and tells it when to go on: at each line of its input. It ends with its input. \
      MPG_PROCS sets the number of Ps, MPG_CONTROL=1 lets mpgtop hold and step the scheduler.
      """)

  @Argument(help: "The lesson: 1 to 11, or 12 and a letter from a to e.") var scene: Scene

  var runtime: MPG.Options { MPG.Options() }

  /// How many Ps the scheduler has.
  var procs: Int { MPG.statistics().procs }

  /// Reads the command line. A wrong one prints one line and exits with 64. `--help` prints the help and exits with 0.
  static func fromCommandLine() -> LessonProgram {
    do {
      return try parse()
    } catch {
      guard exitCode(for: error) != .success else { exit(withError: error) }
      var text = "mpg-lesson: \(message(for: error)); try --help\n"
      text.withUTF8 { _ = unsafe Glibc.write(2, $0.baseAddress, $0.count) }
      Glibc.exit(64)
    }
  }
}
