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
  /// The next palette.
  case theme

  /// The action of a key on a screen, if it has one: what belongs to the screen first.
  init?(key: Key, on screen: ScreenID) {
    let rows = ActionTable.groups(on: screen).flatMap(\.rows)
    guard let row = rows.first(where: { $0.keys.contains(key) }) else { return nil }
    self = row.action
  }
}
