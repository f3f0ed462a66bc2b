// The command lines of `mpgtop record`, `replay`, `scrub`, `gen-config`, `export` and `gen-man`.
import ArgumentParser
import GoTrace
import Inspector

/// The command `mpgtop record` and its options.
struct RecordOptions: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "record", abstract: "Writes what a process's scheduler does into a file.")

  @Argument(
    help: ArgumentHelp(
      "Process id, or name of the executable; http://HOST:6060: a Go program by its traces.",
      valueName: "pid|name"),
    completion: .target)
  var target: String?

  @Option(
    name: .shortAndLong, help: ArgumentHelp("The file to write.", valueName: "file"), completion: .file())
  var output: String

  @Flag(help: "Replace FILE even if it is not a recording.")
  var force = false

  @Option(
    name: .customLong("for"),
    help: ArgumentHelp(
      "Stop after this time: 30s. Default: stop at Ctrl-C, or when the process ends.", valueName: "time"))
  var duration: TimeSpan?

  @Option(
    help: ArgumentHelp(
      "Keep only this time in memory, and write it at the end: 30s.", valueName: "time"))
  var last: TimeSpan?

  @Option(
    help: ArgumentHelp(
      """
      Stop when the condition holds, and write the last 30 seconds, or --last. Examples: \(Trigger.examples). \
      Gauges: \(Trigger.gauges).
      """,
      valueName: "condition"), transform: Trigger.parse)
  var when: Trigger?

  @Option(help: ArgumentHelp("A shell command to run when the condition holds.", valueName: "command"))
  var run: String?

  @OptionGroup var history: HistoryOptions
  @OptionGroup var remote: RemoteOptions

  /// How much history is kept: with `--last`, no more than that.
  var limits: HistoryLimits {
    var limits = history.limits
    if let last { limits.duration = max(last.nanoseconds, 1_000_000_000) }
    return limits
  }

  mutating func validate() throws {
    if run != nil, when == nil { throw ValidationError("--run goes with --when") }
    if output.isEmpty { throw ValidationError("-o: the file to write is an empty name") }
    if when != nil, last == nil { last = TimeSpan(nanoseconds: 30_000_000_000) }
  }
}

/// The command `mpgtop replay` and its options.
struct ReplayOptions: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "replay",
    abstract: "Shows a recording, or an execution trace of Go, as if it were happening.",
    discussion: """
      A trace may be packed by gzip, come by standard input (-), or be a folder of a flight recorder's files.
      """)

  @Argument(help: "The recording, or the trace.", completion: .file())
  var file: String

  @Flag(help: "Refuse a trace that is damaged, instead of showing what is whole.")
  var strict = false

  @OptionGroup var frames: FrameOptions
}

/// The command `mpgtop scrub` and its options.
struct ScrubOptions: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "scrub",
    abstract: "Copies a recording or a Go trace without the names in it, so that it can be shared.")

  @Argument(help: "The recording, or the Go trace.", completion: .file())
  var file: String

  @Option(
    name: .shortAndLong, help: ArgumentHelp("The file to write.", valueName: "file"), completion: .file())
  var output: String

  @Flag(help: "Replace FILE even if it is none of the same kind.")
  var force = false

  mutating func validate() throws {
    if output.isEmpty { throw ValidationError("-o: the file to write is an empty name") }
  }
}

/// The command `mpgtop gen-config` and its options.
struct ConfigOptions: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gen-config",
    abstract: "Prints a settings file with comments, for ~/.config/mpgtop/config.")

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("Write to a new file. An existing file is never replaced.", valueName: "file"),
    completion: .file())
  var output: String?

  mutating func validate() throws {
    if output?.isEmpty == true { throw ValidationError("-o: the file to write is an empty name") }
  }
}

/// The forms in which a history or a Go trace is written for another program.
enum ExportForm: String, EnumerableFlag {
  case perfetto
  case goTrace
  case jsonl
  case csv

  /// Whether only a Go trace can be written in this form.
  var isForTraces: Bool { self == .jsonl || self == .csv }

  static func help(for form: ExportForm) -> ArgumentHelp? {
    switch form {
    case .perfetto: "For Perfetto: a track for each P, M and G."
    case .goTrace: "For go tool trace."
    case .jsonl: "Of a Go trace: each event as a line of JSON."
    case .csv: "Of a Go trace: each event as a line of comma-separated values."
    }
  }

