// A picture as a value: a grid of cells that views draw on and terminals show.
//
// Drawing outside of the canvas or of the current clip does nothing. So views need no bounds checks of their
// own, however small the screen is.

/// A grid of cells with clipping. A plain value: two canvases are equal when they look equal.
public struct Canvas: Sendable, Equatable {
  public let size: Size
  /// All cells, row by row.
  public private(set) var cells: [Cell]
  private var clip: Rect

  public init(size: Size) {
    self.size = size
    cells = Array(repeating: .blank, count: size.columns * size.rows)
    clip = Rect(x: 0, y: 0, width: size.columns, height: size.rows)
  }

  /// The whole canvas.
  public var bounds: Rect { Rect(x: 0, y: 0, width: size.columns, height: size.rows) }

  /// The cell at a place on the canvas.
  public subscript(x: Int, y: Int) -> Cell { cells[y * size.columns + x] }

  /// The cells of one row.
  public func row(_ y: Int) -> ArraySlice<Cell> {
    cells[y * size.columns..<(y + 1) * size.columns]
  }

  /// Runs `draw` with the clip narrowed to `rect`: cells outside stay as they are.
  public mutating func clipped(to rect: Rect, _ draw: (inout Canvas) -> Void) {
    let outer = clip
    clip = outer.intersection(rect)
    draw(&self)
    clip = outer
  }

  /// Puts one glyph. A wide glyph whose right half would not fit becomes a blank.
  public mutating func put(_ cell: Cell, x: Int, y: Int) {
    guard y >= clip.y, y < clip.maxY, x >= clip.x, x < clip.maxX else { return }
    let fits = x + Int(cell.width) <= clip.maxX
    let index = y * size.columns + x
    healNeighbours(of: index, width: fits ? Int(cell.width) : 1, x: x)
    cells[index] = fits ? cell : Cell(" ", cell.style)
    if fits && cell.width == 2 { cells[index + 1] = Cell(" ", cell.style, width: 0) }
  }

  /// Blanks the other half of a wide glyph when one half is about to be overwritten.
  private mutating func healNeighbours(of index: Int, width: Int, x: Int) {
    if cells[index].width == 0, x > 0 { cells[index - 1] = Cell(" ", cells[index - 1].style) }
    let last = index + width - 1
    let end = x + width
    if end < size.columns, cells[last].width == 2 { cells[last + 1] = Cell(" ", cells[last].style) }
  }

  /// Writes sanitised text and returns the columns that the text needs, whether drawn or clipped.
  @discardableResult
  public mutating func write(_ text: String, x: Int, y: Int, _ style: Style = .text) -> Int {
    var column = x
    for scalar in text.unicodeScalars {
      let width = TextWidth.columns(of: scalar)
      guard width > 0 else { continue }
      put(Cell(scalar, style, width: UInt8(width)), x: column, y: y)
      column += width
    }
    return column - x
  }

  /// Gives all cells of a rectangle another style and keeps their glyphs.
  public mutating func restyle(_ rect: Rect, _ style: Style) {
    let visible = rect.intersection(clip)
    for y in visible.y..<visible.maxY {
      for x in visible.x..<visible.maxX { cells[y * size.columns + x].style = style }
    }
  }

  /// Replaces every glyph beyond ASCII, for terminals that show ASCII only: `µs` becomes `us`.
  mutating func makeASCII() {
    for index in cells.indices where !cells[index].glyph.isASCII {
      cells[index].glyph = cells[index].glyph == "µ" ? "u" : "?"
    }
  }

  /// Fills a rectangle with one glyph.
  public mutating func fill(_ rect: Rect, with cell: Cell = .blank) {
    let visible = rect.intersection(clip)
    for y in visible.y..<visible.maxY {
      for x in visible.x..<visible.maxX { put(cell, x: x, y: y) }
    }
  }

  /// The picture as lines of text without trailing blanks: for tests, files and pipes.
  public var lines: [String] {
    (0..<size.rows).map { y in
      var line = String.UnicodeScalarView()
      for cell in row(y) where cell.width > 0 { line.append(cell.glyph) }
      while line.last == " " { line.removeLast() }
      return String(line)
    }
  }
}
