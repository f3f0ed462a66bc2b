// The whole picture: the shown screen and the overlays above it.

/// Draws the dashboard. The picture depends on the state alone.
public enum Screen {
  public static func draw(_ state: AppState) -> Canvas {
    var canvas = Canvas(size: state.size)
    let smallest = OverviewLayout.smallest
    guard state.size.holds(smallest) else {
      drawTooSmall(size: state.size, on: &canvas)
      if state.isHelpShown { HelpOverlay(state: state).draw(on: &canvas) }
      Messages(state: state).draw(on: &canvas)
      return canvas
    }
    drawScreen(state, on: &canvas)
    if state.isReportShown { PastOverlay(state: state)?.draw(on: &canvas) }
    WalkOverlay(state: state)?.draw(on: &canvas)
    BootOverlay(state: state)?.draw(on: &canvas)
    WhyOverlay(state: state)?.draw(on: &canvas)
    if let prompt = state.prompt, prompt.kind == .palette { Palette.draw(prompt, state, on: &canvas) }
    if state.isHelpShown { HelpOverlay(state: state).draw(on: &canvas) }
    Messages(state: state).draw(on: &canvas)
    if state.glyphs.isASCII { canvas.makeASCII() }
    return canvas
  }

  private static func drawScreen(_ state: AppState, on canvas: inout Canvas) {
    guard let frame = state.shown else {
      canvas.write("waiting for the first frame", x: 1, y: 0, .dim)
      return
    }
    if state.screen == .overview {
      Overview.draw(frame: frame, state: state, on: &canvas)
      let isTold = state.note != nil || state.latest?.recording != nil || frame.past?.step != nil
      if state.prompt != nil || isTold {
        Chrome(frame: frame, state: state).drawFooter(on: &canvas)
      }
      return
    }
    let chrome = Chrome(frame: frame, state: state)
    chrome.draw(on: &canvas)
    if state.screen == .timeline {
      TimelineScreen(frame: frame, state: state).draw(in: ListPanel.body(state.size), on: &canvas)
    } else if state.screen == .stage {
      StageScreen(frame: frame, state: state).draw(in: ListPanel.body(state.size), on: &canvas)
    } else if state.screen == .latency {
      LatencyScreen(frame: frame, state: state).draw(in: ListPanel.body(state.size), on: &canvas)
    } else {
      ListPanel.draw(frame, state, on: &canvas)
    }
    chrome.drawFooter(on: &canvas)
  }

  /// Says how large the screen is and how large it must be, one word per line where the line does not fit.
  static func drawTooSmall(size: Size, on canvas: inout Canvas) {
    let smallest = OverviewLayout.smallest
    let text =
      "terminal too small: \(size.columns)x\(size.rows), needs \(smallest.columns)x\(smallest.rows)"
    let words = text.split(separator: " ").map { StyledText(String($0), .strong) }
    canvas.writeFlowing(words, in: canvas.bounds, gap: 1, glyphs: .ascii)
  }
}
