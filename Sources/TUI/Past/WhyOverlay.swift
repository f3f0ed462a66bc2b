// The answer to `x`, over any screen: what the selected thing is, what just happened to it, and the
// scheduler's rule behind that.
import Inspector

struct WhyOverlay {
  let state: AppState
  let subject: Subject
  private var glyphs: Glyphs { state.glyphs }

  /// Makes the overlay; nil: no explanation is shown.
  init?(state: AppState) {
    guard let subject = state.why else { return nil }
    (self.state, self.subject) = (state, subject)
  }

  private var width: Int { min(state.size.columns, 100) }
  /// The number of lines that fit on the screen.
  var rows: Int { max(1, state.size.rows - 4) }
  var lastFirst: Int { max(0, lines.count - rows) }

  private struct Line {
    var text: String
    var style: Style
  }

  /// The name of what is explained. A row that stands for many Gs is explained by one of them, and the heading says so.
  private var heading: String {
    let isGroup = state.screen == .gs && [.reasons, .sites, .stacks].contains(state.gsMode)
    guard isGroup, case .g = subject else { return subject.name }
    return subject.name + ", which has been like this for longest in its group"
  }

  private var lines: [Line] {
    guard let answer = state.shown?.detail.why, answer.subject == subject else {
      // While the history is searched, show what the gauges say at once.
      let glance = state.shown.map { Explanation.glance(at: subject, in: $0) }
      return lines(glance?.lines ?? []) + [Line(text: Self.lookingText(state), style: .dim)]
    }
    return lines(answer.lines)
  }

  /// Says that the history is being searched, and how many events have been searched so far.
  static func lookingText(_ state: AppState) -> String {
    let text = "looking through the history"
    guard let events = state.latest?.looking, events > 0 else { return text }
    return "\(text): \(Quantity.compact(events)) events so far; Esc calls it off"
  }

  private func lines(_ told: [Explanation.Line]) -> [Line] {
    var lines: [Line] = []
    for (index, line) in told.enumerated() {
      // A blank line sets the rule and the hints apart from what happened.
      if index > 0, line.role != told[index - 1].role, line.role == .rule || line.role == .hint {
        lines.append(Line(text: "", style: .text))
      }
      let words = line.text + Route.sentence(to: line.seeAlso)
      let clean = TextWidth.sanitised(words, isASCII: glyphs.isASCII)
      let style = Self.style(line.role)
      let room = max(20, width - 4)
      // In a line that begins with a time, the wrapped lines are indented to where the words begin.
      let isCall = line.role == .call || line.role == .libraryCall
      let hanging = isCall ? 8 : clean.first != " " && clean.first != "*" ? 2 : room >= 50 ? 12 : 4
      lines += TextWidth.wrapped(clean, to: room, hanging: hanging).map { Line(text: $0, style: style) }
    }
    return lines
  }

  private static func style(_ role: Explanation.Role) -> Style {
    switch role {
    case .head: .heading
    case .text: .text
    case .mark: .eager
    case .why: .strong
    case .rule, .libraryCall: .dim
    case .call: .strong
    case .hint: .key
    }
  }

  func draw(on canvas: inout Canvas) {
    let lines = lines
    let height = min(lines.count, rows) + 2
    let box = Rect(
      x: (state.size.columns - width) / 2, y: max(1, (state.size.rows - height) / 2), width: width,
      height: height)
    let title = TextWidth.truncated(heading, to: max(4, width - 8), ellipsis: glyphs.ellipsis)
    Overlay.drawFrame(box, title: title, glyphs: glyphs, on: &canvas)
    let first = min(max(0, state.firstWhyLine), lastFirst)
    for (index, line) in lines.dropFirst(first).prefix(rows).enumerated() {
      let text = StyledText(line.text, line.style)
      canvas.write(text, x: box.x + 2, y: box.y + 1 + index, width: width - 4, glyphs: glyphs)
    }
    let more = lines.count - first - rows
    if more > 0 { canvas.write(" \(glyphs.down) \(more) more lines ", x: box.x + 2, y: box.maxY - 1, .eager) }
  }
}
