// mpgtop: watches the scheduler of another process that runs on the MPG runtime.
import ArgumentParser
internal import Glibc
import GoAttach
import Inspector
import TraceSource

@main
enum MPGTop {
  static func main() {
    do throws(Failure) {
      let output = try StandardOutput()
      try run(try command(output), output)
    } catch {
      complain(error.message)
      exit(error.code)
    }
  }

  /// The parsed command. If help was requested, prints it and exits.
  private static func command(_ output: StandardOutput) throws(Failure) -> any ParsableCommand {
    let invocation = try Invocation(Array(CommandLine.arguments.dropFirst()))
    let type = invocation.command
    do {
      let command = try type.parseAsRoot(invocation.arguments)
      // For `--help` the parser returns a command of another type than the one that was named. Then print the
      // help.
      guard Swift.type(of: command) == type else {
        try output.write(AllCommands.help(of: type) + "\n")
        exit(ExitCode.success)
      }
      return command
    } catch let failure as Failure {
      throw failure
    } catch {
      if type.exitCode(for: error).isSuccess {
        let message = type.fullMessage(for: error)
        let version = Options.configuration.version
        let isLong = message == version && invocation.arguments.contains("--verbose")
        try output.write(isLong ? Feature.text(version: version) : message + "\n")
        exit(ExitCode.success)
      }
      if let (word, command) = invocation.mistyped {
        throw Failure(ExitCode.usage, "'\(word)' is no command; did you mean mpgtop \(command)?")
      }
      throw Failure(ExitCode.usage, Self.clause(of: error, type) + " (\(invocation.help) lists the options)")
    }
  }

  private static func run(
    _ command: any ParsableCommand, _ output: StandardOutput
  ) throws(Failure) {
    switch command {
    case let options as Options: try run(options, output)
    case let options as RecordOptions:
      if let follower = try TraceFollower(options.target, options.limits, refused: options.remote.refusal) {
        return try Recorder(options: options).run(follower)
      }
      let choice = TargetChoice(folders: .standard, mayAsk: isInteractive, remote: options.remote)
      guard let source = try choice.attach(to: options.target) else { return }
      try Recorder(options: options).run(source)
    case let options as ReplayOptions: try replay(options, output)
    case let options as LearnOptions: try Learn(options: options, output: output).run()
    case let options as WhyOptions: try why(options, output)
    case let options as StreamOptions:
      let choice = TargetChoice(folders: .standard, mayAsk: false)
      guard let source = try choice.attach(to: options.target) else { return }
      try Streamer(options: options).run(source)
    case let options as ServeOptions: try serve(options)
    case let options as ExportOptions: try Exporter(options: options).run()
    case let options as CompareOptions: try Compare(options: options, output: output).run()
    case let options as StacksOptions:
      try Stacks(options: options, output: output).run(in: .standard)
    case let options as RunOptions:
      if !options.frames.isBatch { try needTerminal() }
      try Run(options: options, output: output).run()
    case let options as DoctorOptions: try Doctor(output: output).run(options.target)
    case let options as ScrubOptions:
      if let trace = TraceFile(options.file) { return try trace.scrub(options) }
      let damage = try failing { () throws(InspectorError) in
        try Scrubber.scrub(
          options.file, to: options.output, replaces: options.force ? .anything : .recording)
      }
      if let damage { complain("\(options.file) is damaged: \(damage); the copy ends there") }
    case let options as ConfigOptions:
      guard let path = options.output else { return try output.write(Settings.template) }
      try failing { () throws(InspectorError) in try Settings.writeTemplate(to: path) }
    case is ManualOptions: try output.write(ManualPage().text)
    default: break  // there are no other commands
    }
  }

  private static func serve(_ options: ServeOptions) throws(Failure) {
    let server = MetricsServer(address: options.prometheus)
    guard options.target != nil || options.remote.ssh != nil else {
      let what =
        options.only.isEmpty
        ? "all processes" : "all processes called " + options.only.joined(separator: ", ")
      return try server.run(what) { Fleet(allIn: .standard, names: Set(options.only), options.plan) }
    }
    let choice = TargetChoice(folders: .standard, mayAsk: isInteractive, remote: options.remote)
    guard let source = try choice.attach(to: options.target) else { return }
    let target = source.identity
    try server.run("\(target.name), pid \(target.pid),") { Fleet(source, options.plan) }
  }

  private static func why(_ options: WhyOptions, _ output: StandardOutput) throws(Failure) {
    let why = Why(options: options, output: output)
    if let follower = try TraceFollower(
      options.target, options.history.limits,
      refused: options.postMortem ? ("--post-mortem", "see docs/go-traces.md") : options.remote.refusal)
    {
      return try why.run(follower)
    }
    if let file = options.trace { return try why.answer(TraceFeed(file, isStrict: options.strict).whole()) }
    if let file = options.replay { return try why.answer(recording(file).history) }
    if options.postMortem {
      return try why.answer(PastSource.blackBox(options.target, in: .standard).history)
    }
    let choice = TargetChoice(folders: .standard, mayAsk: isInteractive, remote: options.remote)
    guard let source = try choice.attach(to: options.target) else { return }
    try why.run(source)
  }

