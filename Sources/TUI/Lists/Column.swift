// A column of a list: the value that it shows of a row, its width, and its way to sort rows.
import Inspector

/// The value by which a column sorts a row.
enum SortKey {
  /// A number. Rows are sorted by it, the largest first, unless the order is inverted: people look for the
  /// busiest, the oldest, the fullest.
  case number(Double)
  /// A text. Rows are sorted by the alphabet; numbers within the text are sorted by their value.
  case text(String)
  /// The row has no value in this column. It is sorted last, whether the order is inverted or not.
  case none
}

struct Column<Row> {
  enum Cell {
    case text(StyledText)
    case bar(Bar)
    /// Parts of a whole, drawn across the column's width.
    case shares([Share])

    /// The cell's content as text.
    var plain: String {
      switch self {
      case .text(let text): text.spans.map(\.text).joined()
      case .bar(let bar): bar.value.orDash
      case .shares(let shares): shares.map { Quantity.percent($0.part) }.joined(separator: " ")
      }
    }
  }
  struct Share {
    var part: Double
    var glyph: Unicode.Scalar
    var style: Style

    init(part: Double, glyph: Unicode.Scalar, style: Style) {
      (self.part, self.glyph, self.style) = (part, glyph, style)
    }

    /// One segment of a bar that shows how a span of time was divided: `part` is its share, from 0 to 1, and `meaning`
    /// gives its glyph and colour.
    init(part: Double, _ meaning: Meaning, _ glyphs: Glyphs) {
      self.init(
        part: part, glyph: meaning.sign(glyphs), style: meaning == .idle ? .faint : meaning.style.shade)
    }
  }

  let title: String
  var width: Int
  /// Where room is short, columns with the highest rank are dropped first; rank 0 always stays.
  var rank = 0
  var isRight = false
  /// Whether the column takes the width that the others leave; `width` is then the least width of the column.
  var isFlexible = false
  /// Whether the order starts with the smallest number.
  var isAscending = false
  /// Whether the column holds names: of a G, an M, a P, a descriptor, a process, a port. Names are never cut
  /// or rounded: the column is as wide as the longest visible name.
  var isIdentity = false
  var sort: ((Row) -> SortKey)?
  let cell: (Row) -> Cell

  init(
    _ title: String, _ width: Int, rank: Int = 0, right: Bool = false, flexible: Bool = false,
    cell: @escaping (Row) -> Cell
  ) {
    (self.title, self.width, self.rank, isRight) = (title, width, rank, right)
    (isFlexible, self.cell) = (flexible, cell)
  }

  /// Returns this column, made sortable by `key`.
  func sorted(ascending: Bool = false, _ key: @escaping (Row) -> SortKey) -> Column {
    var column = self
    (column.sort, column.isAscending) = (key, ascending)
    return column
  }

  /// Returns this column, marked as one of names, which are never cut.
  var identity: Column {
    var column = self
    column.isIdentity = true
    return column
  }

  /// Returns this column, made wide enough for the names in `rows` (the visible rows).
  func fitted(to rows: some Sequence<Row>) -> Column {
    guard isIdentity else { return self }
    var column = self
    for row in rows {
      if case .text(let text) = cell(row) { column.width = max(column.width, text.width) }
    }
    return column
  }

  /// A column of text.
  static func text(
    _ title: String, _ width: Int, rank: Int = 0, right: Bool = false, flexible: Bool = false,
    _ text: @escaping (Row) -> StyledText
  ) -> Column {
    Column(title, width, rank: rank, right: right, flexible: flexible) { .text(text($0)) }
  }

  /// A column of amounts, each with three digits and a unit; `-` where there is no amount. The column sorts
  /// by the amounts. Not for names: it rounds.
  static func number(
    _ title: String, _ width: Int, rank: Int = 0, _ value: @escaping (Row) -> UInt64?
  ) -> Column {
    let column = text(title, width, rank: rank, right: true) { row in
      value(row).map { StyledText(Quantity.compact($0), $0 > 0 ? .text : .dim) }
        ?? StyledText("-", .faint)
    }
    return column.sorted { value($0).map { .number(Double($0)) } ?? .none }
  }

  /// A column of ids with all their digits: `P3`, `-`. The column sorts by the number, smallest first.
  static func id(
    _ title: String, _ width: Int, rank: Int = 0, right: Bool = false, letter: String = "",
    style: Style = .text, _ value: @escaping (Row) -> UInt64?
  ) -> Column {
    let column = text(title, width, rank: rank, right: right) { row in
      value(row).map { StyledText("\(letter)\($0)", style) } ?? StyledText("-", .faint)
    }
    return column.identity.sorted(ascending: true) { value($0).map { .number(Double($0)) } ?? .none }
  }
}

/// The places of a list's columns at a given width.
struct ColumnLayout<Row> {
  struct Placed {
    var index: Int
    var x: Int
    var width: Int
  }

  let placed: [Placed]

  init(_ columns: [Column<Row>], width: Int) {
    var kept = Array(columns.indices)
    func needed() -> Int { kept.reduce(-1) { $0 + columns[$1].width + 1 } }
    while needed() > width, let last = kept.map({ columns[$0].rank }).max(), last > 0,
      let victim = kept.last(where: { columns[$0].rank == last })
    {
      kept.removeAll { $0 == victim }
    }
    let spare = max(0, width - needed())
    let flexible = kept.count { columns[$0].isFlexible }
    var (x, given) = (0, 0)
    placed = kept.map { index in
      var columnWidth = columns[index].width
      if columns[index].isFlexible {
        given += 1
        columnWidth += given == flexible ? spare - spare / flexible * (flexible - 1) : spare / flexible
      }
      defer { x += columnWidth + 1 }
      return Placed(index: index, x: x, width: min(columnWidth, max(0, width - x)))
    }
  }
}
