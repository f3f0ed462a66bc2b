// Steps over a screen: a row for each step, and the text of the selected step. The panel stands at the
// bottom, so that as much as possible of the screen behind stays visible. On a wide screen the text stands
// beside the rows.

struct StepPanel {
  struct Row {
    var time: String
    /// The time since the step before.
    var delta: String
    var title: String
    /// The G, the P and the M of the step: `G4 P0 (M3)`.
    var places = ""
    var style = Style.text
  }

  struct Paragraph {
    var text: String
    var style = Style.text
    /// The indent, in columns, of all lines but the first.
    var hanging = 0
  }

  var title: String
  /// A remark about all steps, above the rows.
  var note: String?
  var rows: [Row]
  var selected: Int
  var told: [Paragraph]
  /// The number of lines that are kept for the selected step's text, beside or below the rows.
  var toldRows: Int
  var firstLine = 0
  var overlay: OverlayID
  let size: Size
  let glyphs: Glyphs

  private var box: Rect {
    let wanted =
      rows.isEmpty
      ? lines(width: size.columns - 4).count + (note == nil ? 2 : 3)
      : isWide ? max(rows.count + 3, toldRows + 2) : rows.count + toldRows + 4
    let height = min(max(3, size.rows - 2), wanted)
    return Rect(x: 0, y: max(0, size.rows - 1 - height), width: size.columns, height: height)
  }

  private var inner: Rect {
    let inset = size.columns < 60 ? 1 : 2
    let box = box
    return Rect(x: inset, y: box.y + 1, width: box.width - 2 * inset, height: box.height - 2)
  }

  private var isWide: Bool { size.columns >= 118 }

  // MARK: places of the parts

  private struct Places {
    var note: Rect
    var head: Rect
    var rows: Rect
    var told: Rect
  }

  private var places: Places {
    var left = inner
    var told = Rect(x: 0, y: 0, width: 0, height: 0)
    if isWide, !rows.isEmpty {
      var rest = left
      left = rest.takeColumns(66)
      _ = rest.takeColumns(2)
      told = rest
    }
    let isTight = left.height < 14
    let note = left.takeRows(note == nil || left.height < 8 ? 0 : 1)
    let head = left.takeRows(isTight || rows.isEmpty ? 0 : 1)
    let shown = isWide ? rows.count : min(rows.count, max(3, left.height - 6))
    let list = left.takeRows(shown)
    if !isWide || rows.isEmpty {
      if !isTight, !rows.isEmpty { _ = left.takeRows(1) }
      told = left
    }
    return Places(note: note, head: head, rows: list, told: told)
  }

  /// The selected step's text, wrapped into lines.
  private func lines(width: Int) -> [StyledText] {
    told.flatMap { paragraph -> [StyledText] in
      if paragraph.text.isEmpty { return [StyledText()] }
      let clean = TextWidth.sanitised(paragraph.text)
      return TextWidth.wrapped(clean, to: max(20, width), hanging: paragraph.hanging)
        .map { StyledText($0, paragraph.style) }
    }
  }

  /// The number of lines of the selected step's text, and the number of rows to show them in.
  var room: (lines: Int, rows: Int) {
    let place = places.told
    return (lines(width: place.width).count, max(1, place.height))
  }

  // MARK: drawing

  func draw(on canvas: inout Canvas) {
    let (box, places) = (box, places)
    let title = TextWidth.truncated(
      TextWidth.sanitised(title), to: max(0, box.width - 6), ellipsis: glyphs.ellipsis)
    Overlay.drawFrame(box, title: title, glyphs: glyphs, on: &canvas)
    if let note, !places.note.isEmpty {
      canvas.write(
        StyledText(TextWidth.sanitised(note), .eager), x: places.note.x, y: places.note.y,
        width: places.note.width, glyphs: glyphs)
    }
    drawRows(places, on: &canvas)
    let lines = lines(width: places.told.width)
    let first = min(max(0, firstLine), max(0, lines.count - places.told.height))
    for (index, line) in lines.dropFirst(first).prefix(places.told.height).enumerated() {
      canvas.write(
        line, x: places.told.x, y: places.told.y + index, width: places.told.width, glyphs: glyphs)
    }
    drawKeys(more: lines.count - first - places.told.height, in: box, on: &canvas)
  }

  private func drawRows(_ places: Places, on canvas: inout Canvas) {
    let (isNarrow, digits) = (places.rows.width < 56, "\(rows.count)".count)
    func line(_ mark: String, _ row: Row, _ numbers: Style) -> StyledText {
      var line = StyledText(mark, row.style == .text ? .key : row.style)
      line.append(row.time.leftPadded(to: isNarrow ? 10 : 11), numbers)
      if !isNarrow { line.append(row.delta.leftPadded(to: 11), .dim) }
      line.append("  " + row.title.padded(to: isNarrow ? 0 : 20), row.style)
      if !isNarrow, !row.places.isEmpty { line.append(" " + row.places, row.style == .text ? .text : .dim) }
      return line
    }
    if !places.head.isEmpty {
      let head = line(
        "".padded(to: digits + 2), Row(time: "time", delta: "since", title: "step", style: .dim), .dim)
      canvas.write(head, x: places.head.x, y: places.head.y, width: places.head.width, glyphs: glyphs)
    }
    let first = max(0, min(selected - places.rows.height / 2, rows.count - places.rows.height))
    for (index, row) in rows.dropFirst(first).prefix(places.rows.height).enumerated() {
      let number = first + index
      let mark = number == selected ? String(Character(glyphs.pointer)) : " "
      let text = line(
        mark + "\(number + 1)".leftPadded(to: digits) + " ", row, row.style == .text ? .strong : row.style)
      let y = places.rows.y + index
      canvas.write(text, x: places.rows.x, y: y, width: places.rows.width, glyphs: glyphs)
      if number == selected {
        canvas.restyle(Rect(x: places.rows.x, y: y, width: places.rows.width, height: 1), .selected)
      }
    }
  }

  /// Draws the keys that fit, and the number of lines that are not visible.
  private func drawKeys(more: Int, in box: Rect, on canvas: inout Canvas) {
    let groups = ActionTable.own(overlay).filter { !$0.footer.isEmpty }
    var pieces = more > 0 ? [StyledText(" \(glyphs.down) \(more) more lines: PgDn ", .eager)] : []
    pieces += groups.map { group in
      var piece = StyledText(" " + group.footerKeys, .key)
      piece.append(" " + group.footer + " ", .dim)
      return piece
    }
    var close = StyledText(" Esc", .key)
    close.append(" close ", .dim)
    canvas.writeFitting(
      pieces + [close], x: box.x + 2, y: box.maxY - 1, width: box.width - 4, gap: 1, glyphs: glyphs)
  }
}

extension String {
  /// The string with blanks in front, up to a width.
  func leftPadded(to width: Int) -> String {
    String(repeating: " ", count: max(0, width - unicodeScalars.count)) + self
  }
}