  private static func recording(_ file: String) throws(Failure) -> RecordingSource {
    let recording = try failing { () throws(InspectorError) in try RecordingSource(path: file) }
    if let damage = recording.damage { complain("\(file) is damaged: \(damage); shown up to there") }
    return recording
  }

  private static func replay(_ options: ReplayOptions, _ output: StandardOutput) throws(Failure) {
    if TraceAddress.isMeant(by: options.file) {
      throw Failure(ExitCode.usage, "replay shows files; mpgtop \(options.file) follows the program there")
    }
    guard !TraceHistory.isTrace(path: options.file) else {
      let source = try PastSource(trace: options.file, isStrict: options.strict)
      return try show(source, options.frames, output, keysElsewhere: options.file == "-") {
        () throws(Failure) in
        try Batch(options: options.frames, output: output).run(source.read())
      }
    }
    let recording = try recording(options.file)
    let source = PastSource(
      history: recording.history, origin: .recording, beginsAtStart: true, ended: recording.ended)
    try show(source, options.frames, output) { () throws(Failure) in
      try Batch(options: options.frames, output: output).run(source)
    }
  }

  /// Opens the screen, or prints frames by `batch`.
  private static func show(
    _ source: PastSource, _ frames: FrameOptions, _ output: StandardOutput, keysElsewhere: Bool = false,
    batch: () throws(Failure) -> Void
  ) throws(Failure) {
    if frames.isBatch { return try batch() }
    // What comes by standard input takes it, and then the keys come from the terminal itself.
    if !keysElsewhere { try needTerminal() }
    try Dashboard(options: frames).run(source)
  }

  private static func needTerminal() throws(Failure) {
    guard !isInteractive else { return }
    throw Failure(
      ExitCode.usage,
      "cannot open the screen: standard input or output is not a terminal; use -b for plain text, --json for JSON"
    )
  }

  /// Joins the parser's message, which may have several sentences and lines, into one clause.
  private static func clause(of error: any Error, _ type: any ParsableCommand.Type) -> String {
    var rest = type.message(for: error).split(separator: "\n").joined(separator: " ")[...]
    var sentences: [Substring] = []
    while let end = rest.firstPlace(of: ". ") {
      sentences.append(rest[..<end])
      rest = rest[end...].dropFirst(2)
    }
    sentences.append(rest)
    let clauses = sentences.filter { !$0.isEmpty }.map { $0.prefix(1).lowercased() + $0.dropFirst() }
    return clauses.joined(separator: ", ")
  }

  private static func run(_ options: Options, _ output: StandardOutput) throws(Failure) {
    let folders = RegionFolders.standard
    if options.modes.list {
      guard let host = options.remote.ssh else { return try list(folders, output) }
      let lines = try RemoteChoice.list(RemoteCommand(options.remote, host: host))
      return try output.write(lines.joined(separator: "\n") + "\n")
    }
    if options.modes.postMortem {
      let source = try PastSource.blackBox(
        options.target, executable: options.executable, in: folders)
      return try show(source, options.frames, output) { () throws(Failure) in
        try Batch(options: options.frames, output: output).runLast(of: source)
      }
    }
    if let follower = try TraceFollower(
      options.target, options.history.limits,
      refused: options.modes.selfTest
        ? ("--self-test", "docs/go-traces.md has the cost") : options.remote.refusal)
    {
      return try follow(follower, options, output)
    }
    let choice = TargetChoice(folders: folders, mayAsk: isInteractive, remote: options.remote)
    if options.remote.ssh == nil { try choice.refuseMistypedCommand(options.target) }
    let needsTerminal = !options.frames.isBatch && !options.modes.selfTest
    // A stream takes standard input, and then the keys come from the terminal itself.
    if needsTerminal, options.target != "-" { try needTerminal() }
    guard let source = try choice.attach(to: options.target) else { return }
    if needsTerminal { try needTerminal() }
    if options.modes.selfTest {
      try SelfTest(output: output).run(source)
    } else if options.frames.isBatch {
      try Batch(options: options.frames, output: output).run(source)
    } else {
      try Dashboard(options: options.frames).run(source, options.history.limits, host: options.remote.ssh)
    }
  }

  /// Shows the traces of a running Go program as they come.
  private static func follow(
    _ follower: TraceFollower, _ options: Options, _ output: StandardOutput
  ) throws(Failure) {
    if options.frames.isBatch { return try Batch(options: options.frames, output: output).run(follower) }
    try needTerminal()
    try Dashboard(options: options.frames).run(follower)
  }

  private static func list(_ folders: RegionFolders, _ output: StandardOutput) throws(Failure) {
    let targets = folders.targets()
    let goPrograms = GoProcess.all()
    let lines = TargetList(targets: targets, goPrograms: goPrograms).lines()
    try output.write(lines.joined(separator: "\n") + "\n")
    if targets.isEmpty, goPrograms.isEmpty {
      complain("nothing to list: no process of yours runs on MPG or was built by Go, and none left a region")
    }
    for target in targets {
      if case .unreadable(let error) = target.state { complain(error.description) }
    }
    if let refusal = folders.refusal() { complain(refusal.description) }
  }
}
