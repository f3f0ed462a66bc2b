// Every action that a person can ask for. ActionTable.swift gives each its keys.

/// An action that a person can ask for with a key, a click or the palette.
public enum Action: Sendable, Hashable {
  case back, quit, help, pause, slower, faster
  case up, down, pageUp, pageDown, first, last
  case redraw, stop, report
  case travel(TimeCommand)
  case show(ScreenID)
  case nextScreen, previousScreen
  case filter, search, palette
  case sortNext, sortPrevious, invert
  /// `group` groups the list of Gs by the next criterion; `tree` shows the Gs as a tree of who spawned whom.
  case group, tree
  /// Shows the events of the selected G.
  case follow
  /// Opens the selected row, or goes to the moment at the timeline's cursor.
  case enter
  case zoomIn, zoomOut, cursorLeft, cursorRight
  /// Switches the Overview's graphs between the last minute and all of the known history.
  case span
  /// Switches the timeline's rows between Ps and Ms.
  case rows
  /// Copies the selected row to the clipboard.
  case yank
  /// Explains what the selected thing is and what happened to it.
  case why
  case record(RecordCommand)
  /// Holds, steps or slows the target's scheduler.
  case pace(PaceCommand)
  /// Starts or ends a load on the target.
  case load(LoadCommand)
  /// Takes a trace of the target, or shows the last one.
  case trace(TraceCommand)
  /// `followRequest` shows a request step by step, or the next request when one is already shown.
  /// `requestBefore` and `requestAfter` show the request before and after the shown one. `replayRequest`
  /// plays all steps of the shown request, a second from each to the next.
  case followRequest, requestBefore, requestAfter, replayRequest
  /// Shows what the runtime did before the program's own code.
  case boot
  /// Switches to the next palette.
  case theme
  /// Attaches to a process that has the same name as the one that has ended.
  case again

  /// Makes the action of a key; nil when the key has no action on the screen or in the overlay. The keys of
  /// the overlay win over those of the screen.
  init?(key: Key, on screen: ScreenID, over overlay: OverlayID? = nil) {
    let rows = ActionTable.groups(on: screen, over: overlay).flatMap(\.rows)
    guard let row = rows.first(where: { $0.keys.contains(key) }) else { return nil }
    self = row.action
  }

  /// Whether a key opens a line to type into (a filter or a search) on at least one screen.
  static func asksForText(_ key: Key) -> Bool {
    ActionTable.all.flatMap(\.rows).contains {
      ($0.action == .filter || $0.action == .search) && $0.keys.contains(key)
    }
  }
}

/// An overlay: a panel that lies over the screens and has keys of its own.
public enum OverlayID: String, Sendable, CaseIterable {
  case walk, boot

  /// The overlay's name in the help and in the manual.
  var title: String {
    switch self {
    case .walk: "Following a request"
    case .boot: "Boot"
    }
  }

  /// The contents of the overlay, in one sentence.
  var summary: String {
    switch self {
    case .walk: "One request, step by step; the screens behind show the moment of the step."
    case .boot: "What the runtime did before the program's own code, in order."
    }
  }
}
