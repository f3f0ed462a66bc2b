// Messages that must be seen: the outcome of the last key, and errors of a recording.
//
// The footer shows them among its other pieces where they fit. Where they do not fit, or where an overlay
// covers the footer, they get as many lines of their own as they need, at the bottom, above the line that is
// typed.
import Inspector

struct Messages {
  let state: AppState

  /// The messages, the most important first.
  var pieces: [StyledText] {
    var pieces: [StyledText] = []
    if let note = state.note { pieces.append(StyledText(TextWidth.sanitised(note), .eager)) }
    if let question = state.traceQuestion { pieces.insert(StyledText(question.words, .eager), at: 0) }
    // A frame of the past may take a while to make. Until it is there, the old picture stays, and this message says why.
    if state.note == nil, state.latest?.looking != nil { pieces.append(StyledText("looking back", .dim)) }
    if let problem = state.latest?.loads?.problem {
      pieces.append(StyledText(TextWidth.sanitised(problem), .alarm))
    }
    if let problem = state.latest?.recording?.problem {
      pieces.append(StyledText(TextWidth.sanitised(problem), .alarm))
    }
    return pieces
  }

  /// Draws the messages that the canvas's last line does not show already.
  func draw(on canvas: inout Canvas) {
    let (size, bottom) = (canvas.size, canvas.size.rows - (state.prompt == nil ? 1 : 2))
    guard bottom >= 0, size.columns > 2 else { return }
    let shown = String(
      String.UnicodeScalarView(canvas.row(size.rows - 1).filter { $0.width > 0 }.map(\.glyph)))
    let missing = pieces.filter { !shown.includes($0.spans.map(\.text).joined()) }
    let margin = size.columns >= 60 ? 1 : 0
    let lines = missing.flatMap { Self.lines(of: $0, width: size.columns - 2 * margin) }
    let first = max(0, bottom + 1 - lines.count)
    for (index, line) in lines.prefix(bottom + 1).enumerated() {
      canvas.fill(Rect(x: 0, y: first + index, width: size.columns, height: 1))
      canvas.write(line, x: margin, y: first + index, width: size.columns - 2 * margin, glyphs: state.glyphs)
    }
  }

  /// The message, broken between words; a word that is longer than a line is broken too.
  private static func lines(of piece: StyledText, width: Int) -> [StyledText] {
    guard let span = piece.spans.first else { return [] }
    return TextWidth.wrapped(span.text, to: width).flatMap { line in
      TextWidth.broken(line, to: width).map { StyledText($0, span.style) }
    }
  }
}

extension TextWidth {
  /// The line in pieces of at most `width` columns, cut anywhere.
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
