// A level as a bar that grows to the right, with a mark at the highest level.

/// The level of something that fills, and its highest level since the last frame.
struct Bar: Equatable {
  /// The level; nil: not known, so nothing is drawn.
  var value: Int?
  /// The highest level since the last frame; nil: not known, so there is no mark.
  var peak: Int?
  /// The level at which the bar is full.
  var scale: Int

  /// Draws the bar. A level above zero shows at least the thinnest stroke, and only a full bar fills its last
  /// cell.
  func draw(x: Int, y: Int, width: Int, glyphs: Glyphs, on canvas: inout Canvas) {
    guard let value else { return }
    let steps = glyphs.eighths.count
    let filled = strokes(of: value, in: width * steps)
    for column in 0..<max(0, width) {
      let inCell = min(steps, filled - column * steps)
      let cell = inCell > 0 ? Cell(glyphs.eighths[inCell - 1], style) : Cell(glyphs.track, .faint)
      canvas.put(cell, x: x + column, y: y)
    }
    guard let peak else { return }
    let mark = strokes(of: peak, in: width) - 1
    if peak > value, mark * steps >= filled { canvas.put(Cell(glyphs.peak, .peak), x: x + mark, y: y) }
  }

  private func strokes(of value: Int, in total: Int) -> Int {
    guard value > 0, scale > 0, total > 0 else { return 0 }
    guard value < scale else { return total }
    return max(1, Int(Double(value) / Double(scale) * Double(total)))
  }

  /// The role of ready Gs; from nine tenths of `scale` on the role of an alarm, because the queue will soon
  /// overflow.
  var style: Style {
    let share = scale > 0 ? Double(value ?? 0) / Double(scale) : 0
    return (share >= 0.9 ? Meaning.wrong : .ready).style
  }
}
