// `mpgtop stacks`: the stacks of all goroutines of a running Go program, without stopping it, or of one that left a core.
import ArgumentParser
import GoAttach
import Inspector

/// The command `mpgtop stacks` and its options.
struct StacksOptions: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stacks", abstract: "Prints the stacks of all goroutines of a Go program.",
    discussion: """
      The program is not stopped. The text is that of Go's own dumps (SIGQUIT); what mpgtop cannot know, such as arguments, \
      is left out. A core file has the stacks of the moment at which it was written, also of goroutines that ran.
      """)

  @Argument(
    help: ArgumentHelp("Process id, name of the executable, or a core file.", valueName: "pid|name|core"),
    completion: .target)
  var target: String

  @Argument(
    help: ArgumentHelp(
      "Behind a core file: the program's executable. Default: where the core says that it is.",
      valueName: "binary"), completion: .file())
  var executable: String?

  @Flag(help: "Print JSON, one goroutine a line.")
  var json = false

  @Flag(help: "Print folded lines, from which flame graphs are drawn.")
  var flame = false

  @Flag(help: "Write a profile, which go tool pprof opens, to the file of -o.")
  var pprof = false

  @Option(
    name: .shortAndLong, help: ArgumentHelp("The file of --pprof.", valueName: "file"), completion: .file())
  var output: String?

  mutating func validate() throws {
    if [json, flame, pprof].count(where: { $0 }) > 1 {
      throw ValidationError("only one of --json, --flame and --pprof can be chosen")
    }
    if pprof != (output != nil) { throw ValidationError("--pprof and -o FILE go together") }
  }
}

/// Prints or writes the stacks of one program.
struct Stacks {
  let options: StacksOptions
  let output: StandardOutput

  func run(in folders: RegionFolders) throws(Failure) { try run(source(in: folders)) }

  private func source(in folders: RegionFolders) throws(Failure) -> GoSource {
    if options.executable != nil || GoSource.isCore(path: options.target) {
      let source = try failing { () throws(InspectorError) in
        try GoSource(core: options.target, executable: options.executable)
      }
      say("mpgtop: \(source.identity.name) (\(source.identity.pid)): \(source.endOfCore ?? "")")
      return source
    }
    let choice = TargetChoice(folders: folders, mayAsk: isInteractive)
    if let source = try choice.goProgram(options.target) { return source }
    throw Failure(ExitCode.notATarget, "no Go program is called \(options.target), or has this number")
  }

  private func run(_ source: GoSource) throws(Failure) {
    let (goroutines, stacks) = try failing { () throws(InspectorError) in try source.stacks() }
    let tables = source.program.tables
    if options.flame { return try output.write(FoldedStacks.lines(goroutines, in: stacks, tables: tables)) }
    if let path = options.output { return try writeProfile(goroutines, stacks, source, to: path) }
    if options.json {
      var cache = GoFrameCache(tables)
      for goroutine in goroutines { try output.writeExact(json(goroutine, stacks, &cache) + "\n") }
      return
    }
    var text = StackText(tables, stacks)
    for (index, goroutine) in goroutines.enumerated() {
      try output.write((index == 0 ? "" : "\n") + text.text(of: goroutine))
    }
  }

  private func writeProfile(
    _ goroutines: [GoStackListing], _ stacks: GoStacks, _ source: GoSource, to path: String
  ) throws(Failure) {
    let program = GoroutineProfile.Program(
      path: source.executablePath ?? source.identity.name, buildID: nil,
      time: wallClockNow())
    let bytes = GoroutineProfile.bytes(
      of: goroutines, in: stacks, tables: source.program.tables, program: program)
    try failing { () throws(InspectorError) in
      let file = try OutputFile(path: path)
      try file.write(bytes)
      try file.commit()
    }
    say("mpgtop: \(goroutines.count) goroutines, \(bytes.count) bytes in \(path)")
  }

  private func json(_ goroutine: GoStackListing, _ stacks: GoStacks, _ cache: inout GoFrameCache) -> String {
    var frames: [GoFrame]?
    if case .stack(let number) = goroutine.stack, stacks.distinct.indices.contains(number) {
      frames = cache.shownFrames(of: stacks.distinct[number])
    }
    let creator = cache.creator(at: goroutine.creator)
    var json = JSONText()
    json.object { json in
      json.member("id", goroutine.id)
      json.member("state", goroutine.state)
      json.member("locked", goroutine.remarks.contains("locked to thread"))
      json.member(
        "labels", object: { json in for label in goroutine.labels { json.member(label.key, label.value) } })
      json.member("parent", goroutine.parent)
      json.key("creator")
      if let creator { json.object { write(creator, to: &$0) } } else { json.null() }
      json.key("frames")
      if let frames {
        json.array { json in for frame in frames { json.object { write(frame, to: &$0) } } }
      } else {
        json.null()
      }
    }
    return json.text
  }

  private func write(_ frame: GoFrame, to json: inout JSONText) {
    json.member("function", frame.function)
    json.member("file", frame.file)
    json.member("line", frame.line)
    json.member("inlined", frame.isInlined)
  }
}
