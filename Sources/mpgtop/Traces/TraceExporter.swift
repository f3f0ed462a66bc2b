// `mpgtop export` of a Go trace, and `mpgtop scrub` of one.
import GoTrace
import Inspector

/// Writes the file that `mpgtop export` makes of a Go trace.
struct TraceExporter {
  let trace: TraceFile
  let options: ExportOptions

  func run() throws(Failure) {
    let reader = try trace.reader()
    if let kind = options.pprof { return try profile(reader, kind) }
    switch options.form {
    case .goTrace: try cut(reader)
    case .perfetto:
      if let recording = options.with { return try merge(reader, recording) }
      var perfetto = TracePerfetto(reader)
      let bytes = try write(&perfetto, replaces: .perfetto)
      say("mpgtop: \(perfetto.events) events, \(bytes) bytes in \(options.output)")
    case .jsonl, .csv:
      let isJSON = options.form == .jsonl
      var lines = TraceLines(reader, as: isJSON ? .json : .csv)
      let bytes = try write(&lines, replaces: isJSON ? .jsonLines : .csv)
      say("mpgtop: \(lines.events) events, \(bytes) bytes in \(options.output)")
    case nil: break  // the command line was refused
    }
  }

  private func profile(_ reader: consuming TraceReader, _ kind: TraceProfile.Kind) throws(Failure) {
    var pprof = TracePprof(reader, kind, countsFirstWait: options.firstWaits)
    let bytes = try write(&pprof, replaces: .profile)
    let time = TimeText.short(UInt64(clamping: pprof.sum.time))
    say(
      "mpgtop: \(counted(pprof.sum.waits, "wait")) of \(time) at \(counted(pprof.sum.stacks, "stack")), "
        + "\(bytes) bytes in \(options.output)")
  }

  /// Writes the trace and a recording into one file, on the time of the machine's monotonic clock, which both have.
  private func merge(_ reader: consuming TraceReader, _ path: String) throws(Failure) {
    let recording = try failing { () throws(InspectorError) in try RecordingSource(path: path) }
    if let damage = recording.damage { complain("\(path) is damaged: \(damage); exported up to there") }
    var perfetto = TracePerfetto(reader, besideRecording: true)
    let file = try output(replaces: .perfetto, inputs: [FileIdentity(path: path)])
    try copy(&perfetto, to: file)
    guard let span = perfetto.monotonic else {
      throw Failure(
        ExitCode.layout,
        "\(trace.name) does not tell the machine's clock, by which a recording could stand beside it; Go tells it since 1.25"
      )
    }
    let moments = recording.history.moments
    let report = try failing { () throws(InspectorError) in try recording.history.exportPerfetto(to: file) }
    trace.complain(about: perfetto.damage, "exported as far as it is whole")
    if let moments,
      UInt64(clamping: span.last) < moments.lowerBound || UInt64(clamping: span.first) > moments.upperBound
    {
      complain("\(trace.name) and \(path) have no moment in common; they may be of other machines, or times")
    }
    say(
      "mpgtop: \(perfetto.events) events of \(trace.name) and \(report.records) of \(path), \(report.bytes) bytes in \(options.output)"
    )
  }

  private func cut(_ reader: consuming TraceReader) throws(Failure) {
    var cut = TraceCut(reader, from: options.from?.nanoseconds ?? 0, to: options.to?.nanoseconds ?? .max)
    let file = try output(replaces: .goTrace)
    try copy(&cut, to: file)
    guard cut.events > 0, let duration = cut.duration else {
      let reason = cut.ending.map { "; it ends there, because \($0)" } ?? ""
      throw Failure(
        ExitCode.usage,
        "\(trace.name) has no event there: its last one is \(TimeText.short(cut.seen)) after its first\(reason)"
      )
    }
    try failing { () throws(InspectorError) in try file.commit() }
    trace.complain(about: cut.damage, "the copy has what is whole")
    if let ending = cut.ending {
      complain("the copy ends \(TimeText.short(cut.seen)) after the first event of \(trace.name): \(ending)")
    }
    say(
      "mpgtop: \(cut.events) events of \(TimeText.short(duration)), \(file.bytes) bytes in \(options.output)")
  }

  /// Writes the whole product into the output file.
  ///
  /// - Returns: the number of bytes that were written.
  private func write(
    _ product: inout some TraceCopy & ~Copyable, replaces: OutputKind
  ) throws(Failure) -> Int {
    let file = try output(replaces: replaces)
    try copy(&product, to: file)
    try failing { () throws(InspectorError) in try file.commit() }
    trace.complain(about: product.damage, "exported as far as it is whole")
    return file.bytes
  }

  private func output(replaces: OutputKind, inputs: [FileIdentity?] = []) throws(Failure) -> OutputFile {
    try trace.output(options.output, replaces: options.force ? .anything : replaces, inputs: inputs)
  }

  private func copy(_ product: inout some TraceCopy & ~Copyable, to file: OutputFile) throws(Failure) {
    try trace.copy(&product, to: file)
  }
}

extension History {
  /// The first and the last moment, in nanoseconds of the machine's monotonic clock; nil: there is none.
  fileprivate var moments: ClosedRange<UInt64>? {
    guard var player = Player(self) else { return nil }
    let last = player.time
    player.seekToStart()
    return min(player.time, last)...last
  }
}

extension TraceFile {
  /// Makes the output file, which is never the trace itself.
  func output(
    _ path: String, replaces: OutputKind, inputs: [FileIdentity?] = []
  ) throws(Failure) -> OutputFile {
    try failing { () throws(InspectorError) in
      var rules = OutputRules()
      rules.inputs = [identity] + inputs
      rules.replaces = replaces
      return try OutputFile(path: path, rules)
    }
  }

  /// Writes all that is made of the trace.
  func copy(_ product: inout some TraceCopy & ~Copyable, to file: OutputFile) throws(Failure) {
    while true {
      let bytes: [UInt8]?
      do throws(TraceError) { bytes = try product.next() } catch { throw failure(error) }
      guard let bytes else { return }
      try failing { () throws(InspectorError) in try file.write(bytes) }
    }
  }

  /// Copies the trace without its names.
  func scrub(_ options: ScrubOptions) throws(Failure) {
    var scrubber = try scrubber()
    let file = try output(options.output, replaces: options.force ? .anything : .goTrace)
    try copy(&scrubber, to: file)
    guard file.bytes > 0 else { throw Failure(ExitCode.layout, "\(name) has no events") }
    try failing { () throws(InspectorError) in try file.commit() }
    complain(about: scrubber.damage, "so is the copy")
    let left = [
      scrubber.experimentalBatches > 0
        ? "\(counted(scrubber.experimentalBatches, "batch of experiments"))" : nil,
      scrubber.leftOut > 0 ? "\(counted(scrubber.leftOut, "byte")) that are no events" : nil,
    ].compactMap { $0 }
    let rest = left.isEmpty ? "" : "; left out: " + left.joined(separator: ", ")
    say(
      "mpgtop: \(counted(scrubber.replaced, "name")) replaced, \(file.bytes) bytes in \(options.output)\(rest)"
    )
  }
}
