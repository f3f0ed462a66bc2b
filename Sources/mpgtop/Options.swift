// The command line. docs/mpgtop.md says the same in prose.
import ArgumentParser

/// What mpgtop was asked for.
struct Options: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mpgtop",
    abstract: "Watches the goroutines, threads and processors of a program on the MPG runtime, from outside.",
    discussion: """
      Exit codes: 0 all went well; 2 no such process; 3 not a target, or not permitted; 4 its layout is not \
      understood; 5 the target is gone; 64 wrong usage, or no usable terminal; 71 a system call failed; 74 standard \
      output cannot be written; 128 + n ended by signal n.
      """)

  @Argument(
    help: ArgumentHelp(
      "Process id, or name of the executable. None: the only process that can be looked at, or a choice.",
      valueName: "pid|name"))
  var target: String?

  @Flag(name: [.short, .long], help: "List the processes that can be looked at, and what dead ones left.")
  var list = false

  @Flag(name: [.short, .long], help: "Print frames as plain text instead of opening a screen.")
  var batch = false

  @Flag(help: "Print frames as JSON, one object a line (implies -b).")
  var json = false

  @Option(
    name: [.customShort("n"), .long],
    help: ArgumentHelp("Stop after so many frames (with -b).", valueName: "count"))
  var frames: Int?

  @Option(
    name: [.customShort("d"), .long],
    help: ArgumentHelp("Seconds between frames, 0.01 to 86400. Default: 1 with -b.", valueName: "seconds"))
  var delay: Double?

  @Flag(help: "Draw with ASCII characters only.")
  var ascii = false

  @Flag(name: .customLong("no-color"), help: "No colours; so does NO_COLOR in the environment.")
  var noColor = false

  /// Whether frames go to standard output instead of a screen.
  var isBatch: Bool { batch || json }

  mutating func validate() throws {
    if let frames, frames < 1 { throw ValidationError("-n \(frames): the number of frames is 1 or more") }
    if let delay, !(delay >= 0.01 && delay <= 86_400) {
      throw ValidationError("-d \(delay): the time between frames is 0.01 to 86400 seconds")
    }
    if frames != nil, !isBatch { throw ValidationError("-n goes with -b or --json") }
    if list, isBatch || target != nil {
      throw ValidationError("-l goes alone: it takes no process, and prints no frames")
    }
    if target == "" { throw ValidationError("the process to look at is an empty name") }
  }
}
