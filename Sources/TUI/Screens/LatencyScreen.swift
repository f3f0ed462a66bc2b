// Latency and pressure: how long ready Gs had to wait before they ran, and whether the wait could have been
// avoided.
import Inspector
import Region

struct LatencyScreen {
  let frame: Frame
  let state: AppState
  private var glyphs: Glyphs { state.glyphs }

  static let kinds = SpanKind.allCases
  /// The kind of latency that is chosen.
  static func kind(_ state: AppState) -> SpanKind { kinds[min(max(0, state.latencyKind), kinds.count - 1)] }
  private var kind: SpanKind { Self.kind(state) }

  func draw(in rect: Rect, on canvas: inout Canvas) {
    guard let instruments = frame.instruments else {
      canvas.write("no events are taken in yet", x: rect.x, y: rect.y, .dim)
      return
    }
    if let absence = frame.snapshot.trace.absence {
      return drawWithoutEvents(instruments, absence, in: rect, on: &canvas)
    }
    var rest = rect
    let isTight = rect.height < 12
    drawPressure(instruments, in: rest.takeRows(isTight ? 2 : 3), on: &canvas)
    drawCPUs(instruments.cpu, in: rest.takeRows(1), on: &canvas)
    if !isTight { _ = rest.takeRows(1) }
    drawTable(instruments, in: rest.takeRows(Self.kinds.count + 1), on: &canvas)
    if let collector = instruments.collector { drawCollector(collector, in: rest.takeRows(3), on: &canvas) }
    let findings = instruments.findings.prefix(max(0, min(3, rest.height)))
    for (index, finding) in findings.enumerated() {
      let line = text(of: finding)
      let y = rest.maxY - findings.count + index
      canvas.write(line, x: rest.x, y: y, width: rest.width, glyphs: glyphs)
    }
    rest = Rect(x: rest.x, y: rest.y, width: rest.width, height: rest.height - findings.count)
    if rest.height >= 8 { _ = rest.takeRows(1) }
    if rest.height >= 4 { drawHeatMap(instruments, in: rest, on: &canvas) }
  }

  private func text(of finding: Finding) -> StyledText {
    var line = StyledText("! ", .alarm)
    line.append(TextWidth.sanitised(finding.message, isASCII: glyphs.isASCII), .strong)
    return line
  }

  /// Draws what is known without events: what the target has measured itself, the CPUs, and the findings in full
  /// length.
  private func drawWithoutEvents(
    _ instruments: Instruments, _ absence: String, in rect: Rect, on canvas: inout Canvas
  ) {
    var rows = rect
    func write(_ line: StyledText) {
      let row = rows.takeRows(1)
      guard !row.isEmpty else { return }
      canvas.write(line, x: row.x, y: row.y, width: row.width, glyphs: glyphs)
    }
    for line in sampled(width: rect.width) { write(line) }
    drawCPUs(instruments.cpu, in: rows.takeRows(1), on: &canvas)
    if let quota = instruments.quota { write(text(of: quota)) }
    write(StyledText(absence, .dim))
    if rows.height > 2 { _ = rows.takeRows(1) }
    for finding in instruments.findings {
      let words = "! " + TextWidth.sanitised(finding.message, isASCII: glyphs.isASCII)
      for (index, line) in TextWidth.wrapped(words, to: rect.width, hanging: 2).enumerated() {
        var styled = StyledText(index == 0 ? "! " : "", .alarm)
        styled.append(index == 0 ? String(line.dropFirst(2)) : line, .strong)
        write(styled)
      }
    }
    if instruments.findings.isEmpty, snapshot.sampled != nil {
      write(StyledText("no finding: nothing that is looked for has been seen", .dim))
    }
  }

  private var snapshot: Snapshot { frame.snapshot }

  /// The limit of CPU time that the program's control groups set.
  private func text(of quota: CPUQuota) -> StyledText {
    var line = StyledText("limit of group ", .dim)
    line.append(TextWidth.sanitised(quota.group, isASCII: glyphs.isASCII), .text)
    line.append(.facts([(":", Quantity.compact(quota.cpus) + " CPUs"), ("Ps", "\(snapshot.procs)")]))
    if let share = quota.throttledShare {
      line.append("   all threads stopped in ", .dim)
      line.append(Quantity.percent(share), share >= 0.1 ? .alarm : .strong)
      line.append(" of its periods", .dim)
    }
    return line
  }

  /// The latencies that a sampled target has measured itself, as lines: a source that samples has no events for these. Other
  /// sources have no lines here.
  private func sampled(width: Int) -> [StyledText] {
    guard let sampled = frame.snapshot.sampled else { return [] }
    let latency = sampled.runLatency
    func time(_ time: UInt64?) -> String { time.map { TimeText.short($0) } ?? "-" }
    let isNarrow = width < 110
    return [
      .facts([
        (
          isNarrow ? "ready before they ran: p50" : "ready before they ran, in the last second: p50",
          time(latency?.p50)
        ),
        ("p90", time(latency?.p90)), ("p99", time(latency?.p99)), ("max", time(latency?.max)),
        (isNarrow ? "Gs" : "Gs measured", Quantity.compact(latency?.count)),
      ]),
      .facts([
        (isNarrow ? "waits for mutexes, ever" : "waits for mutexes, all together", time(sampled.mutexWait)),
        (isNarrow ? "now" : "so many Gs at a time", frame.mutexWaiters.map { Quantity.compact($0) } ?? "-"),
        (isNarrow ? "stops for GC" : "stops of the world: for the GC", Quantity.compact(sampled.stopsForGC)),
        (isNarrow ? "other stops" : "others", Quantity.compact(sampled.otherStops)),
      ]),
    ]
  }

