// `mpgtop export`: writes a history of any kind as a file for another program.
internal import Glibc
import Inspector

struct Exporter {
  let options: ExportOptions
  let folders = RegionFolders.standard

  /// The time for which a live process is watched by default, in nanoseconds.
  private static let duration: UInt64 = 3_000_000_000

  func run() throws(Failure) {
    if let trace { return try TraceExporter(trace: trace, options: options).run() }
    guard let form = options.form, let source = try source() else { return }
    // Open the output first: if it cannot be written, the user learns that before anything is read or watched.
    let file = try failing { () throws(InspectorError) in
      var rules = OutputRules()
      rules.inputs = source.inputs
      rules.replaces = options.force ? .anything : form.replaces
      return try OutputFile(path: options.output, rules)
    }
    guard let history = try source.history() else { return }
    if let absence = Player(history)?.snapshot.trace.absence { complain(absence) }
    let report = try failing { () throws(InspectorError) in
      try form.write(history, to: file)
    }
    let missing = report.missing == 0 ? "" : ", \(report.missing) are missing"
    let inferred = report.inferred == 0 ? "" : ", \(report.inferred) moves inferred"
    say("mpgtop: \(report.records) events, \(report.bytes) bytes in \(options.output)\(missing)\(inferred)")
  }

  /// The Go trace that is the source; nil: the source is something else.
  private var trace: TraceFile? {
    guard let word = options.source, options.remote.ssh == nil else { return nil }
    return options.isForTraces ? TraceFile(anyhow: word) : TraceFile(word)
  }

  /// The source of a history. Nothing is read before `history` is called.
  private struct Source {
    /// The files that are read.
    let inputs: [FileIdentity?]
    /// Reads the history; nil: there is none.
    let history: () throws(Failure) -> History?
  }

  /// Finds the source of the history; nil: the user was asked to choose a process, and chose none.
  private func source() throws(Failure) -> Source? {
    guard options.remote.ssh == nil, let word = options.source, let kind = WordKind(word) else {
      return try live()
    }
    if let source = try failing({ () throws(InspectorError) in try SourceKinds.open(word) }) {
      return watched(source)
    }
    switch kind {
    case .recording: return recording(word)
    case .region: return dead(try PastSource.target(word, in: folders))
    case .pid(let pid):
      // Prefer a live process: a black box (the region of a dead process) with the same pid is from an earlier one. If
      // there is neither, `live` throws an error that says so.
      let isAlive = (try? folders.target(pid: pid))?.isLive == true
      if isAlive || (try? folders.blackBox(pid: pid)) == nil { return try live() }
      return dead(try PastSource.target(word, in: folders))
    }
  }

  private func live() throws(Failure) -> Source? {
    let choice = TargetChoice(folders: folders, mayAsk: isInteractive, remote: options.remote)
    return try choice.attach(to: options.source).map(watched)
  }

  private func watched(_ source: any SchedulerSource) -> Source {
    Source(inputs: source.inputs) { () throws(Failure) in try watch(source) }
  }

  private func recording(_ path: String) -> Source {
    Source(inputs: [FileIdentity(path: path)]) { () throws(Failure) in
      let recording = try failing { () throws(InspectorError) in try RecordingSource(path: path) }
      if let damage = recording.damage { complain("\(path) is damaged: \(damage); exported up to there") }
      return recording.history
    }
  }

  private func dead(_ target: Target) -> Source {
    Source(inputs: [FileIdentity(path: target.path)]) { () throws(Failure) in
      try PastSource.blackBox(target).history
    }
  }

  /// Collects the events of a live process for the time of `--for`.
  private func watch(_ source: any SchedulerSource) throws(Failure) -> History? {
    let stop = StopSignals()
    // The first signal ends the watching. A second one ends the export, and no file is left.
    defer { StopSignals.unblock() }
    var sampler = Sampler(from: source, history: options.history.limits)
    let end = monotonicNow() + (options.duration?.nanoseconds ?? Self.duration)
    var doubt = TroubleReport.doubt
    while monotonicNow() < end, sampler.ending == nil, !stop.came {
      let pause = try failing { () throws(InspectorError) in try sampler.step() }
      doubt.tell(sampler.doubt?.description)
      let now = monotonicNow()
      if now < end { usleep(UInt32(clamping: min(pause, end - now) / 1000)) }
    }
    try failing { () throws(InspectorError) in try sampler.finish() }
    return sampler.history
  }
}

/// The meaning of a word on the command line; nil: the name of a process.
private enum WordKind {
  case recording, region
  case pid(Int32)

  init?(_ word: String) {
    if word.allSatisfy(\.isNumber), let pid = Int32(word) {
      self = .pid(pid)
    } else if word.hasSuffix(".mpg") {
      self = .region
    } else if unsafe access(word, F_OK) == 0 {
      self = .recording
    } else {
      return nil
    }
  }
}
