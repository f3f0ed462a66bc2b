// A line of text whose parts have different roles.

/// Text in pieces, each with its role. Most of a dashboard is made of such lines.
struct StyledText: Equatable {
  struct Span: Equatable {
    var text: String
    var style: Style
  }

  private(set) var spans: [Span] = []

  init() {}
  init(_ text: String, _ style: Style = .text) { append(text, style) }

  var width: Int { spans.reduce(0) { $0 + TextWidth.columns(of: $1.text) } }
  var isEmpty: Bool { spans.isEmpty }

  mutating func append(_ text: String, _ style: Style = .text) {
    if !text.isEmpty { spans.append(Span(text: text, style: style)) }
  }

  /// Facts in a row: `procs 2 idle 1 `, with dim names and strong values.
  static func facts(_ facts: [(name: String, value: String)]) -> StyledText {
    var text = StyledText()
    for (name, value) in facts {
      text.append(name + " ", .dim)
      text.append(value, .strong)
      text.append("   ", .dim)
    }
    return text
  }

  /// The text cut to `width` columns; `ellipsis` ends a text that was cut.
  func cut(to width: Int, ellipsis: Unicode.Scalar) -> StyledText {
    var (text, used) = (StyledText(), 0)
    for span in spans where used < width {
      let fitting = TextWidth.truncated(span.text, to: width - used, ellipsis: ellipsis)
      text.append(fitting, span.style)
      used += TextWidth.columns(of: fitting)
      if fitting != span.text { break }
    }
    return text
  }

  mutating func append(_ other: StyledText) { spans += other.spans }

  /// The leading facts that fit without being cut. If not even the first fact fits, the whole text, for the
  /// caller to cut.
  func wholeFacts(in width: Int) -> StyledText {
    var (fitting, used) = (0, 0)
    for (index, span) in spans.enumerated() {
      if used <= width, span.text.hasSuffix("  "), index > 0 { fitting = index }
      used += TextWidth.columns(of: span.text)
    }
    guard used > width, fitting > 0 else { return self }
    var text = StyledText()
    text.spans = Array(spans[..<fitting])
    return text
  }
}

extension Canvas {
  /// Writes a line into at most `width` columns and returns the columns used.
  @discardableResult
  mutating func write(_ line: StyledText, x: Int, y: Int, width: Int, glyphs: Glyphs) -> Int {
    var used = 0
    for span in line.spans where used < width {
      let fitting = TextWidth.truncated(span.text, to: width - used, ellipsis: glyphs.ellipsis)
      used += write(fitting, x: x + used, y: y, span.style)
      if fitting != span.text { break }
    }
    return used
  }

  /// Writes the pieces that fit without being cut, the most important first, `gap` columns apart.
  mutating func writeFitting(_ pieces: [StyledText], x: Int, y: Int, width: Int, gap: Int, glyphs: Glyphs) {
    var used = 0
    for piece in pieces where !piece.isEmpty {
      let start = used == 0 ? 0 : used + gap
      if start + piece.width > width { continue }
      used = start + write(piece, x: x + start, y: y, width: width - start, glyphs: glyphs)
    }
  }

  /// Writes the pieces line by line. If the rectangle cannot hold all pieces, an ellipsis stands at its end.
  mutating func writeFlowing(_ pieces: [StyledText], in rect: Rect, gap: Int, glyphs: Glyphs) {
    guard !rect.isEmpty else { return }
    var (x, y) = (rect.x, rect.y)
    for (index, piece) in pieces.enumerated() {
      let isLastRow = y == rect.maxY - 1
      let reserve = isLastRow && index < pieces.count - 1 ? 2 : 0
      if x + piece.width + reserve > rect.maxX {
        guard !isLastRow else {
          put(Cell(glyphs.ellipsis, .dim), x: min(x, rect.maxX - 1), y: y)
          return
        }
        (x, y) = (rect.x, y + 1)
      }
      x += write(piece, x: x, y: y, width: rect.maxX - x, glyphs: glyphs) + gap
    }
  }
}

extension String {
  /// The string with blanks appended up to a width.
  func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}
