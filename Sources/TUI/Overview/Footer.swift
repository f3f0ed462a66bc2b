// The keys worth knowing, at the bottom, from the same table that the keyboard uses.
//
// On a compact screen the Ps that found no room are counted here too, before the keys.

struct Footer {
  var state: AppState
  var lanes: LaneWindow

  func draw(in rect: Rect, on canvas: inout Canvas) {
    guard !rect.isEmpty else { return }
    let pieces = Action.table.filter { !$0.footer.isEmpty }.map { entry in
      var piece = StyledText(entry.mainKeyNames, .key)
      piece.append(" " + word(of: entry), .dim)
      return piece
    }
    let note = lanes.hasNoteRow ? [] : lanes.hiddenNote(state.glyphs)
    canvas.writeFitting(
      note + pieces, x: rect.x, y: rect.y, width: rect.width, gap: rect.width >= 60 ? 3 : 2,
      glyphs: state.glyphs)
  }

  /// Where a key's effect can be told, it is.
  private func word(of entry: Action.Entry) -> String {
    switch entry.keys.first?.0 {
    case .pause where state.isPaused: "resume"
    case .slower: "every \(intervalText)"
    default: entry.footer
    }
  }

  private var intervalText: String {
    state.interval % 1000 == 0 ? "\(state.interval / 1000) s" : "\(state.interval) ms"
  }
}
