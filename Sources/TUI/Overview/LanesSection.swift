// One lane for each P, and below the lanes the queue that all Ps share.
import Inspector

struct LanesSection {
  var frame: Frame
  var glyphs: Glyphs
  private var snapshot: Snapshot { frame.snapshot }

  init(frame: Frame, glyphs: Glyphs) {
    self.frame = frame
    self.glyphs = glyphs
  }

  func draw(_ layout: OverviewLayout, on canvas: inout Canvas) {
    let window = layout.lanes
    SectionHeading(
      title: "Processors (P) \(Quantity.grouped(snapshot.ps.count))",
      legend: "each runs one G at a time and keeps a queue of ready Gs (LRQ)"
    ).draw(in: layout.lanesHeading, glyphs: glyphs, on: &canvas)
    drawLanes(window, on: &canvas)
    drawGRQ(in: layout.grq, on: &canvas)
  }

  private func drawLanes(_ window: LaneWindow, on canvas: inout Canvas) {
    let gap = window.columns > 1 ? 3 : 0
    let width = (window.rect.width - gap * (window.columns - 1)) / window.columns
    let table = LaneTable(width: width, snapshot: snapshot)
    let rows = (window.shown + window.columns - 1) / window.columns
    for column in 0..<window.columns {
      let x = window.rect.x + column * (width + gap)
      table.drawTitles(x: x, y: window.rect.y, glyphs: glyphs, on: &canvas)
      for row in 0..<rows {
        let index = column * rows + row
        guard index < window.shown else { break }
        let p = snapshot.ps[window.first + index]
        let place = window.first + index
        let use = frame.use(ofRow: place)?.share(\.running)
        table.draw(p, use: use, x: x, y: window.rect.y + 1 + row, glyphs: glyphs, on: &canvas)
      }
    }
    if window.hasNoteRow {
      let y = window.rect.maxY - 1
      canvas.writeFitting(
        window.hiddenNote(glyphs), x: window.rect.x, y: y, width: window.rect.width, gap: 3, glyphs: glyphs)
    }
    if window.total == 0 {
      canvas.write("no processors yet", x: window.rect.x, y: window.rect.y + 1, .dim)
    }
  }

  /// Draws the global run queue. The queue has no fixed size, so its bar ends at the smallest power of two,
  /// from 256 on, that held the recent maximum. That end is always written: a bar without its scale says
  /// nothing.
  private func drawGRQ(in rect: Rect, on canvas: inout Canvas) {
    if !snapshot.tellsQueues { return drawReady(in: rect, on: &canvas) }
    guard rect.width >= LaneTable.freeGRQ else { return drawFreeGRQ(in: rect, on: &canvas) }
    let table = LaneTable(width: rect.width, snapshot: snapshot)
    guard let bar = table[.lrq], let now = table[.now], let max = table[.max] else { return }
    let scale = grqScale
    let labels = [" shared queue, bar to ", " shared, bar to ", ", bar to ", " of "]
    let words = labels.first { 3 + $0.count + Quantity.grouped(scale).count < bar.x } ?? " /"
    var label = StyledText("GRQ", .strong)
    label.append(snapshot.grq == nil ? " shared queue" : words + Quantity.grouped(scale), .dim)
    canvas.write(label, x: rect.x, y: rect.y, width: bar.x - 1, glyphs: glyphs)
    Bar(value: snapshot.grq, peak: snapshot.grqMax, scale: scale)
      .draw(x: rect.x + bar.x, y: rect.y, width: bar.width, glyphs: glyphs, on: &canvas)
    write(.amount(snapshot.grq, .strong), at: now, rect, on: &canvas)
    write(.amount(snapshot.grqMax, above: snapshot.grq ?? 0), at: max, rect, on: &canvas)
  }

  /// Draws how many Gs are ready, for a source that does not tell on which queue each of them stands.
  private func drawReady(in rect: Rect, on canvas: inout Canvas) {
    var line = StyledText("ready ", .strong)
    line.append(Quantity.grouped(snapshot.gs.runnable), snapshot.gs.runnable > 0 ? Meaning.ready.style : .dim)
    line.append("   LRQ or GRQ is not told", .dim)
    canvas.write(line, x: rect.x, y: rect.y, width: rect.width, glyphs: glyphs)
  }

  /// Draws the global run queue on a narrow screen: numbers first, then the bar, then the bar's scale.
  private func drawFreeGRQ(in rect: Rect, on canvas: inout Canvas) {
    var label = StyledText("GRQ ", .strong)
    if rect.width >= 50 { label.append("shared queue ", .dim) }
    label.append(.amount(snapshot.grq, .strong))
    label.append(" max ", .dim)
    label.append(.amount(snapshot.grqMax, above: snapshot.grq ?? 0))
    label.append(" ", .text)
    let used = canvas.write(label, x: rect.x, y: rect.y, width: rect.width, glyphs: glyphs)
    guard snapshot.grq != nil else { return }
    let end = StyledText(" of " + Quantity.grouped(grqScale), .dim)
    let room = rect.width - used - end.width
    guard room > 0 else { return }
    Bar(value: snapshot.grq, peak: snapshot.grqMax, scale: grqScale)
      .draw(x: rect.x + used, y: rect.y, width: room, glyphs: glyphs, on: &canvas)
    canvas.write(end, x: rect.maxX - end.width, y: rect.y, width: end.width, glyphs: glyphs)
  }

  private func write(
    _ text: StyledText, at place: LaneTable.Placed, _ rect: Rect, on canvas: inout Canvas
  ) {
    canvas.write(
      text, x: rect.x + place.x + place.width - text.width, y: rect.y, width: text.width, glyphs: glyphs)
  }

  private var grqScale: Int {
    let seen = [snapshot.grq, snapshot.grqMax] + frame.minute.map(\.grqMax)
    let largest = seen.compactMap { $0 }.max() ?? 0
    var scale = 256
    while scale < largest && scale < 1 << 40 { scale *= 2 }
    return scale
  }
}
