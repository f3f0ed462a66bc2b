// What has to be seen: what the last key came to, and what went wrong with a recording.
//
// The footer tells it among its other pieces, where there is room. Where there is not, or where something lies over the
// footer, it gets lines of its own at the bottom, as many as it takes, above the line that is typed.

struct Messages {
  let state: AppState

  /// The most important first.
  var pieces: [StyledText] {
    var pieces: [StyledText] = []
    if let note = state.note { pieces.append(StyledText(TextWidth.sanitised(note), .eager)) }
    if let problem = state.latest?.recording?.problem {
      pieces.append(StyledText(TextWidth.sanitised(problem), .alarm))
    }
    return pieces
  }

  /// Draws those that are not on the last line of the picture as it is.
  func draw(on canvas: inout Canvas) {
    let (size, bottom) = (canvas.size, canvas.size.rows - (state.prompt == nil ? 1 : 2))
    guard bottom >= 0, size.columns > 2 else { return }
    let shown = String(
      String.UnicodeScalarView(canvas.row(size.rows - 1).filter { $0.width > 0 }.map(\.glyph)))
    let missing = pieces.filter { !shown.contains($0.spans.map(\.text).joined()) }
    let margin = size.columns >= 60 ? 1 : 0
    let lines = missing.flatMap { Self.lines(of: $0, width: size.columns - 2 * margin) }
    let first = max(0, bottom + 1 - lines.count)
    for (index, line) in lines.prefix(bottom + 1).enumerated() {
      canvas.fill(Rect(x: 0, y: first + index, width: size.columns, height: 1))
      canvas.write(line, x: margin, y: first + index, width: size.columns - 2 * margin, glyphs: state.glyphs)
    }
  }

  /// Broken between words, and within those that are longer than a line.
  private static func lines(of piece: StyledText, width: Int) -> [StyledText] {
    guard let span = piece.spans.first else { return [] }
    return TextWidth.wrapped(span.text, to: width).flatMap { line in
      TextWidth.broken(line, to: width).map { StyledText($0, span.style) }
    }
  }
}

extension TextWidth {
  /// A line in pieces of at most `width` columns, wherever that cuts it.
  static func broken(_ line: String, to width: Int) -> [String] {
    var (pieces, current, used) = ([String](), String.UnicodeScalarView(), 0)
    for scalar in line.unicodeScalars {
      let more = max(0, columns(of: scalar))
      if used + more > width, !current.isEmpty {
        pieces.append(String(current))
        (current, used) = (String.UnicodeScalarView(), 0)
      }
      current.append(scalar)
      used += more
    }
    return pieces + [String(current)]
  }
}
