// The timeline: a row for each P or M, a glyph for each slice of time, the newest at the right.
//
// A column that one G had most of shows that G's letter; one that many shared shows how busy it was, as a level. Both in
// the colour of work. The letters of two Gs may be the same; the line below tells the G at the cursor by its number.
import Inspector

struct TimelineScreen {
  let frame: Frame
  let state: AppState
  private var glyphs: Glyphs { state.glyphs }
  private var view: TimelineState { state.timeline }

  static let labelWidth = 6

  /// Columns of the graph, on a screen of some width.
  static func columns(width: Int) -> Int { max(10, width - labelWidth - (width >= 60 ? 2 : 0)) }

  struct Window: Equatable {
    var first = 0
    var shown = 0
    var total = 0
    var selected = 0
  }

  /// Rows of the screen below the head: the axis, the rows, the line of the cursor, the legend.
  static func window(_ state: AppState, total: Int, height: Int) -> Window {
    let rows = max(1, height - 4)
    var window = Window()
    window.total = total
    window.shown = min(total, rows)
    window.selected = min(max(0, state.timeline.selectedRow), max(0, total - 1))
    var first = min(state.timeline.firstRow, window.selected)
    if window.selected >= first + window.shown { first = window.selected - window.shown + 1 }
    window.first = min(max(0, first), total - window.shown)
    return window
  }

  func draw(in rect: Rect, on canvas: inout Canvas) {
    guard let timeline = frame.detail.timeline else {
      canvas.write("collecting events", x: rect.x, y: rect.y, .dim)
      return
    }
    var rest = rect
    drawHead(timeline, in: rest.takeRows(1), on: &canvas)
    drawAxis(timeline, in: rest.takeRows(1), on: &canvas)
    let window = Self.window(state, total: timeline.rows.count, height: rect.height)
    let body = rest.takeRows(window.shown)
    for index in 0..<window.shown {
      let place = window.first + index
      let line = Rect(x: body.x, y: body.y + index, width: body.width, height: 1)
      drawRow(
        timeline.rows[place], isSelected: place == window.selected, byM: timeline.byM, in: line, on: &canvas)
    }
    drawCursor(timeline, window, in: body, on: &canvas)
    if timeline.rows.indices.contains(window.selected) {
      let text = cursorText(timeline, timeline.rows[window.selected])
      canvas.write(text, x: rest.x, y: rest.y, width: rest.width, glyphs: glyphs)
      _ = rest.takeRows(1)
    }
    if !rest.isEmpty { drawLegend(window, in: rest.takeRows(1), on: &canvas) }
  }

  private func drawHead(_ timeline: LaneTimeline, in rect: Rect, on canvas: inout Canvas) {
    let columns = max(1, timeline.rows.first?.slots.count ?? Self.columns(width: rect.width))
    var line = StyledText.facts([
      ("screen", Quantity.span(nanoseconds: view.span)),
      ("a column", Quantity.span(nanoseconds: view.span / UInt64(columns))),
      ("rows", view.byM ? "Ms" : "Ps"), ("events/s", Quantity.compact(frame.eventsPerSecond)),
    ])
    if timeline.isCut { line.append("too many events for all of it: zoom in", .eager) }
    canvas.write(line, x: rect.x, y: rect.y, width: rect.width, glyphs: glyphs)
  }

  private func drawAxis(_ timeline: LaneTimeline, in rect: Rect, on canvas: inout Canvas) {
    let (x, width) = (rect.x + Self.labelWidth, rect.width - Self.labelWidth)
    for quarter in 0..<4 {
      let text = "-" + Quantity.span(nanoseconds: view.span / 4 * UInt64(4 - quarter))
      canvas.write(text, x: x + width * quarter / 4, y: rect.y, .faint)
    }
    let now = frame.past == nil ? "now" : "here"
    canvas.write(now, x: rect.maxX - now.count, y: rect.y, .faint)
  }

  private func drawRow(
    _ row: LaneTimeline.Row, isSelected: Bool, byM: Bool, in rect: Rect, on canvas: inout Canvas
  ) {
    let label = (byM ? "M" : "P") + "\(row.id)"
    if isSelected, state.isInteractive { canvas.put(Cell(glyphs.pointer, .key), x: rect.x - 1, y: rect.y) }
    canvas.write(label, x: rect.x, y: rect.y, isSelected ? .key : .strong)
    for (column, slot) in row.slots.enumerated() {
      canvas.put(cell(slot), x: rect.x + Self.labelWidth + column, y: rect.y)
    }
  }

