// The palette: a list of all actions by name, the shown screen's own first. Typing narrows the list, Enter
// performs an action.
import Inspector

enum Palette {
  /// The actions whose names contain all words of the text.
  static func found(_ text: String, on screen: ScreenID, over overlay: OverlayID? = nil) -> [ActionRow] {
    let words = text.lowercased().split(separator: " ")
    let rows = ActionTable.groups(on: screen, over: overlay).flatMap(\.rows).filter { $0.action != .palette }
    return rows.filter { row in
      let name = "\(row.title) \(row.id)".lowercased()
      return words.allSatisfy { name.includes($0) }
    }
  }

  static func draw(_ prompt: Prompt, _ state: AppState, on canvas: inout Canvas) {
    let rows = found(prompt.text, on: state.screen, over: state.overlay)
    let width = min(state.size.columns, 52)
    let isGoto = rows.isEmpty && prompt.text.lowercased().hasPrefix("goto")
    let isTrace = TraceCommand.isMeant(by: prompt.text)
    let height = min(isGoto || isTrace ? 1 : rows.count, max(1, state.size.rows - 5), 16)
    let box = Rect(
      x: (state.size.columns - width) / 2, y: max(0, state.size.rows - height - 3), width: width,
      height: height + 2)
    Overlay.drawFrame(box, title: "Actions", glyphs: state.glyphs, on: &canvas)
    if isGoto {
      canvas.write(" goto \(Goto.forms) ", x: box.x + 2, y: box.y + 1, .dim)
    }
    if isTrace {
      let words = StyledText("\(TraceCommand.forms): of Go", .dim)
      canvas.write(words, x: box.x + 2, y: box.y + 1, width: max(0, width - 3), glyphs: state.glyphs)
      return
    }
    let choice = min(max(0, prompt.choice), max(0, rows.count - 1))
    let first = max(0, min(choice - height + 1, rows.count - height))
    for (index, row) in rows[first...].prefix(height).enumerated() {
      let y = box.y + 1 + index
      let keys = row.keys.first.map(\.name) ?? ""
      canvas.write(StyledText(row.title), x: box.x + 2, y: y, width: width - 14, glyphs: state.glyphs)
      canvas.write(keys, x: box.maxX - 2 - keys.count, y: y, .key)
      if first + index == choice {
        canvas.restyle(Rect(x: box.x + 1, y: y, width: width - 2, height: 1), .selected)
        canvas.put(Cell(state.glyphs.pointer, .selected), x: box.x + 1, y: y)
      }
    }
  }
}

/// The frame around an overlay.
enum Overlay {
  static func drawFrame(_ box: Rect, title: String, glyphs: Glyphs, on canvas: inout Canvas) {
    canvas.fill(box)
    guard box.width >= 2, box.height >= 2 else { return }
    canvas.drawBox(box, .dim, glyphs: glyphs)
    canvas.write(" \(title) ", x: box.x + 2, y: box.y, .heading)
  }
}
