// Everything that a person can ask for.

/// Something that a person can ask for.
public enum Action: Sendable, Hashable {
  case back, quit, help, pause, slower, faster
  case up, down, pageUp, pageDown, first, last
  case redraw, stop, report
  case travel(TimeCommand)
  case show(ScreenID)
  case nextScreen, previousScreen
  case filter, search, palette
  case sortNext, sortPrevious, invert
  /// What the list of Gs is grouped by, in turn; the tree of spawners.
  case group, tree
  /// The events of the selected G.
  case follow
  /// Into the selected row, or to the moment of the cursor.
  case enter
  case zoomIn, zoomOut, cursorLeft, cursorRight
  /// The Overview's graphs: the last minute, or all that is known.
  case span
  /// Rows of the timeline: Ps or Ms.
  case rows
  /// The selected row to the clipboard.
  case yank
  /// What the selected thing is, and what happened to it.
  case why
  case record(RecordCommand)
  /// A request step by step, and then the next one; the one before and after; all of it, slowly.
  case followRequest, requestBefore, requestAfter, replayRequest
  /// What the runtime did before the program.
  case boot
  /// The next palette.
  case theme
  /// To a process of the same name as the one that has ended.
  case again

  /// The action of a key, if it has one: what belongs to what lies over the screen first, then what belongs to the screen.
  init?(key: Key, on screen: ScreenID, over overlay: OverlayID? = nil) {
    let rows = ActionTable.groups(on: screen, over: overlay).flatMap(\.rows)
    guard let row = rows.first(where: { $0.keys.contains(key) }) else { return nil }
    self = row.action
  }

  /// Whether a key asks for a line to type on some screen.
  static func asksForText(_ key: Key) -> Bool {
    ActionTable.all.flatMap(\.rows).contains {
      ($0.action == .filter || $0.action == .search) && $0.keys.contains(key)
    }
  }
}

/// What lies over a screen and has keys of its own.
public enum OverlayID: String, Sendable, CaseIterable {
  case walk, boot

  /// Its name for the help and the manual.
  var title: String {
    switch self {
    case .walk: "Following a request"
    case .boot: "Boot"
    }
  }

  /// What it shows, in a sentence.
  var summary: String {
    switch self {
    case .walk: "One request, step by step; the screens behind show the moment of the step."
    case .boot: "What the runtime did before the program's own code, in order."
    }
  }
}