  /// What a column shows: what most of it went to.
  private func cell(_ slot: LaneTimeline.Slot) -> Cell {
    let known = slot.known
    guard known > 0 else { return .blank }
    let busy = slot.running + slot.between
    if slot.running > 0, busy >= max(slot.spinning, slot.syscall, slot.idle) || slot.running >= known / 8 {
      if slot.gTime >= slot.running * 0.6, slot.running >= known / 2 {
        return Cell(Self.letter(slot.g), .busy)
      }
      let steps = glyphs.levels.count
      let level = min(steps, max(1, Int((slot.running / known * Float(steps)).rounded())))
      return Cell(glyphs.levels[level - 1], .busyShade)
    }
    let largest = max(slot.spinning, slot.syscall, slot.idle, slot.between)
    if largest == slot.syscall { return Cell("=", .waiting) }
    if largest == slot.spinning { return Cell("~", .eager) }
    return largest == slot.between ? Cell("-", .dim) : Cell(glyphs.track, .faint)
  }

  /// `A`…`Z`, by the G's number.
  static func letter(_ g: UInt64) -> Unicode.Scalar { Unicode.Scalar(UInt8(65 + g % 26)) }

  // MARK: the cursor

  private func cursorColumn(_ row: LaneTimeline.Row) -> Int? {
    view.cursor.map { max(0, row.slots.count - 1 - $0) }
  }

  private func drawCursor(_ timeline: LaneTimeline, _ window: Window, in rect: Rect, on canvas: inout Canvas)
  {
    guard let row = timeline.rows.first, let column = cursorColumn(row) else { return }
    canvas.restyle(
      Rect(x: rect.x + Self.labelWidth + column, y: rect.y, width: 1, height: rect.height), .selected)
  }

  private func cursorText(_ timeline: LaneTimeline, _ row: LaneTimeline.Row) -> StyledText {
    let label = (timeline.byM ? "M" : "P") + "\(row.id)"
    guard let column = cursorColumn(row), row.slots.indices.contains(column) else {
      var text = StyledText(label, .strong)
      text.append(" all of it: ", .dim)
      text.append(parts(row.slots))
      return text
    }
    let slot = row.slots[column]
    let width = view.span / UInt64(max(1, row.slots.count))
    var text = StyledText(
      "at -" + Quantity.span(nanoseconds: width * UInt64(row.slots.count - column)) + " ", .key)
    text.append(label, .strong)
    text.append(": ", .dim)
    text.append(parts([slot]))
    if slot.running > 0 {
      text.append("most G\(slot.g) ", .strong)
      text.append(Quantity.span(nanoseconds: UInt64(max(0, slot.gTime))) + "   ", .dim)
      text.append("\(slot.starts)", .strong)
      text.append(" started", .dim)
    }
    return text
  }

  /// `running 87%  idle 13%`
  private func parts(_ slots: [LaneTimeline.Slot]) -> StyledText {
    func sum(_ part: KeyPath<LaneTimeline.Slot, Float>) -> Double {
      slots.reduce(0) { $0 + Double($1[keyPath: part]) }
    }
    let known = sum(\.known)
    guard known > 0 else { return StyledText("nothing is known of it", .dim) }
    let all: [(String, KeyPath<LaneTimeline.Slot, Float>)] = [
      ("running", \.running), ("searching", \.spinning), ("in syscalls", \.syscall),
      ("between Gs", \.between),
      ("idle", \.idle),
    ]
    return .facts(all.filter { sum($0.1) > 0 }.map { ($0.0, Quantity.percent(sum($0.1) / known)) })
  }

  private func drawLegend(_ window: Window, in rect: Rect, on canvas: inout Canvas) {
    let levels = String(glyphs.levels[2]) + String(glyphs.levels[glyphs.levels.count - 1])
    let pieces: [(String, Style, String)] = [
      ("A-Z", .busy, "one G"), (levels, .busyShade, "many Gs"), ("~", .eager, "searching"),
      ("=", .waiting, "syscall"),
      ("-", .dim, "between Gs"), (String(glyphs.track), .faint, "idle"),
    ]
    var texts = pieces.map { glyph, style, word in
      var text = StyledText(glyph + " ", style)
      text.append(word, .dim)
      return text
    }
    if window.shown < window.total {
      texts.insert(StyledText("\(window.total - window.shown) rows more", .eager), at: 0)
    }
    canvas.writeFitting(texts, x: rect.x, y: rect.y, width: rect.width, gap: 2, glyphs: glyphs)
  }
}
