// The timeline: a row for each P or M, a glyph for each slice of time, the newest slice at the right.
//
// If one G had most of a slice, the glyph is that G's letter. If many Gs shared the slice, the glyph is a
// level that shows how busy the slice was. Both have the colour of running. Two Gs may have the same letter;
// the line below the lanes gives the number of the G at the cursor.
import Inspector

struct TimelineScreen {
  let frame: Frame
  let state: AppState
  private var glyphs: Glyphs { state.glyphs }
  private var view: TimelineState { state.timeline }

  static let labelWidth = 6

  /// The number of the graph's columns on a screen of a given width.
  static func columns(width: Int) -> Int { max(10, width - labelWidth - (width >= 60 ? 2 : 0)) }

  static func layout(_ state: AppState) -> TimelineLayout {
    let timeline = state.shown?.detail.timeline
    return TimelineLayout(
      state.timeline, total: timeline?.rows.count ?? 0, others: timeline?.others.count ?? 0,
      height: ListPanel.body(state.size).height - (hasMap(state.shown) ? 1 : 0))
  }

  /// Whether a line of the screen is a map of all the history.
  static func hasMap(_ frame: Frame?) -> Bool { frame?.past?.course.isEmpty == false }

  func draw(in rect: Rect, on canvas: inout Canvas) {
    if let absence = frame.snapshot.trace.absence {
      canvas.write(absence, x: rect.x, y: rect.y, .dim)
      return
    }
    guard let timeline = frame.detail.timeline else {
      canvas.write("collecting events", x: rect.x, y: rect.y, .dim)
      return
    }
    var rest = rect
    drawHead(timeline, in: rest.takeRows(1), on: &canvas)
    drawAxis(timeline, in: rest.takeRows(1), on: &canvas)
    if Self.hasMap(frame), let past = frame.past {
      MiniMap(past: past, glyphs: glyphs).draw(in: rest.takeRows(1), labelWidth: Self.labelWidth, on: &canvas)
    }
    let layout = Self.layout(state)
    let body = rest.takeRows(layout.shown * layout.band)
    for index in 0..<layout.shown {
      let place = layout.first + index
      let line = Rect(x: body.x, y: body.y + index * layout.band, width: body.width, height: layout.band)
      drawRow(
        timeline, timeline.rows[place], isSelected: place == layout.selected, byM: timeline.byM, in: line,
        on: &canvas)
    }
    drawCursor(timeline, in: body, on: &canvas)
    if timeline.rows.indices.contains(layout.selected) {
      write(
        cursorTexts(timeline, timeline.rows[layout.selected], isShort: rest.width < 100), in: &rest,
        on: &canvas)
    }
    write(legend(layout, hasGaps: !timeline.gaps.isEmpty), in: &rest, on: &canvas)
    drawOthers(timeline, layout, in: &rest, on: &canvas)
    guard layout.gs > 0, !rest.isEmpty else { return }
    _ = rest.takeRows(1)
    TimelineGs(timeline, layout.selected, column: timeline.rows.first.flatMap(cursorColumn))
      .draw(in: rest, glyphs: glyphs, on: &canvas)
  }

  /// Draws the lanes of the other kind for the same time: Ms below Ps, or Ps below Ms.
  private func drawOthers(
    _ timeline: LaneTimeline, _ layout: TimelineLayout, in rest: inout Rect, on canvas: inout Canvas
  ) {
    guard layout.others > 0 else { return }
    _ = rest.takeRows(1)
    let count = timeline.others.count
    SectionHeading(
      title: timeline.byM ? "Processors (P) \(count)" : "Threads (M) \(count)",
      legend: layout.others < count
        ? "\(count - layout.others) are not shown; m puts them first" : "m puts them first"
    ).draw(in: rest.takeRows(1), glyphs: glyphs, on: &canvas)
    let rows = rest.takeRows(layout.others)
    for index in 0..<rows.height {
      let line = Rect(x: rows.x, y: rows.y + index, width: rows.width, height: 1)
      drawRow(
        timeline, timeline.others[index], isSelected: false, byM: !timeline.byM, in: line, on: &canvas)
    }
    drawCursor(timeline, in: rows, on: &canvas)
  }

