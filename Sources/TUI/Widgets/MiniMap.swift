// A map of a whole history on one line: how busy the Ps were in each part of it, where the garbage collector marked, and where
// the shown moment is.
import Inspector

struct MiniMap {
  var past: Past
  var glyphs: Glyphs

  static let label = "all"

  /// Draws the map into one row.
  func draw(in rect: Rect, labelWidth: Int, on canvas: inout Canvas) {
    guard !past.course.isEmpty, rect.width > labelWidth + 8 else { return }
    canvas.write(Self.label, x: rect.x, y: rect.y, .dim)
    let width = rect.width - labelWidth
    for column in 0..<width {
      canvas.put(cell(column, of: width), x: rect.x + labelWidth + column, y: rect.y)
    }
    let (length, passed) = (past.last &- min(past.last, past.first), past.time &- min(past.time, past.first))
    guard length > 0 else { return }
    let here = min(width - 1, Int(Double(width) * Double(min(passed, length)) / Double(length)))
    canvas.restyle(Rect(x: rect.x + labelWidth + here, y: rect.y, width: 1, height: 1), .selected)
  }

  /// The cell of a column: its height is how much of the Ps' time Gs ran; a column in which the collector marked has the colour of
  /// the runtime, and one in which more Gs were ready than Ps run, that of what is ready.
  private func cell(_ column: Int, of width: Int) -> Cell {
    let course = past.course
    let (from, to) = (
      column * course.count / width,
      max(column * course.count / width + 1, (column + 1) * course.count / width)
    )
    let points = course[min(from, course.count - 1)..<min(to, course.count)]
    guard points.contains(where: \.isKnown) else { return Cell(glyphs.gap, .faint) }
    let running = points.reduce(0) { $0 + $1.running } / Float(max(1, points.count(where: \.isKnown)))
    let steps = glyphs.levels.count
    let level = Int((running * Float(steps)).rounded(.up))
    guard level > 0 else { return Cell(glyphs.levels[0], .faint) }
    let style =
      points.contains(where: \.isCollecting)
      ? Meaning.runtime.style
      : points.contains { $0.runnableMax > Self.crowd } ? Meaning.ready.style : Meaning.running.style
    return Cell(glyphs.levels[min(steps, level) - 1], style)
  }

  /// From so many ready Gs on a part has the colour of what is ready.
  private static let crowd = 64
}
