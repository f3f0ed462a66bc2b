// A part of a whole as a bar, in the part's own role. Unlike a full `Bar`, a full proportion is no alarm.

struct Proportion: Equatable {
  var part: Int
  var whole: Int
  var style: Style

  func draw(x: Int, y: Int, width: Int, glyphs: Glyphs, on canvas: inout Canvas) {
    guard width > 0 else { return }
    let steps = glyphs.eighths.count
    let share = whole > 0 ? min(1, max(0, Double(part) / Double(whole))) : 0
    let filled = part > 0 ? max(1, Int(share * Double(width * steps))) : 0
    for column in 0..<width {
      let inCell = min(steps, filled - column * steps)
      let cell = inCell > 0 ? Cell(glyphs.eighths[inCell - 1], style) : Cell(glyphs.track, .faint)
      canvas.put(cell, x: x + column, y: y)
    }
  }
}