  private func drawHead(_ timeline: LaneTimeline, in rect: Rect, on canvas: inout Canvas) {
    let columns = max(1, timeline.rows.first?.slots.count ?? Self.columns(width: rect.width))
    var line = StyledText.facts([
      ("screen", TimeText.short(view.span)),
      ("a column", TimeText.short(view.span / UInt64(columns))),
      ("rows", view.byM ? "Ms" : "Ps"), ("events/s", Quantity.compact(frame.eventsPerSecond)),
    ])
    if timeline.isCut { line.append("too many events for all of it: zoom in", .eager) }
    if let gaps = TimelineGaps(timeline)?.words { line.append(gaps, .eager) }
    canvas.write(line, x: rect.x, y: rect.y, width: rect.width, glyphs: glyphs)
  }

  private func drawAxis(_ timeline: LaneTimeline, in rect: Rect, on canvas: inout Canvas) {
    let (x, width) = (rect.x + Self.labelWidth, rect.width - Self.labelWidth)
    // Write a time at the beginning of each quarter of the axis; on narrow screens, of each half.
    for quarter in stride(from: 0, to: 4, by: width < 48 ? 2 : 1) {
      let text = "-" + TimeText.short(view.span / 4 * UInt64(4 - quarter))
      canvas.write(text, x: x + width * quarter / 4, y: rect.y, .faint)
    }
    let now = frame.past == nil ? "now" : "here"
    canvas.write(now, x: rect.maxX - now.count, y: rect.y, .faint)
  }

  private func drawRow(
    _ timeline: LaneTimeline, _ row: LaneTimeline.Row, isSelected: Bool, byM: Bool, in rect: Rect,
    on canvas: inout Canvas
  ) {
    defer {
      TimelineGaps(timeline)?.draw(
        in: Rect(
          x: rect.x + Self.labelWidth, y: rect.y, width: row.slots.count, height: max(1, rect.height - 1)),
        glyphs: glyphs, on: &canvas)
    }
    let label = (byM ? "M" : "P") + "\(row.id)"
    if isSelected, state.isInteractive { canvas.put(Cell(glyphs.pointer, .key), x: rect.x - 1, y: rect.y) }
    canvas.write(label, x: rect.x, y: rect.y, isSelected ? .key : .strong)
    for (column, slot) in row.slots.enumerated() {
      let x = rect.x + Self.labelWidth + column
      canvas.put(cell(slot), x: x, y: rect.y)
      // The band's last row stays blank.
      for level in 0..<max(0, rect.height - 2) {
        let share = (Double(level) + 0.5) / Double(rect.height - 2)
        canvas.put(cell(slot, at: share), x: x, y: rect.y + rect.height - 2 - level)
      }
    }
  }

  /// The glyph of a slice: the activity that took most of its time.
  private func cell(_ slot: LaneTimeline.Slot) -> Cell {
    let known = slot.known
    guard known > 0 else { return .blank }
    let busy = slot.running + slot.between
    if slot.running > 0, busy >= max(slot.spinning, slot.syscall, slot.idle) || slot.running >= known / 8 {
      if slot.gTime >= slot.running * 0.6, slot.running >= known / 2 {
        return Cell(Self.letter(slot.g), Meaning.running.style)
      }
      let steps = glyphs.levels.count
      let level = min(steps, max(1, Int((slot.running / known * Float(steps)).rounded())))
      return Cell(glyphs.levels[level - 1], Meaning.running.style.shade)
    }
    let largest = max(slot.spinning, slot.syscall, slot.idle, slot.between)
    let meaning: Meaning =
      largest == slot.syscall
      ? .call : largest == slot.spinning ? .searching : largest == slot.between ? .runtime : .idle
    return sign(meaning)
  }

  /// The glyph of a slice in a band, at a height from 0 to 1. The parts of the slice's time are stacked from
  /// the bottom.
  private func cell(_ slot: LaneTimeline.Slot, at height: Double) -> Cell {
    guard slot.known > 0 else { return .blank }
    var left = Float(height) * slot.known
    for (part, meaning) in Self.parts {
      if left < slot[keyPath: part] { return sign(meaning) }
      left -= slot[keyPath: part]
    }
    return sign(.idle)
  }

  private func sign(_ meaning: Meaning) -> Cell {
    Cell(meaning.sign(glyphs), meaning == .idle ? .faint : meaning.style.shade)
  }

  /// The parts of a slice's time, in the order in which bands and legend show them.
  private static var parts: [(part: KeyPath<LaneTimeline.Slot, Float>, meaning: Meaning)] {
    [
      (\.running, .running), (\.between, .runtime), (\.spinning, .searching), (\.syscall, .call),
      (\.idle, .idle),
    ]
  }

