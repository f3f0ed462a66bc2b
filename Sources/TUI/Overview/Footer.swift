// The most useful keys, at the bottom of the screen. They come from ActionTable, which also says what each key does.
//
// On a compact screen, the footer begins with the number of Ps for which there was no room.
import Inspector

struct Footer {
  var state: AppState
  var lanes: LaneWindow

  func draw(in rect: Rect, on canvas: inout Canvas) {
    guard !rect.isEmpty else { return }
    let note = lanes.hasNoteRow ? [] : lanes.hiddenNote(state.glyphs)
    Self.write(note + Self.keys(state), in: rect, glyphs: state.glyphs, on: &canvas)
  }

  /// The keys, most important first. A chosen interval stands right after the keys of time, where people see
  /// that their key has changed something.
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

  /// Writes the pieces that fit, closer together on a narrow screen.
  static func write(_ pieces: [StyledText], in rect: Rect, glyphs: Glyphs, on canvas: inout Canvas) {
    canvas.writeFitting(
      pieces, x: rect.x, y: rect.y, width: rect.width, gap: rect.width >= 100 ? 3 : 2, glyphs: glyphs)
  }

  /// The group's keys. Without events there is nothing to step over, so the keys for steps are left out.
  private static func keys(of group: ActionGroup, _ state: AppState) -> String {
    guard state.shown?.snapshot.trace.enabled == false else { return group.footerKeys }
    let steps: [Action] = [.travel(.stepBack), .travel(.stepForward)]
    guard group.rows.contains(where: { steps.contains($0.action) }) else { return group.footerKeys }
    return group.rows.filter { !steps.contains($0.action) }.compactMap(\.keys.first?.name)
      .joined(separator: " ")
  }

  /// The word beside the group's keys. Where a key has an effect that can be shown (the interval), the word
  /// shows the effect.
  private static func word(of group: ActionGroup, _ state: AppState) -> String {
    switch group.rows.first?.action {
    case .pause where state.isPaused: "resume"
    case .slower:
      "every " + TimeText.exact(UInt64(state.interval) * 1_000_000)
    default: group.footer
    }
  }
}
