// The whole picture: the current screen, and what may lie above it.

/// Draws the dashboard. A pure function of the state.
public enum Screen {
  public static func draw(_ state: AppState) -> Canvas {
    var canvas = Canvas(size: state.size)
    let smallest = OverviewLayout.smallest
    if !state.size.holds(smallest) {
      drawTooSmall(size: state.size, on: &canvas)
    } else if let frame = state.shown {
      Overview.draw(frame: frame, state: state, on: &canvas)
    } else {
      canvas.write("waiting for the first frame", x: 1, y: 0, .dim)
    }
    if state.isReportShown, state.size.holds(smallest) { PastOverlay(state: state)?.draw(on: &canvas) }
    if state.isHelpShown { HelpOverlay(state: state).draw(on: &canvas) }
    return canvas
  }

  /// Says what there is and what is needed, word by word where the screen is narrower than the line.
  static func drawTooSmall(size: Size, on canvas: inout Canvas) {
    let smallest = OverviewLayout.smallest
    let text =
      "terminal too small: \(size.columns)x\(size.rows), needs \(smallest.columns)x\(smallest.rows)"
    let words = text.split(separator: " ").map { StyledText(String($0), .strong) }
    canvas.writeFlowing(words, in: canvas.bounds, gap: 1, glyphs: .ascii)
  }
}