  // MARK: pressure

  private struct Part {
    var name: String
    var time: UInt64
    var glyph: Unicode.Scalar
    var style: Style
  }

  private func parts(_ pressure: Pressure) -> [Part] {
    [
      Part(
        name: "saturated", time: pressure.saturated, glyph: glyphs.eighths[glyphs.eighths.count - 1],
        style: Meaning.ready.style),
      Part(name: "avoidable", time: pressure.avoidable, glyph: "!", style: Meaning.wrong.style),
      Part(name: "searching", time: pressure.searching, glyph: "~", style: Meaning.searching.style),
      Part(name: "unpolled", time: pressure.unpolled, glyph: "?", style: Meaning.wrong.style),
      Part(name: "calm", time: pressure.calm, glyph: glyphs.track, style: .faint),
    ]
  }

  /// Draws the measured time as a bar, and its parts in per cent.
  private func drawPressure(_ instruments: Instruments, in rect: Rect, on canvas: inout Canvas) {
    let pressure = instruments.pressure
    let measured = pressure.measured
    var rows = rect
    if rect.height > 2 {
      SectionHeading(
        title: "Pressure",
        legend: "of \(TimeText.short(measured)) measured: did ready Gs wait for a P, and why"
      ).draw(in: rows.takeRows(1), glyphs: glyphs, on: &canvas)
    }
    guard measured > 0 else {
      canvas.write("not measured yet", x: rows.x, y: rows.y, .dim)
      return
    }
    // "Unpolled" is the time in which long-running Gs kept every M from polling. Most programs have none, and for these
    // the bar has no such part.
    let parts = parts(pressure).filter { $0.time > 0 || $0.name != "unpolled" }
    var (sum, used) = (UInt64(0), 0)
    for part in parts {
      sum &+= part.time
      let end = Int((Double(sum) / Double(measured) * Double(rows.width)).rounded())
      for column in used..<max(used, min(end, rows.width)) {
        canvas.put(Cell(part.glyph, part.style), x: rows.x + column, y: rows.y)
      }
      used = max(used, end)
    }
    let words = [
      "saturated": "all Ps busy", "avoidable": "a P was idle", "searching": "a P looked",
      "unpolled": "news lay in the kernel", "calm": "no G waited for a P",
    ]
    let texts = parts.map { part in
      var text = StyledText("\(part.glyph) ", part.style)
      text.append(part.name + " ", .dim)
      text.append(Quantity.percent(Double(part.time) / Double(measured)), .strong)
      if rows.width >= 100 { text.append(" " + (words[part.name] ?? ""), .faint) }
      return text
    }
    canvas.writeFitting(
      texts, x: rows.x, y: rows.y + 1, width: rows.width, gap: rows.width >= 60 ? 3 : 1, glyphs: glyphs)
  }

  /// Draws a fact that no P shows: whether the threads got the CPUs that they wanted.
  private func drawCPUs(_ cpu: CPUPressure?, in rect: Rect, on canvas: inout Canvas) {
    var line = StyledText("CPUs ", .dim)
    if let cpu, cpu.window > 0, let share = cpu.share {
      let waiting = Quantity.compact(Double(cpu.waited) / Double(cpu.window))
      line.append("threads waited ", .dim)
      line.append(Quantity.percent(share), share >= 0.1 ? .alarm : .strong)
      line.append(rect.width < 60 ? " of ready time" : " of the time that they were ready", .dim)
      if rect.width >= 60 { line.append(" (\(waiting) on average)", .dim) }
    } else {
      line.append(frame.past == nil ? "not measured yet" : "of the past the system keeps no account", .dim)
    }
    canvas.write(line, x: rect.x, y: rect.y, width: rect.width, glyphs: glyphs)
  }

  // MARK: the table

  static func name(_ kind: SpanKind) -> String {
    switch kind {
    case .runQueue: "ready until run"
    case .netpoll: "found ready until run"
    case .slice: "in one go on a P"
    case .syscall: "in a system call"
    }
  }

  private func drawTable(_ instruments: Instruments, in rect: Rect, on canvas: inout Canvas) {
    let (nameWidth, columns) = Self.columns(width: rect.width)
    canvas.write(
      rect.width < 60 ? "" : "last \(TimeText.short(instruments.recentTime))", x: rect.x, y: rect.y, .dim
    )
    for (index, title) in columns.enumerated() {
      canvas.write(title, x: rect.x + nameWidth + index * 8 + 7 - title.count, y: rect.y, .dim)
    }
    for (row, kind) in Self.kinds.enumerated() {
      let (y, isChosen) = (rect.y + 1 + row, kind == self.kind)
      if isChosen, state.isInteractive { canvas.put(Cell(glyphs.pointer, .key), x: rect.x - 1, y: y) }
      let line = Rect(x: rect.x, y: y, width: rect.width, height: 1)
      drawSpans(Self.name(kind), instruments.recent.spans[kind], isChosen: isChosen, in: line, on: &canvas)
    }
  }

