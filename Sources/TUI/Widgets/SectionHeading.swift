// The line above a section: its name, a rule, and what the section shows in plain words.

struct SectionHeading: Equatable {
  var title: String
  /// For people who see this for the first time; left out where there is no room for it.
  var legend: String

  func draw(in rect: Rect, glyphs: Glyphs, on canvas: inout Canvas) {
    guard !rect.isEmpty else { return }
    canvas.fill(
      Rect(x: rect.x, y: rect.y, width: rect.width, height: 1), with: Cell(glyphs.rule, .faint))
    let used = canvas.write(
      StyledText(title + " ", .heading), x: rect.x, y: rect.y, width: rect.width, glyphs: glyphs)
    let width = TextWidth.columns(of: legend) + 2
    guard !legend.isEmpty, used + width + 4 <= rect.width else { return }
    canvas.write(" \(legend) ", x: rect.maxX - width - 1, y: rect.y, .dim)
  }
}
