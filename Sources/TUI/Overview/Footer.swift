// The keys worth knowing, at the bottom, from the same table that the keyboard uses.
//
// On a compact screen the Ps that found no room are counted here too, before the keys.

struct Footer {
  var state: AppState
  var lanes: LaneWindow

  func draw(in rect: Rect, on canvas: inout Canvas) {
    guard !rect.isEmpty else { return }
    let note = lanes.hasNoteRow ? [] : lanes.hiddenNote(state.glyphs)
    Self.write(note + Self.keys(state), in: rect, glyphs: state.glyphs, on: &canvas)
  }

  /// The most important first. An interval that was chosen is told right after time, where the key that chose it is seen to
  /// have done something.
  static func keys(_ state: AppState) -> [StyledText] {
    var groups = ActionTable.footer(on: state.screen, over: state.overlay)
    if !state.hasEnded { groups.removeAll { $0.rank == ActionGroup.againRank } }
    if state.interval != AppState.usualInterval,
      let pace = groups.firstIndex(where: { $0.rows.first?.action == .slower }),
      let request = groups.firstIndex(where: { $0.rank > ActionGroup.timeRank })
    {
      groups.insert(groups.remove(at: pace), at: request)
    }
    return groups.map { group in
      var piece = StyledText(keys(of: group, state), .key)
      piece.append(" " + word(of: group, state), .dim)
      return piece
    }
  }

  /// Those that there is room for, nearer to each other where there is little.
  static func write(_ pieces: [StyledText], in rect: Rect, glyphs: Glyphs, on canvas: inout Canvas) {
    canvas.writeFitting(
      pieces, x: rect.x, y: rect.y, width: rect.width, gap: rect.width >= 100 ? 3 : 2, glyphs: glyphs)
  }

  /// Without events there is nothing to step over.
  private static func keys(of group: ActionGroup, _ state: AppState) -> String {
    guard state.shown?.snapshot.trace.enabled == false else { return group.footerKeys }
    let steps: [Action] = [.travel(.stepBack), .travel(.stepForward)]
    guard group.rows.contains(where: { steps.contains($0.action) }) else { return group.footerKeys }
    return group.rows.filter { !steps.contains($0.action) }.compactMap(\.keys.first?.name)
      .joined(separator: " ")
  }

  /// Where a key's effect can be told, it is.
  private static func word(of group: ActionGroup, _ state: AppState) -> String {
    switch group.rows.first?.action {
    case .pause where state.isPaused: "resume"
    case .slower:
      "every " + (state.interval % 1000 == 0 ? "\(state.interval / 1000) s" : "\(state.interval) ms")
    default: group.footer
    }
  }
}
