// The source of frames of the past: a recording, or a black box.
import GoAttach
import Inspector
import TUI

/// A history that does not grow.
struct PastSource {
  var history: History
  var origin: Past.Origin
  /// Whether the source is shown from its beginning at first, as a film is; otherwise from its end.
  var beginsAtStart = false
  /// How the target ended, if it is known.
  var ended: String?
  /// The facts that were read from a core file for its only moment, and that no history keeps; nil: the source is no
  /// core.
  var sampled: Snapshot.Sampled?
  /// The trace that is being read; nil: the history is whole.
  var trace: TraceFeed?

  /// Returns the frame, with the facts added that no history keeps.
  func completed(_ frame: Frame) -> Frame {
    var frame = frame
    if let sampled { frame.snapshot.sampled = sampled }
    return frame
  }

  /// The black box of a dead process. `word` is its pid, the file of its region, or a core file; nil: the dead process that
  /// booted last. `executable` is the program's file for a core; nil: where the core says that it is.
  static func blackBox(
    _ word: String?, executable: String? = nil, in folders: RegionFolders
  ) throws(Failure) -> PastSource {
    if let word, executable != nil || GoSource.isCore(path: word) { return try core(word, executable) }
    return try blackBox(target(word, in: folders))
  }

  private static func core(_ path: String, _ executable: String?) throws(Failure) -> PastSource {
    try failing { () throws(InspectorError) in
      let source = try GoSource(core: path, executable: executable)
      return PastSource(
        history: try History(remainsOf: source), origin: .blackBox, ended: source.endOfCore,
        sampled: try source.snapshot().sampled)
    }
  }

  static func target(_ word: String?, in folders: RegionFolders) throws(Failure) -> Target {
    try failing { () throws(InspectorError) in try find(word, in: folders) }
  }

  static func blackBox(_ target: Target) throws(Failure) -> PastSource {
    var ended = ""
    switch target.state {
    case .live, .elsewhere:
      throw Failure(
        ExitCode.notATarget, "process \(target.process.pid) is alive; look at it without --post-mortem")
    case .unreadable(let error): throw Failure(error)
    case .ended(let ending): ended = ending.description
    }
    let history = try failing { () throws(InspectorError) in try History.blackBox(target) }
    return PastSource(history: history, origin: .blackBox, ended: ended)
  }

  private static func find(_ word: String?, in folders: RegionFolders) throws(InspectorError) -> Target {
    guard let word else {
      let dead = folders.targets().filter {
        if case .ended = $0.state { true } else { false }
      }
      guard let last = dead.max(by: { $0.bootTime < $1.bootTime }) else { throw .noBlackBox }
      return last
    }
    guard word.allSatisfy(\.isNumber), let pid = Int32(word) else {
      return try RegionFolders.target(path: word)
    }
    do throws(InspectorError) {
      return try folders.blackBox(pid: pid)
    } catch {
      // The process may be alive; return it, so that the error says so.
      if let living = try? folders.target(pid: pid) { return living }
      throw error
    }
  }

  func player() throws(Failure) -> Player {
    guard let player = Player(history) else {
      throw Failure(ExitCode.layout, "there is nothing to look at: no whole piece of history")
    }
    return player
  }
}
