// The differences between two pictures, as runs of cells.
//
// ncurses compares pictures too, but needs 150 µs to find out that nothing changed, and every run costs
// ncurses a cursor movement and a system call. A few long runs are cheaper than exact runs, so runs with a
// short gap between them are joined.

extension Canvas {
  /// A stretch of one row that has to be sent.
  public struct Run: Sendable, Equatable {
    public var y: Int
    public var columns: Range<Int>
  }

  /// If at most this many unchanged cells lie between two changes, they are sent along with the changes. A
  /// longer gap is jumped over.
  static let joinedGap = 4

  /// The runs that turn `old` into `self`; all rows, when the sizes differ.
  public func changes(since old: Canvas) -> [Run] {
    guard old.size == size else {
      return size.columns == 0 ? [] : (0..<size.rows).map { Run(y: $0, columns: 0..<size.columns) }
    }
    var runs: [Run] = []
    for y in 0..<size.rows { appendChanges(inRow: y, since: old, to: &runs) }
    return runs
  }

  private func appendChanges(inRow y: Int, since old: Canvas, to runs: inout [Run]) {
    let base = y * size.columns
    var run: Range<Int>?
    for x in 0..<size.columns where cells[base + x] != old.cells[base + x] {
      if let open = run, x - open.upperBound <= Self.joinedGap {
        run = open.lowerBound..<x + 1
      } else {
        if let open = run { runs.append(Run(y: y, columns: wholeGlyphs(open, base: base))) }
        run = x..<x + 1
      }
    }
    if let open = run { runs.append(Run(y: y, columns: wholeGlyphs(open, base: base))) }
  }

  /// Widens a run so that it cuts no wide glyph in two.
  private func wholeGlyphs(_ run: Range<Int>, base: Int) -> Range<Int> {
    let start = cells[base + run.lowerBound].width == 0 ? run.lowerBound - 1 : run.lowerBound
    let endsInsideGlyph = run.upperBound < size.columns && cells[base + run.upperBound].width == 0
    return max(0, start)..<(endsInsideGlyph ? run.upperBound + 1 : run.upperBound)
  }
}
