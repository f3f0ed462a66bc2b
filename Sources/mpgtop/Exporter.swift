// `mpgtop export`: writes a history of any kind as a file for another program.
internal import Glibc
import Inspector

struct Exporter {
  let options: ExportOptions
  let folders = RegionFolders.standard

  /// Nanoseconds for which a live process is watched by default.
  private static let duration: UInt64 = 3_000_000_000

  func run() throws(Failure) {
    guard let source = try source() else { return }
    // Open the output first: if it cannot be written, the user learns that before anything is read or watched.
    let file = try failing { () throws(InspectorError) in
      var rules = OutputRules()
      rules.inputs = [FileIdentity(path: source.path)]
      rules.replaces = options.force ? .anything : options.perfetto ? .perfetto : .goTrace
      return try OutputFile(path: options.output, rules)
    }
    guard let history = try history(of: source) else { return }
    if let absence = Player(history)?.snapshot.trace.absence { complain(absence) }
    let report = try failing { () throws(InspectorError) in
      try options.perfetto ? history.exportPerfetto(to: file) : history.exportGoTrace(to: file)
    }
    let missing = report.missing == 0 ? "" : ", \(report.missing) are missing"
    let inferred = report.inferred == 0 ? "" : ", \(report.inferred) moves inferred"
    say("mpgtop: \(report.records) events, \(report.bytes) bytes in \(options.output)\(missing)\(inferred)")
  }

  /// Where a history comes from.
  private enum Source {
    case recording(String)
    case dead(Target)
    case live(Inspector)

    /// The file that is read.
    var path: String {
      switch self {
      case .recording(let path): path
      case .dead(let target): target.path
      case .live(let inspector): inspector.target.path
      }
    }
  }

  /// nil: the user was asked to choose a process, and chose none.
  private func source() throws(Failure) -> Source? {
    guard let word = options.source, let kind = SourceKind(word) else { return try live() }
    switch kind {
    case .recording: return .recording(word)
    case .region: return .dead(try PastSource.target(word, in: folders))
    case .pid(let pid):
      // Prefer a live process: a black box of the same pid is from an earlier process. If there is neither, `live` says so.
      let isAlive = (try? folders.target(pid: pid))?.isLive == true
      return try isAlive
        ? live()
        : (try? folders.blackBox(pid: pid)) == nil ? live() : .dead(PastSource.target(word, in: folders))
    }
  }

  private func live() throws(Failure) -> Source? {
    let choice = TargetChoice(folders: folders, mayAsk: isInteractive)
    return try choice.attach(to: options.source).map { .live($0) }
  }

  private func history(of source: Source) throws(Failure) -> History? {
    switch source {
    case .recording(let path):
      let recording = try failing { () throws(InspectorError) in try Recording(path: path) }
      if let damage = recording.damage { complain("\(path) is damaged: \(damage); exported up to there") }
      return recording.history
    case .dead(let target): return try PastSource.blackBox(target).history
    case .live(let inspector): return try watch(inspector)
    }
  }

  /// Collects the events of a live process for the time of `--for`.
  private func watch(_ inspector: Inspector) throws(Failure) -> History? {
    let stop = StopSignals()
    // The first signal ends the watching. A second one ends the export, and no file is left.
    defer { StopSignals.unblock() }
    var sampler = Sampler(inspector, history: options.history.limits)
    let end = monotonicNow() + (options.duration?.nanoseconds ?? Self.duration)
    var doubt = DoubtReport()
    while monotonicNow() < end, sampler.ending == nil, !stop.came {
      let pause = try failing { () throws(InspectorError) in try sampler.step() }
      doubt.tell(sampler.doubt)
      let now = monotonicNow()
      if now < end { usleep(UInt32(clamping: min(pause, end - now) / 1000)) }
    }
    try failing { () throws(InspectorError) in try sampler.finish() }
    return sampler.history
  }
}

/// The meaning of a word on the command line; nil: the name of a process.
private enum SourceKind {
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
