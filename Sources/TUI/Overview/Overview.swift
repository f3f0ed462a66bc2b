// The first screen: the whole scheduler at a glance.
public import Inspector

/// Draws the Overview. The picture depends on the frame and the state alone.
public enum Overview {
  public static func draw(frame: Frame, state: AppState, on canvas: inout Canvas) {
    let layout = OverviewLayout(frame: frame, state: state)
    guard !layout.isTooSmall else { return Screen.drawTooSmall(size: state.size, on: &canvas) }
    HeaderSection(frame: frame, state: state).draw(in: layout.header, on: &canvas)
    HeaderSection(frame: frame, state: state).drawNews(in: layout.news, on: &canvas)
    LanesSection(frame: frame, glyphs: state.glyphs).draw(layout, on: &canvas)
    GoroutinesSection(snapshot: frame.snapshot, glyphs: state.glyphs)
      .draw(in: layout.goroutines, layout: layout, on: &canvas)
    ThreadsSection(ms: frame.snapshot.ms, glyphs: state.glyphs)
      .draw(in: layout.threads, layout: layout, on: &canvas)
    let trend = state.isTrendLong ? frame.detail.trend : nil
    HistorySection(frame: frame, trend: trend, glyphs: state.glyphs)
      .draw(layout, on: &canvas)
    Footer(state: state, lanes: layout.lanes).draw(in: layout.footer, on: &canvas)
  }

  /// The Overview as lines of text with every P: what `mpgtop -b` prints.
  ///
  /// - Parameter width: columns, clamped to 40…500.
  public static func plainText(_ frame: Frame, width: Int, glyphs: Glyphs) -> [String] {
    let columns = min(500, max(OverviewLayout.smallest.columns, width))
    let size = Size(columns: columns, rows: OverviewLayout.rowsForEverything(frame))
    var state = AppState(size: size, glyphs: glyphs)
    state.isInteractive = false
    var canvas = Canvas(size: size)
    draw(frame: frame, state: state, on: &canvas)
    return canvas.lines
  }
}
