// The boxes of the stage: what the Ps run, and their queues.
import Inspector
import Region

/// Draws the boxes of one stage.
struct StageBoxes {
  let stage: Stage
  let layout: StageLayout
  let followed: UInt64?
  /// Whether the scheduler is held or slowed; nil: the target does not allow that.
  let pace: Pace?
  let glyphs: Glyphs

  /// The rows inside a box; 0: boxes have no borders.
  private var inside: Int { if case .boxes(let rows) = layout.form { rows } else { 0 } }

  func draw(_ lane: StageLayout.Lane, on canvas: inout Canvas) {
    drawLabel(lane, on: &canvas)
    drawRunning(lane, on: &canvas)
    draw(lane.next, on: &canvas)
    draw(lane.lrq, on: &canvas)
  }

  /// Writes the names of the columns into a row above, if the boxes have no borders with names.
  func drawNames(on canvas: inout Canvas) {
    guard let row = layout.names, let lane = layout.lanes.first else { return }
    let columns = [(lane.running, "runs"), (lane.next.rect, lane.next.name), (lane.lrq.rect, "LRQ")]
    for (rect, name) in columns { canvas.write(name, x: rect.x + 1, y: row.y, .dim) }
  }

  func drawGRQ(on canvas: inout Canvas) {
    canvas.write("GRQ", x: layout.grqLabel.x, y: layout.grqLabel.y + layout.form.nameRow, .strong)
    draw(layout.grq, on: &canvas)
  }

  private func drawLabel(_ lane: StageLayout.Lane, on canvas: inout Canvas) {
    let (x, y) = (lane.label.x, lane.label.y + layout.form.nameRow)
    let m = lane.p.m.map { "M\($0)" } ?? (lane.p.status == .idle ? "idle" : "-")
    let name = "P\(lane.p.id)"
    canvas.write(name, x: x, y: y, .strong)
    if inside > 0 {
      canvas.write(m, x: x, y: y + 1, lane.p.m == nil ? .dim : lane.p.status.style)
    } else if name.count + m.count + 1 < lane.label.width {
      canvas.write(m, x: x + name.count + 1, y: y, .dim)
    }
  }

  private func drawRunning(_ lane: StageLayout.Lane, on canvas: inout Canvas) {
    let (rect, status) = (lane.running, lane.p.status)
    if inside > 0 {
      canvas.drawBox(rect, status.style, glyphs: glyphs)
      // While the scheduler is held, each thread waits before its next scheduling decision. A thread that runs a G and
      // does not wait is in the program's own code.
      let isOut =
        pace?.state == .held && lane.p.g != nil
        && lane.p.m.map { pace?.waiting.contains($0) == false } == true
      let heading = isOut ? "own code" : "runs"
      canvas.write(
        TextWidth.truncated(heading, to: rect.width - 2, ellipsis: glyphs.ellipsis), x: rect.x + 1, y: rect.y,
        isOut ? .eager : .faint)
    }
    if let g = lane.p.g, status != .syscall {
      write(g, in: rect, on: &canvas)
    } else {
      let word = Self.word(status)
      let room = Rect(x: rect.x + 1, y: rect.y + layout.form.nameRow, width: rect.width - 2, height: 1)
      canvas.write(StyledText(word, .dim), x: room.x, y: room.y, width: room.width, glyphs: glyphs)
    }
  }

  /// What a P does while it runs no G, in a word that fits into its box.
  private static func word(_ status: PStatus) -> String {
    switch status {
    case .idle: "idle"
    case .running: "-"
    case .spinning: "search"
    case .syscall: "call"
    case .stopped: "stop"
    }
  }

  private func draw(_ queue: StageLayout.Queue, on canvas: inout Canvas) {
    let (rect, slots) = (queue.rect, queue.slots)
    let end = slots.last?.rect.maxX ?? rect.x + min(rect.width, max(queue.name.count + 2, 6))
    if inside > 0 {
      let style: Style = slots.isEmpty ? .faint : Meaning.ready.style
      canvas.drawBox(
        Rect(x: rect.x, y: rect.y, width: end - rect.x, height: rect.height), style, glyphs: glyphs)
      for slot in slots.dropFirst() {
        canvas.put(Cell(glyphs.joints[0], style), x: slot.rect.x, y: rect.y)
        for row in 1...inside { canvas.put(Cell(glyphs.side, style), x: slot.rect.x, y: rect.y + row) }
        canvas.put(Cell(glyphs.joints[1], style), x: slot.rect.x, y: rect.maxY - 1)
      }
      if let last = queue.last { canvas.drawBox(last.rect, style, glyphs: glyphs) }
      let heading = TextWidth.truncated(queue.name, to: max(0, rect.width - 2), ellipsis: glyphs.ellipsis)
      canvas.write(heading, x: rect.x + 1, y: rect.y, slots.isEmpty ? .dim : .strong)
    } else if slots.isEmpty {
      canvas.put(Cell(glyphs.track, .faint), x: rect.x + 1, y: rect.y)
    }
    for slot in queue.all {
      if let g = slot.g {
        write(g, in: slot.rect, on: &canvas)
      } else {
        writeUnknown(in: slot.rect, on: &canvas)
      }
    }
    if queue.hidden > 0 {
      let style: Style = queue.hidden > 200 ? .alarm : .eager
      canvas.write("+\(queue.hidden)", x: end, y: rect.y + layout.form.nameRow, style)
    }
  }

  // MARK: a G

  private func write(_ g: UInt64, in rect: Rect, on canvas: inout Canvas) {
    let (x, y, width) = (rect.x + 1, rect.y + layout.form.nameRow, rect.width - 2)
    let style: Style = followed == g ? .selected : Self.style(spawner: stage.gs[g]?.parent)
    func line(_ text: String, _ row: Int, _ style: Style) {
      let text = TextWidth.truncated(text, to: max(0, width), ellipsis: glyphs.ellipsis)
      canvas.write(text, x: x + max(0, (width - TextWidth.columns(of: text)) / 2), y: y + row, style)
    }
    line("G\(g)", 0, style)
    guard inside > 1 else { return }
    if let entry = stage.gs[g]?.entry {
      // An entry is `function at File.swift:31`. Blanks alone do not end the function, since closures have some in their names.
      let function = entry.firstPlace(of: " at ").map { String(entry[..<$0]) } ?? entry
      line(TextWidth.sanitised(function, isASCII: glyphs.isASCII), 1, .dim)
    }
    // A name is shown whole or not at all.
    if inside > 2, let parent = stage.gs[g]?.parent, "by G\(parent)".count <= width {
      line("by G\(parent)", 2, .faint)
    }
  }

  private func writeUnknown(in rect: Rect, on canvas: inout Canvas) {
    canvas.write("?", x: rect.x + rect.width / 2, y: rect.y + layout.form.nameRow, .dim)
  }

  /// The role of a G by the G that spawned it. Children of one G look alike.
  static func style(spawner: UInt64?) -> Style {
    guard let spawner else { return .strong }
    return [.spawner0, .spawner1, .spawner2, .spawner3, .spawner4, .spawner5][Int(spawner % 6)]
  }
}
