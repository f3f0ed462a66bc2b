// The report of a past moment, over the screen. The keys that scroll the Ps scroll the report too.
import Inspector

struct PastOverlay {
  var state: AppState
  private let lines: [String]

  /// Makes the overlay; nil: the frame is of now, so there is no report.
  init?(state: AppState) {
    guard let frame = state.shown, let past = frame.past, let report = PastReport(frame) else { return nil }
    (self.state, lines) = (state, state.memos.reports.answer(past) { report.lines })
  }

  /// The first shown line, clamped to the lines that the report has.
  static func clamped(_ first: Int, of state: AppState) -> Int {
    guard let overlay = PastOverlay(state: state) else { return 0 }
    return max(0, min(first, overlay.lines.count - overlay.rows))
  }

  private var rows: Int { max(1, state.size.rows - 2) }

  func draw(on canvas: inout Canvas) {
    let area = Rect(x: 0, y: 1, width: state.size.columns, height: rows)
    canvas.fill(area)
    let first = Self.clamped(state.firstReportLine, of: state)
    let seen = Array(lines.dropFirst(first).prefix(rows))
    let fitted = PastReport.fitted(seen, width: max(1, area.width - 1), glyphs: state.glyphs)
    for (index, line) in fitted.enumerated() {
      canvas.write(line, x: 1, y: 1 + index, line.hasPrefix(" ") ? .text : .heading)
    }
  }
}
