// The report of a moment in the past, over the screen: scrolled by the same keys as the Ps.
import Inspector

struct PastOverlay {
  var state: AppState
  private let report: PastReport

  /// nil: there is nothing to report, since the frame is of now.
  init?(state: AppState) {
    guard let report = state.shown.flatMap({ PastReport($0) }) else { return nil }
    (self.state, self.report) = (state, report)
  }

  /// The line that the overlay begins with, of those that there are.
  static func clamped(_ first: Int, of state: AppState) -> Int {
    guard let overlay = PastOverlay(state: state) else { return 0 }
    return max(0, min(first, overlay.report.lines.count - overlay.rows))
  }

  private var rows: Int { max(1, state.size.rows - 2) }

  func draw(on canvas: inout Canvas) {
    let area = Rect(x: 0, y: 1, width: state.size.columns, height: rows)
    canvas.fill(area)
    let lines = report.lines(width: max(1, area.width - 1), glyphs: state.glyphs)
    let first = Self.clamped(state.firstReportLine, of: state)
    for (index, line) in lines.dropFirst(first).prefix(rows).enumerated() {
      canvas.write(line, x: 1, y: 1 + index, line.hasPrefix(" ") ? .text : .heading)
    }
  }
}
