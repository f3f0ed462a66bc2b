// The columns that text takes, and a way to make foreign text (names, paths) fit for a screen.
//
// The table of widths is our own and depends on no locale, so that pictures are the same everywhere. Where
// libc disagrees, the terminal driver shows `?`: a wrong width costs one glyph, never the alignment of a row.

/// The number of columns that text takes on a terminal.
public enum TextWidth {
  /// Scalars that terminals show two columns wide, as inclusive ranges in ascending order.
  private static let wide: [ClosedRange<UInt32>] = [
    0x1100...0x115F, 0x231A...0x231B, 0x2329...0x232A, 0x23E9...0x23EC, 0x25FD...0x25FE, 0x2614...0x2615,
    0x2648...0x2653, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xA000...0xA4C6,
    0xA960...0xA97C, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6B, 0xFF01...0xFF60, 0xFFE0...0xFFE6,
    0x1F300...0x1F64F, 0x1F680...0x1F6FF, 0x1F900...0x1F9FF, 0x20000...0x3FFFD,
  ]

  /// How many columns a scalar takes: 0, 1 or 2; -1 for control characters, which must not reach a terminal.
  public static func columns(of scalar: Unicode.Scalar) -> Int {
    let value = scalar.value
    if value >= 0x20 && value < 0x7F { return 1 }
    // Answer for Latin letters and for our own signs here: asking Unicode for a category is slow.
    if value >= 0xA1 && value < 0x250 && value != 0xAD { return 1 }
    if value >= 0x2500 && value < 0x25FD { return 1 }  // lines, blocks
    if value == 0x2026 || value == 0x2014 { return 1 }  // ellipsis, dash
    switch scalar.properties.generalCategory {
    case .control, .surrogate, .unassigned, .privateUse, .lineSeparator, .paragraphSeparator: return -1
    case .nonspacingMark, .enclosingMark, .format: return 0
    default: break
    }
    return value >= 0x1100 && wide.contains { $0.contains(value) } ? 2 : 1
  }

  /// The number of columns that a whole text takes.
  public static func columns(of text: String) -> Int {
    text.unicodeScalars.reduce(0) { $0 + max(0, columns(of: $1)) }
  }

  /// A line cut between words. All pieces but the first are indented by `hanging` columns. The first piece
  /// keeps its leading blanks and stars. A word that is longer than `width` is not cut.
  static func wrapped(_ line: String, to width: Int, hanging: Int = 0) -> [String] {
    guard columns(of: line) > width else { return [line] }
    let indent = String(line.prefix { $0 == " " || $0 == "*" })
    var (lines, current, isFirst) = ([String](), indent, true)
    for word in line.dropFirst(indent.count).split(separator: " ", omittingEmptySubsequences: false) {
      if !isFirst, columns(of: current) + 1 + columns(of: String(word)) > width {
        lines.append(current)
        (current, isFirst) = (String(repeating: " ", count: hanging), true)
      }
      current += (isFirst ? "" : " ") + word
      isFirst = false
    }
    return lines + [current]
  }

  /// Foreign text (names, paths) made safe: what cannot be shown becomes `replacement`, and combining marks
  /// are dropped.
  ///
  /// - Parameter isASCII: whether everything beyond ASCII is replaced as well; `µs` becomes `us`.
  public static func sanitised(_ text: String, replacement: Unicode.Scalar = "?", isASCII: Bool = false)
    -> String
  {
    var result = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      let width = columns(of: scalar)
      if width == 0 { continue }
      let isShown = width > 0 && (scalar.isASCII || !isASCII)
      result.append(isShown ? scalar : isASCII && scalar == "µ" ? "u" : replacement)
    }
    return String(result)
  }

  /// Text cut to `limit` columns; `ellipsis` ends a text that was cut.
  public static func truncated(_ text: String, to limit: Int, ellipsis: Unicode.Scalar) -> String {
    guard columns(of: text) > limit else { return text }
    guard limit > 0 else { return "" }
    var result = String.UnicodeScalarView()
    var used = 0
    for scalar in text.unicodeScalars {
      let width = max(0, columns(of: scalar))
      if used + width > limit - 1 { break }
      result.append(scalar)
      used += width
    }
    result.append(ellipsis)
    return String(result)
  }
}
