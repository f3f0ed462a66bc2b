// The last minute as graphs, a second to a column: throughput, the global run queue, and the parked Gs. On
// demand, all of the known history in as many columns.
import Inspector

struct HistorySection {
  var frame: Frame
  /// All of the known history; nil: the last minute is shown.
  var trend: Trend?
  var glyphs: Glyphs

  /// The width of the names before the graphs.
  private static let labelWidth = 18
  private static let seconds = 60

  private struct Series {
    var name: String
    var shortName: String
    /// One value for each column; for gauges, the largest value within the column. nil: it is not known.
    var values: [Double?]
    /// The value at the frame's moment; nil: it is not known.
    var last: Double?
    var style: Style
  }

  private var points: [Frame.Point] { trend?.points ?? frame.minute }

  private var series: [Series] {
    [
      Series(
        name: "switches/s", shortName: "sw/s", values: points.map(\.switchesPerSecond),
        last: frame.switchesPerSecond, style: Meaning.running.style),
      Series(
        name: "GRQ", shortName: "GRQ", values: points.map { $0.grqMax.map(Double.init) },
        last: frame.snapshot.grq.map(Double.init), style: Meaning.ready.style),
      Series(
        name: "parked", shortName: "park", values: points.map { $0.parkedMax.map(Double.init) },
        last: Double(frame.snapshot.gs.waiting.values.reduce(0, +)), style: .amount),
    ]
  }

  func draw(_ layout: OverviewLayout, on canvas: inout Canvas) {
    var rows = layout.history
    let isNarrow = rows.width < Self.labelWidth + 40
    let labelWidth = isNarrow ? 11 : Self.labelWidth
    let graphWidth = rows.width - labelWidth
    if layout.isRoomy {
      let shown = min(Self.seconds, graphWidth)
      SectionHeading(title: title(shown), legend: legend)
        .draw(in: rows.takeRows(1), glyphs: glyphs, on: &canvas)
    }
    for (series, height) in zip(series, layout.graphRows) {
      var rect = rows.takeRows(height)
      drawLabel(series, in: rect.takeColumns(labelWidth), isNarrow: isNarrow, on: &canvas)
      Sparkline(values: series.values.suffix(Self.seconds), style: series.style)
        .draw(in: airy(rect), count: Self.seconds, glyphs: glyphs, on: &canvas)
    }
    drawAxis(in: Rect(x: rows.x + labelWidth, y: rows.y, width: graphWidth, height: rows.height), on: &canvas)
  }

  /// The time that one column stands for, in nanoseconds.
  private var step: UInt64 { trend?.step ?? 1_000_000_000 }

  private func title(_ columns: Int) -> String {
    guard trend != nil else { return "Last \(TimeText.exact(UInt64(columns) * step))" }
    return "Last \(TimeText.short(step * UInt64(columns)))"
  }

  private var legend: String {
    guard let trend else { return "newest at the right; beside the names: the maximum" }
    let column = "\(TimeText.short(step)) a column"
    let gone = trend.exact < step * UInt64(points.count)
    return column + (gone ? ", events of the last \(TimeText.short(trend.exact))" : "")
  }

  /// Leaves a blank row above a tall graph.
  private func airy(_ rect: Rect) -> Rect {
    var rest = rect
    if rect.height >= 4 { _ = rest.takeRows(1) }
    return rest
  }

  private func drawLabel(_ series: Series, in rect: Rect, isNarrow: Bool, on canvas: inout Canvas) {
    let area = airy(rect)
    // Before the first point there is no maximum yet, so it counts as 0, unless the source does not tell the value at all.
    let known = series.values.compactMap { $0 }
    let maximum = Quantity.compact(known.max() ?? series.last.map { _ in 0 })
    if area.height >= 3 {
      canvas.write(series.name, x: area.x, y: area.y, series.style)
      writeValue("max", maximum, x: area.x, y: area.y + 1, on: &canvas)
      writeValue("last", Quantity.compact(series.last), x: area.x, y: area.y + 2, on: &canvas)
    } else if isNarrow {
      canvas.write(series.shortName, x: area.x, y: area.y, series.style)
      canvas.write(maximum, x: area.x + 5, y: area.y, .strong)
    } else {
      canvas.write(series.name, x: area.x, y: area.y, series.style)
      canvas.write(maximum, x: area.x + 16 - maximum.count, y: area.y, .strong)
    }
  }

  /// Draws `60 s ago … 30 s ago … now`, if there is a row for it.
  private func drawAxis(in rect: Rect, on canvas: inout Canvas) {
    guard !rect.isEmpty else { return }
    let marks =
      trend == nil
      ? [("60 s ago", 0), ("45", 1), ("30", 2), ("15", 3), ("now", 4)]
      : (0...4).map { quarter in
        let ago = TimeText.short(step * UInt64(Self.seconds * (4 - quarter) / 4))
        return (quarter == 4 ? "now" : quarter == 0 ? ago + " ago" : ago, quarter)
      }
    for (text, quarter) in marks {
      let centre = rect.x + rect.width * quarter / 4
      let x = quarter == 0 ? centre : quarter == 4 ? rect.maxX - text.count : centre - text.count / 2
      canvas.write(text, x: x, y: rect.y, .dim)
    }
  }

  private func writeValue(_ label: String, _ value: String, x: Int, y: Int, on canvas: inout Canvas) {
    let used = canvas.write(label + " ", x: x, y: y, .dim)
    canvas.write(value, x: x + used, y: y, .strong)
  }
}
