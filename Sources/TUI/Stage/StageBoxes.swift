// The boxes of the stage: what the Ps run, and their queues.
import Inspector
import Region

/// Draws the boxes of one stage.
struct StageBoxes {
  let stage: Stage
  let layout: StageLayout
  let followed: UInt64?
  /// How the scheduler is paced; nil: it cannot be.
  let pace: Pace?
  let glyphs: Glyphs

  /// The rows inside a box; 0: boxes have no borders.
  private var inside: Int { if case .boxes(let rows) = layout.form { rows } else { 0 } }

  func draw(_ lane: StageLayout.Lane, on canvas: inout Canvas) {
    drawLabel(lane, on: &canvas)
    drawRunning(lane, on: &canvas)
    drawQueue(
      lane.nextSlots, hidden: 0, lane.next.width >= 9 ? "runnext" : "next", in: lane.next, on: &canvas)
    drawQueue(
      lane.slots, last: lane.lastSlot, hidden: lane.hidden, Self.name("LRQ", lane.p.lrq), in: lane.lrq,
      on: &canvas)
  }

  /// Writes the names of the columns, where boxes have none.
  func drawNames(on canvas: inout Canvas) {
    guard let row = layout.names, let lane = layout.lanes.first else { return }
    let columns = [
      (lane.running, "runs"), (lane.next, lane.next.width >= 9 ? "runnext" : "next"), (lane.lrq, "LRQ"),
    ]
    for (rect, name) in columns { canvas.write(name, x: rect.x + 1, y: row.y, .dim) }
  }

  func drawGRQ(on canvas: inout Canvas) {
    let label = layout.grq.x - 7
    canvas.write("GRQ", x: label, y: layout.grq.y + layout.form.nameRow, .strong)
    drawQueue(
      layout.grqSlots, last: layout.grqLast, hidden: layout.grqHidden, Self.name("GRQ", stage.snapshot.grq),
      in: layout.grq,
      on: &canvas)
  }

  private static func name(_ queue: String, _ depth: Int?) -> String {
    "\(queue) \(depth.map { Quantity.grouped($0) } ?? "-")"
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
      frame(Rect(x: rect.x, y: rect.y, width: rect.width, height: inside + 2), status.style, on: &canvas)
      // A thread that does not wait for its turn, although the scheduler is held, is in the program's own code.
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

  /// What a P does that runs no G, in a word that fits into its box.
  private static func word(_ status: PStatus) -> String {
    switch status {
    case .idle: "idle"
    case .running: "-"
    case .spinning: "search"
    case .syscall: "call"
    case .stopped: "stop"
    }
  }

  private func drawQueue(
    _ slots: [StageLayout.Slot], last lastSlot: StageLayout.Slot? = nil, hidden: Int, _ name: String,
    in rect: Rect, on canvas: inout Canvas
  ) {
    let last = slots.last?.rect.maxX ?? rect.x + min(rect.width, max(slots.isEmpty ? name.count + 2 : 0, 6))
    if inside > 0 {
      let style: Style = slots.isEmpty ? .faint : Meaning.ready.style
      frame(Rect(x: rect.x, y: rect.y, width: last - rect.x, height: inside + 2), style, on: &canvas)
      for slot in slots.dropFirst() {
        canvas.put(Cell(glyphs.joints[0], style), x: slot.rect.x, y: rect.y)
        for row in 1...inside { canvas.put(Cell(glyphs.side, style), x: slot.rect.x, y: rect.y + row) }
        canvas.put(Cell(glyphs.joints[1], style), x: slot.rect.x, y: rect.y + inside + 1)
      }
      let heading = TextWidth.truncated(name, to: max(0, rect.width - 2), ellipsis: glyphs.ellipsis)
      canvas.write(heading, x: rect.x + 1, y: rect.y, slots.isEmpty ? .dim : .strong)
    } else if slots.isEmpty {
      canvas.put(Cell(glyphs.track, .faint), x: rect.x + 1, y: rect.y)
    }
    if let lastSlot, inside > 0 {
      let box = Rect(x: lastSlot.rect.x, y: rect.y, width: lastSlot.rect.width, height: inside + 2)
      frame(box, Meaning.ready.style, on: &canvas)
    }
    for slot in slots + [lastSlot].compactMap({ $0 }) {
      if let g = slot.g {
        write(g, in: slot.rect, on: &canvas)
      } else {
        writeUnknown(in: slot.rect, on: &canvas)
      }
    }
    if hidden > 0 {
      let style: Style = hidden > 200 ? .alarm : .eager
      canvas.write("+\(hidden)", x: last, y: rect.y + layout.form.nameRow, style)
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
      // `function at File.swift:31`; closures have blanks in their names.
      let function = entry.split(separator: " at ").first.map(String.init) ?? entry
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

  private func frame(_ rect: Rect, _ style: Style, on canvas: inout Canvas) {
    guard rect.width >= 2, rect.height >= 2 else { return }
    let (right, bottom) = (rect.maxX - 1, rect.maxY - 1)
    for x in rect.x..<rect.maxX {
      canvas.put(Cell(glyphs.rule, style), x: x, y: rect.y)
      canvas.put(Cell(glyphs.rule, style), x: x, y: bottom)
    }
    for y in rect.y...bottom {
      canvas.put(Cell(glyphs.side, style), x: rect.x, y: y)
      canvas.put(Cell(glyphs.side, style), x: right, y: y)
    }
    for (place, corner) in [(rect.x, rect.y), (right, rect.y), (right, bottom), (rect.x, bottom)].enumerated()
    {
      canvas.put(Cell(glyphs.corners[place], style), x: corner.0, y: corner.1)
    }
  }
}