  /// The kind of existing file that the form may replace.
  var replaces: OutputKind {
    switch self {
    case .perfetto: .perfetto
    case .goTrace: .goTrace
    case .jsonl: .jsonLines
    case .csv: .csv
    }
  }

  /// Writes a history in a form that histories have.
  func write(_ history: History, to file: OutputFile) throws(InspectorError) -> ExportReport {
    switch self {
    case .perfetto: try history.exportPerfetto(to: file)
    case .goTrace: try history.exportGoTrace(to: file)
    case .jsonl, .csv:
      throw .badOutput(path: file.path, reason: "only a Go trace can be written in this form")
    }
  }
}

/// The command `mpgtop export` and its options.
struct ExportOptions: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export", abstract: "Writes what a scheduler did as a trace for another program.",
    discussion: """
      The source is the file of a recording, a live process (watched for --for), or a dead process: its pid, or the \
      file of its region. Open the trace with ui.perfetto.dev, or with go tool trace of Go 1.26 or later. \
      The source may also be a Go trace, plain or packed by gzip, a folder of them, or - for one on standard input.
      """)

  @Flag(exclusivity: .exclusive)
  var form: ExportForm?

  @Option(
    help: ArgumentHelp(
      "Of a Go trace: a profile of waiting, for go tool pprof: sched, block, syscall or net.",
      valueName: "kind"))
  var pprof: TraceProfile.Kind?

  @Flag(
    name: .customLong("first-waits"),
    help:
      "With --pprof: count also what a goroutine waited before it first ran, which go tool trace leaves out.")
  var firstWaits = false

  @Option(
    help: ArgumentHelp(
      "With --go-trace, of a Go trace: begin the copy so long after the first event: 1.5s.", valueName: "time"
    ))
  var from: TimeSpan?

  @Option(
    help: ArgumentHelp(
      "With --go-trace, of a Go trace: end the copy so long after the first event.", valueName: "time"))
  var to: TimeSpan?

  @Option(
    help: ArgumentHelp(
      "With --perfetto, of a Go trace: add what this recording of the same machine has, on the same time.",
      valueName: "recording"), completion: .file())
  var with: String?

  @Option(
    name: .shortAndLong, help: ArgumentHelp("The file to write.", valueName: "file"), completion: .file())
  var output: String

  @Flag(help: "Replace FILE even if it is not a trace of this form.")
  var force = false

  @Option(
    name: .customLong("for"),
    help: ArgumentHelp("How long to watch a live process. Default: 3s.", valueName: "time"))
  var duration: TimeSpan?

  @Argument(
    help: ArgumentHelp(
      "A recording, a process, a region's file, or a Go trace.", valueName: "recording|trace|pid|name"),
    completion: .file())
  var source: String?

  @OptionGroup var history: HistoryOptions
  @OptionGroup var remote: RemoteOptions

  /// Whether only a Go trace can be the source.
  var isForTraces: Bool {
    pprof != nil || from != nil || to != nil || with != nil || form?.isForTraces == true
  }

  mutating func validate() throws {
    if (form == nil) == (pprof == nil) {
      let what = form == nil ? "the form is missing" : "there are two forms"
      throw ValidationError(
        "\(what): --perfetto or --go-trace, or for Go traces --pprof, --jsonl or --csv, one of them")
    }
    if with != nil, form != .perfetto { throw ValidationError("--with goes with --perfetto") }
    if firstWaits, pprof == nil { throw ValidationError("--first-waits goes with --pprof") }
    if from != nil || to != nil {
      guard form == .goTrace else {
        throw ValidationError("--from and --to go with --go-trace: cut first, then export what was cut")
      }
      if let from, let to, from.nanoseconds > to.nanoseconds {
        throw ValidationError("--from is later than --to")
      }
    }
    if isForTraces, duration != nil || remote.ssh != nil || source == nil {
      throw ValidationError(
        "--pprof, --jsonl, --csv, --from, --to and --with are for the file of a Go trace, or - for standard input"
      )
    }
    if output.isEmpty { throw ValidationError("-o: the file to write is an empty name") }
  }
}

extension TraceProfile.Kind: ExpressibleByArgument {}

/// The command `mpgtop gen-man` and its options.
struct ManualOptions: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gen-man", abstract: "Prints the manual page: mpgtop gen-man | man -l -")
}
