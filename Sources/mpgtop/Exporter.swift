// `mpgtop export`: a history, of whatever kind, as a file for another program.
internal import Glibc
import Inspector

struct Exporter {
  let options: ExportOptions
  let folders = RegionFolders.standard

  /// Seconds that a living process is watched for, unless told otherwise.
  private static let duration: UInt64 = 3_000_000_000

  func run() throws(Failure) {
    guard let history = try history() else { return }
    let report = try failing { () throws(InspectorError) in
      let file = try OutputFile(path: options.output)
      return try options.perfetto ? history.exportPerfetto(to: file) : history.exportGoTrace(to: file)
    }
    let missing = report.missing == 0 ? "" : ", \(report.missing) are missing"
    let inferred = report.inferred == 0 ? "" : ", \(report.inferred) moves inferred"
    say("mpgtop: \(report.records) events, \(report.bytes) bytes in \(options.output)\(missing)\(inferred)")
  }

  /// nil: the user was asked for a process, and wanted none.
  private func history() throws(Failure) -> History? {
    guard let word = options.source, let kind = SourceKind(word) else { return try live() }
    switch kind {
    case .recording:
      let recording = try failing { () throws(InspectorError) in try Recording(path: word) }
      if let damage = recording.damage { complain("\(word) is damaged: \(damage); exported up to there") }
      return recording.history
    case .region: return try PastSource.blackBox(word, in: folders).history
    case .pid(let pid):
      // A living process is preferred; its number is not given to another while it leaves a black box.
      let isAlive = (try? folders.target(pid: pid))?.state == .live
      return try isAlive
        ? live()
        : (try? folders.blackBox(pid: pid)) == nil ? live() : PastSource.blackBox(word, in: folders).history
    }
  }

  /// Watches a process for a while.
  private func live() throws(Failure) -> History? {
    let choice = TargetChoice(folders: folders, mayAsk: isInteractive)
    guard let inspector = try choice.attach(to: options.source) else { return nil }
    let stop = StopSignals()
    var sampler = Sampler(inspector, history: options.history.limits)
    let end = monotonicNow() + (options.duration?.nanoseconds ?? Self.duration)
    while monotonicNow() < end, sampler.ending == nil, !stop.came {
      let pause = try failing { () throws(InspectorError) in try sampler.step() }
      let now = monotonicNow()
      if now < end { usleep(UInt32(clamping: min(pause, end - now) / 1000)) }
    }
    try failing { () throws(InspectorError) in try sampler.finish() }
    return sampler.history
  }
}

/// What a word on the command line stands for; nil: the name of a process.
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
