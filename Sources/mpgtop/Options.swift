// The command line of mpgtop itself. docs/mpgtop.md says the same in prose; the other commands are in Commands.swift.
import ArgumentParser

/// What mpgtop was asked for.
struct Options: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mpgtop",
    abstract: "Watches the goroutines, threads and processors of a program on the MPG runtime, from outside.",
    usage: """
      mpgtop [<options>] [<pid|name>]
             mpgtop \(AllCommands.names) --help
      """,
    discussion: """
      Exit codes: 0 all went well; 2 no such process; 3 not a target, or not permitted; 4 its layout is not \
      understood; 5 the target is gone; 64 wrong usage, or no usable terminal; 71 a system call failed; 74 standard \
      output cannot be written; 128 + n ended by signal n.
      """,
    version: "0.5.0")

  @Argument(
    help: ArgumentHelp(
      "Process id, or name of the executable. None: the only process that can be looked at, or a choice.",
      valueName: "pid|name"), completion: .target)
  var target: String?

  @OptionGroup var modes: ModeOptions
  @OptionGroup var frames: FrameOptions
  @OptionGroup var history: HistoryOptions

  mutating func validate() throws {
    if modes.list, frames.isBatch || target != nil || modes.postMortem || modes.selfTest {
      throw ValidationError("-l goes alone: it takes no process, and prints no frames")
    }
    if modes.postMortem, modes.selfTest { throw ValidationError("--self-test is for a process that lives") }
    if target == "" { throw ValidationError("the process to look at is an empty name") }
  }
}

/// What to do instead of showing a process that lives.
struct ModeOptions: ParsableArguments {
  @Flag(name: [.short, .long], help: "List the processes that can be looked at, and what dead ones left.")
  var list = false

  @Flag(
    name: .customLong("post-mortem"),
    help:
      "Show the last moments of a dead process: its pid, or the file of its region; none: the last that died."
  )
  var postMortem = false

  @Flag(name: .customLong("self-test"), help: "Measure what watching a process costs, and print it.")
  var selfTest = false
}
