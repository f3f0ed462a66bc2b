// A series as a row, or several rows, of block glyphs; the newest value stands at the right.

/// The course of a value over time.
struct Sparkline: Equatable {
  var values: [Double]
  var style: Style
  /// The value at full height; what is larger is cut there.
  var scale: Double

  init(values: [Double], style: Style) {
    (self.values, self.style) = (values, style)
    scale = values.filter(\.isFinite).max() ?? 0
  }

  /// Draws the newest values that fit, `columnsPerValue` wide each. Times without a value stay blank, a zero is
  /// a dot on the ground, and anything above zero is seen.
  func draw(in rect: Rect, columnsPerValue: Int = 1, glyphs: Glyphs, on canvas: inout Canvas) {
    guard !rect.isEmpty, columnsPerValue > 0 else { return }
    let shown = values.suffix(rect.width / columnsPerValue)
    var x = rect.maxX - shown.count * columnsPerValue
    for value in shown {
      for _ in 0..<columnsPerValue {
        drawColumn(value, x: x, in: rect, glyphs: glyphs, on: &canvas)
        x += 1
      }
    }
  }

  private func drawColumn(_ value: Double, x: Int, in rect: Rect, glyphs: Glyphs, on canvas: inout Canvas) {
    let steps = glyphs.levels.count
    let height = level(of: value, in: rect.height * steps)
    if height == 0 { canvas.put(Cell(glyphs.track, .faint), x: x, y: rect.maxY - 1) }
    for row in 0..<rect.height {
      let inCell = min(steps, height - row * steps)
      guard inCell > 0 else { return }
      canvas.put(Cell(glyphs.levels[inCell - 1], style), x: x, y: rect.maxY - 1 - row)
    }
  }

  private func level(of value: Double, in total: Int) -> Int {
    guard value.isFinite, value > 0, scale > 0 else { return 0 }
    return max(1, Int((min(1, value / scale) * Double(total)).rounded()))
  }
}
