// The command line of mpgtop itself. docs/mpgtop.md says the same in prose. Commands.swift has the other commands.
import ArgumentParser

/// The parsed options of mpgtop without a command.
struct Options: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mpgtop",
    abstract: "Watches the goroutines, threads and processors of a program on the MPG runtime, from outside.",
    usage: """
      mpgtop [<options>] [<pid|name>|http://<host>]
             mpgtop --post-mortem [<options>] [<pid|region|core> [<binary>]]
             mpgtop \(AllCommands.names) --help
      """,
    discussion: """
      Exit codes: 0 all went well; 2 no such process; 3 not a target, or not permitted; 4 its region is not \
      understood; 5 the target is gone; 64 wrong usage, or no usable terminal; 71 a system call failed; 74 standard \
      output cannot be written; 126 and 127 run could not start the program; 128 + n ended by signal n.
      """,
    version: "0.2.0")

  @Argument(
    help: ArgumentHelp(
      """
      Process id, or name of the executable; -: a stream on standard input; http://HOST:6060: a Go program that imports \
      net/http/pprof, by its traces. Without it: the only target, or a list to choose from.
      """,
      valueName: "pid|name"), completion: .target)
  var target: String?

  @Argument(
    help: ArgumentHelp(
      "With --post-mortem, behind a core file: the Go program's executable. Default: where the core says that it is.",
      valueName: "binary"), completion: .file())
  var executable: String?

  @OptionGroup var modes: ModeOptions
  @OptionGroup var frames: FrameOptions
  @OptionGroup var history: HistoryOptions
  @OptionGroup var remote: RemoteOptions

  mutating func validate() throws {
    if modes.list, frames.isBatch || target != nil || modes.postMortem || modes.selfTest {
      throw ValidationError("-l goes alone: it takes no process, and prints no frames")
    }
    if modes.verbose { throw ValidationError("--verbose goes with --version") }
    if modes.postMortem, modes.selfTest { throw ValidationError("--self-test is for a process that lives") }
    if executable != nil, !modes.postMortem {
      throw ValidationError("unexpected argument '\(executable ?? "")': only --post-mortem takes two words")
    }
    if modes.postMortem, remote.ssh != nil {
      throw ValidationError("--ssh looks at live processes; run mpgtop --post-mortem on that host")
    }
    if target == "" || executable == "" { throw ValidationError("the process to look at is an empty name") }
  }
}

/// The modes in which mpgtop does not show a live process.
struct ModeOptions: ParsableArguments {
  @Flag(name: [.short, .long], help: "List the targets: live processes, and dead ones that left a region.")
  var list = false

  @Flag(
    name: .customLong("post-mortem"),
    help:
      """
      Show the last moments of a dead process, by its pid, the file of its region, or the core of a Go program. Default: the \
      one started last.
      """
  )
  var postMortem = false

  @Flag(name: .customLong("self-test"), help: "Measure what watching a process costs, and print it.")
  var selfTest = false

  @Flag(help: "With --version: say what this build can do, and which libraries are found here.")
  var verbose = false
}
