// The source of frames of the past: a recording, or a black box.
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

  /// The black box of a dead process. `word` is its pid or the file of its region; nil: the dead process that booted last.
  static func blackBox(_ word: String?, in folders: RegionFolders) throws(Failure) -> PastSource {
    try blackBox(target(word, in: folders))
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
