// The command line of `mpgtop run`.
import ArgumentParser

/// The command `mpgtop run` and its options.
struct RunOptions: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Starts a program, and watches it from its beginning.",
    usage: "mpgtop run [<options>] -- <program> [<argument> ...]",
    discussion: """
      The program is built by Go, or runs on MPG. As mpgtop's child it may be watched where other processes may not \
      (kernel.yama.ptrace_scope is 1). What it prints goes to a file that standard error names. When mpgtop quits, it ends \
      the program: SIGTERM, and SIGKILL after five seconds. With -b and --json, Ctrl-C goes to the program. The exit code is \
      the program's, or 128 + n for signal n, if it ended by itself; 126 and 127 if it could not be started.
      """)

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp(
      "The file that gets what the program prints. Default: a new file in TMPDIR, or /tmp.", valueName: "file"
    ),
    completion: .file())
  var output: String?

  @OptionGroup var frames: FrameOptions
  @OptionGroup var history: HistoryOptions

  @Argument(
    parsing: .postTerminator, help: ArgumentHelp("The program and its arguments.", valueName: "program"))
  var command: [String] = []

  mutating func validate() throws {
    if command.first?.isEmpty ?? true {
      throw ValidationError("the program is missing: mpgtop run -- ./server and its arguments")
    }
    if output?.isEmpty == true { throw ValidationError("-o: the file to write is an empty name") }
  }
}