  /// Draws a row of the table.
  private func drawSpans(
    _ name: String, _ spans: SpanHistogram, isChosen: Bool, in rect: Rect, on canvas: inout Canvas
  ) {
    let (nameWidth, columns) = Self.columns(width: rect.width)
    canvas.write(
      TextWidth.truncated(name, to: nameWidth, ellipsis: glyphs.ellipsis), x: rect.x, y: rect.y,
      isChosen ? .key : .text)
    for (index, title) in columns.enumerated() {
      let text = Self.text(title, spans)
      let style: Style = spans.count == 0 ? .faint : title == "p50" || title == "p99" ? .strong : .text
      canvas.write(text, x: rect.x + nameWidth + index * 8 + 7 - text.unicodeScalars.count, y: rect.y, style)
    }
  }

  private static func columns(width: Int) -> (name: Int, titles: [String]) {
    width < 60
      ? (12, ["p50", "p99", "max"]) : (23, ["times", "mean", "p50", "p90", "p99", "p99.9", "max"])
  }

  /// Draws what the garbage collector took, where the source tells it.
  private func drawCollector(_ collector: CollectorTimes, in rect: Rect, on canvas: inout Canvas) {
    var rows = rect
    for (name, spans) in [
      ("GC assist", collector.assists), ("GC sweep", collector.sweeps), ("world stopped", collector.stops),
    ]
    where !rows.isEmpty {
      drawSpans(name, spans, isChosen: false, in: rows.takeRows(1), on: &canvas)
    }
  }

  private static func text(_ column: String, _ spans: SpanHistogram) -> String {
    if column == "times" { return Quantity.compact(spans.count) }
    guard spans.count > 0 else { return "-" }
    return switch column {
    case "mean": TimeText.short(UInt64(max(0, spans.mean)))
    case "p50": TimeText.short(spans.percentile(50))
    case "p90": TimeText.short(spans.percentile(90))
    case "p99": TimeText.short(spans.percentile(99))
    case "p99.9": TimeText.short(spans.percentile(99.9))
    default: TimeText.short(spans.longest)
    }
  }

  // MARK: the heat map

  /// Draws the lengths of spans over time: a column for each second, a row for each power of two of the length.
  /// The shade tells how many spans of that second were that long.
  private func drawHeatMap(_ instruments: Instruments, in rect: Rect, on canvas: inout Canvas) {
    var rows = rect
    SectionHeading(
      title: "\(Self.name(kind)), second by second",
      legend: "higher: longer; Up and Down choose what is shown"
    ).draw(in: rows.takeRows(1), glyphs: glyphs, on: &canvas)
    let label = 8
    let wide = max(1, (rows.width - label) / Instruments.mostSeconds)
    let seconds = instruments.seconds.suffix(max(1, rows.width - label))
    let counts = seconds.map { $0.activity.spans[kind].powersOfTwo }
    let all = counts.reduce(into: [UInt64](repeating: 0, count: 64)) { sums, row in
      for (index, count) in row.enumerated() where index < 64 { sums[index] &+= count }
    }
    guard let low = all.firstIndex(where: { $0 > 0 }), let high = all.lastIndex(where: { $0 > 0 }) else {
      let seen = min(instruments.time &- instruments.since, UInt64(seconds.count) * 1_000_000_000)
      canvas.write("none in the last \(TimeText.short(seen))", x: rows.x, y: rows.y, .dim)
      return
    }
    // As many powers of two as there are rows. Where they do not all fit, the shortest are left out: the
    // longest matter most.
    let bands = min(high - low + 1, rows.height)
    let largest = max(1, counts.flatMap { $0 }.max() ?? 1)
    for band in 0..<bands {
      let (power, y) = (high - band, rows.y + band)
      let text = TimeText.short(1 << UInt64(min(power, 62)))
      canvas.write(text, x: rows.x + label - 1 - text.unicodeScalars.count, y: y, .dim)
      for (second, row) in counts.enumerated() {
        let count = power < row.count ? row[power] : 0
        let x = rows.maxX - (counts.count - second) * wide
        for column in 0..<wide { canvas.put(heat(count, largest), x: x + column, y: y) }
      }
    }
  }

  /// The cell for a count. Each darker shade stands for four times as many spans.
  private func heat(_ count: UInt64, _ largest: UInt64) -> Cell {
    let shades: [Unicode.Scalar] = glyphs.isASCII ? [".", ":", "+", "#", "@"] : ["·", "░", "▒", "▓", "█"]
    let level = StealsScreen.level(count, of: largest, steps: shades.count)
    guard level > 0 else { return .blank }
    return Cell(shades[level - 1], level == 1 ? .dim : level < shades.count ? .amount : .strong)
  }
}
