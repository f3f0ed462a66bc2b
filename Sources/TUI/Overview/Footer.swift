// The keys worth knowing, at the bottom, from the same table that the keyboard uses.
//
// On a compact screen the Ps that found no room are counted here too, before the keys.

struct Footer {
  var state: AppState
  var lanes: LaneWindow

  func draw(in rect: Rect, on canvas: inout Canvas) {
    guard !rect.isEmpty else { return }
    let groups = ActionTable.groups(on: .overview).filter { !$0.footer.isEmpty }
    let pieces = groups.map { group in
      var piece = StyledText(group.footerKeys, .key)
      piece.append(" " + Chrome.word(of: group, state), .dim)
      return piece
    }
    let note = lanes.hasNoteRow ? [] : lanes.hiddenNote(state.glyphs)
    canvas.writeFitting(
      note + pieces, x: rect.x, y: rect.y, width: rect.width, gap: rect.width >= 60 ? 3 : 2,
      glyphs: state.glyphs)
  }
}
