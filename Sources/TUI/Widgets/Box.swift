// A box: the frame around an overlay, and around what stands on the stage.

extension Canvas {
  /// Draws the frame of a box along the edges of `rect`. What is inside stays as it is.
  mutating func drawBox(_ rect: Rect, _ style: Style, glyphs: Glyphs) {
    guard rect.width >= 2, rect.height >= 2 else { return }
    let (right, bottom) = (rect.maxX - 1, rect.maxY - 1)
    for x in rect.x...right {
      put(Cell(glyphs.rule, style), x: x, y: rect.y)
      put(Cell(glyphs.rule, style), x: x, y: bottom)
    }
    for y in rect.y...bottom {
      put(Cell(glyphs.side, style), x: rect.x, y: y)
      put(Cell(glyphs.side, style), x: right, y: y)
    }
    let places = [(rect.x, rect.y), (right, rect.y), (right, bottom), (rect.x, bottom)]
    for (corner, place) in zip(glyphs.corners, places) { put(Cell(corner, style), x: place.0, y: place.1) }
  }
}
