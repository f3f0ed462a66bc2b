// The line above a section: the section's name, a rule, and the section's contents in plain words.

struct SectionHeading: Equatable {
  var title: String
  /// The section's contents in plain words, for people who see it for the first time; left out where there is
  /// no room.
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
