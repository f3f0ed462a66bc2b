// Why a G waits, or waited last: the chain of hops in words, over whichever screen it was asked on.
import Inspector

struct WhyOverlay {
  let state: AppState
  let g: UInt64
  private var glyphs: Glyphs { state.glyphs }

  /// nil: nobody asked.
  init?(state: AppState) {
    guard let g = state.why else { return nil }
    (self.state, self.g) = (state, g)
  }

  private var width: Int { min(state.size.columns, 100) }
  /// Lines that there is room for.
  var rows: Int { max(1, state.size.rows - 4) }
  var lastFirst: Int { max(0, lines.count - rows) }

  private struct Line {
    var text: String
    var style: Style
  }

  private var lines: [Line] {
    guard let answer = state.shown?.detail.why, answer.g == g else {
      return [Line(text: "looking through the history of G\(g)", style: .dim)]
    }
    guard !answer.lines.isEmpty else {
      return [Line(text: "The history has no wait of G\(g) up to this moment.", style: .text)]
    }
    return answer.lines.enumerated().flatMap { index, line in
      let clean = TextWidth.sanitised(line)
      let style: Style =
        index == 0 ? .heading : clean.hasPrefix("*") ? .eager : clean.hasPrefix("  why") ? .strong : .text
      return Self.wrapped(clean, to: max(20, width - 4)).map { Line(text: $0, style: style) }
    }
  }

  func draw(on canvas: inout Canvas) {
    let lines = lines
    let height = min(lines.count, rows) + 2
    let box = Rect(
      x: (state.size.columns - width) / 2, y: max(1, (state.size.rows - height) / 2), width: width,
      height: height)
    Overlay.drawFrame(box, title: "Why G\(g) waited", glyphs: glyphs, on: &canvas)
    let first = min(max(0, state.firstWhyLine), lastFirst)
    for (index, line) in lines.dropFirst(first).prefix(rows).enumerated() {
      let text = StyledText(line.text, line.style)
      canvas.write(text, x: box.x + 2, y: box.y + 1 + index, width: width - 4, glyphs: glyphs)
    }
    let more = lines.count - first - rows
    if more > 0 { canvas.write(" \(glyphs.down) \(more) more lines ", x: box.x + 2, y: box.maxY - 1, .eager) }
  }

  /// A line cut between words; what follows stands `hanging` columns further to the right.
  static func wrapped(_ line: String, to width: Int, hanging: Int = 5) -> [String] {
    guard TextWidth.columns(of: line) > width else { return [line] }
    let indent = String(line.prefix { $0 == " " || $0 == "*" })
    var (lines, current, isFirst) = ([String](), indent, true)
    for word in line.dropFirst(indent.count).split(separator: " ", omittingEmptySubsequences: false) {
      if !isFirst, TextWidth.columns(of: current) + 1 + TextWidth.columns(of: String(word)) > width {
        lines.append(current)
        (current, isFirst) = (String(repeating: " ", count: hanging), true)
      }
      current += (isFirst ? "" : " ") + word
      isFirst = false
    }
    return lines + [current]
  }
}