  /// A G's letter, `A`…`Z`, by the G's number.
  static func letter(_ g: UInt64) -> Unicode.Scalar { Unicode.Scalar(UInt8(65 + g % 26)) }

  // MARK: the cursor

  private func cursorColumn(_ row: LaneTimeline.Row) -> Int? {
    view.cursor.map { max(0, row.slots.count - 1 - $0) }
  }

  private func drawCursor(_ timeline: LaneTimeline, in rect: Rect, on canvas: inout Canvas) {
    guard let row = timeline.rows.first, let column = cursorColumn(row) else { return }
    canvas.restyle(
      Rect(x: rect.x + Self.labelWidth + column, y: rect.y, width: 1, height: rect.height), .selected)
  }

  private func cursorTexts(
    _ timeline: LaneTimeline, _ row: LaneTimeline.Row, isShort: Bool
  ) -> [StyledText] {
    let label = (timeline.byM ? "M" : "P") + "\(row.id)"
    guard let column = cursorColumn(row), row.slots.indices.contains(column) else {
      var text = StyledText(label, .strong)
      text.append(isShort ? ":" : " all of it:", .dim)
      return [text] + parts(row.slots)
    }
    let slot = row.slots[column]
    let width = view.span / UInt64(max(1, row.slots.count))
    var text = StyledText(
      "at -" + TimeText.short(width * UInt64(row.slots.count - column)) + " ", .key)
    text.append(label, .strong)
    text.append(":", .dim)
    guard slot.running > 0 else { return [text] + parts([slot]) }
    var most = StyledText("most G\(slot.g) ", .strong)
    most.append(TimeText.short(UInt64(max(0, slot.gTime))), .dim)
    var starts = StyledText("\(slot.starts)", .strong)
    starts.append(" started", .dim)
    return [text] + parts([slot]) + [most, starts]
  }

  /// The parts of the slices' time in words: `running 87%`, `idle 13%`.
  private func parts(_ slots: [LaneTimeline.Slot]) -> [StyledText] {
    func sum(_ part: KeyPath<LaneTimeline.Slot, Float>) -> Double {
      slots.reduce(0) { $0 + Double($1[keyPath: part]) }
    }
    let known = sum(\.known)
    guard known > 0 else { return [StyledText("nothing is known of it", .dim)] }
    let shares = Self.parts.map { (Self.word($0.meaning), sum($0.part)) }
    return shares.filter { $0.1 > 0 }.map { word, time in
      var text = StyledText(word + " ", .dim)
      text.append(Quantity.percent(time / known), .strong)
      return text
    }
  }

  private static func word(_ meaning: Meaning) -> String {
    switch meaning {
    case .running: "running"
    case .runtime: "between Gs"
    case .searching: "searching"
    case .call: "in syscalls"
    default: "idle"
    }
  }

  private func legend(_ layout: TimelineLayout, hasGaps: Bool) -> [StyledText] {
    let levels = String(glyphs.levels[2]) + String(glyphs.levels[glyphs.levels.count - 1])
    var pieces: [(String, Style, String)] = [
      ("A-Z", Meaning.running.style, "one G"), (levels, Meaning.running.style.shade, "many Gs"),
    ]
    pieces += Self.parts.dropFirst().map { part in
      let sign = sign(part.meaning)
      return (String(sign.glyph), sign.style, Self.word(part.meaning))
    }
    if hasGaps { pieces.append((String(glyphs.gap), .faint, "not known")) }
    var texts = pieces.map { glyph, style, word in
      var text = StyledText(glyph + " ", style)
      text.append(word, .dim)
      return text
    }
    if layout.shown < layout.total {
      texts.insert(StyledText("\(layout.total - layout.shown) rows more", .eager), at: 0)
    }
    return texts
  }

  /// Writes the pieces as one line, or as two where one is too short and there is room.
  private func write(_ pieces: [StyledText], in rest: inout Rect, on canvas: inout Canvas) {
    guard !rest.isEmpty else { return }
    let width = pieces.reduce(-2) { $0 + $1.width + 2 }
    let gap = width + pieces.count <= rest.width ? 3 : 2
    let lines = width > rest.width && rest.height > 2 ? 2 : 1
    let rect = rest.takeRows(lines)
    if lines == 1 {
      canvas.writeFitting(pieces, x: rect.x, y: rect.y, width: rect.width, gap: gap, glyphs: glyphs)
    } else {
      canvas.writeFlowing(pieces, in: rect, gap: gap, glyphs: glyphs)
    }
  }
}
