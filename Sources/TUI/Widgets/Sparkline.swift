// A series of values as one or more rows of block glyphs. The newest value stands at the right.

/// The course of a value over time.
struct Sparkline: Equatable {
  /// The values, the newest last; an element is nil where the value is not known.
  var values: [Double?]
  var style: Style
  /// The value at full height; larger values are cut there.
  var scale: Double

  init(values: [Double?], style: Style) {
    (self.values, self.style) = (values, style)
    scale = values.compactMap { $0 }.filter(\.isFinite).max() ?? 0
  }

  /// Draws the last `count` values over the whole width; on fewer columns than that, only the newest values.
  ///
  /// A time without a value stays blank, a zero is a dot on the base line, and any value above zero is visible.
  func draw(in rect: Rect, count: Int, glyphs: Glyphs, on canvas: inout Canvas) {
    guard !rect.isEmpty, count > 0 else { return }
    let slots = min(count, rect.width)
    let shown = values.suffix(slots)
    for column in 0..<rect.width {
      let slot = column * slots / rect.width - (slots - shown.count)
      guard slot >= 0, let value = shown[shown.startIndex + slot] else { continue }
      drawColumn(value, x: rect.x + column, in: rect, glyphs: glyphs, on: &canvas)
    }
  }

  private func drawColumn(_ value: Double, x: Int, in rect: Rect, glyphs: Glyphs, on canvas: inout Canvas) {
    let steps = glyphs.levels.count
    let height = level(of: value, in: rect.height * steps)
    if height == 0 { canvas.put(Cell(glyphs.ground, .faint), x: x, y: rect.maxY - 1) }
    for row in 0..<rect.height {
      let inCell = min(steps, height - row * steps)
      guard inCell > 0 else { return }
      let cell = Cell(glyphs.levels[inCell - 1], rect.height > 2 ? style.shade : style)
      canvas.put(cell, x: x, y: rect.maxY - 1 - row)
    }
  }

  private func level(of value: Double, in total: Int) -> Int {
    guard value.isFinite, value > 0, scale > 0 else { return 0 }
    return max(1, Int((min(1, value / scale) * Double(total)).rounded()))
  }
}
