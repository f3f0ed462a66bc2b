// A column of a list: what it shows of a row, how wide, and how rows are put in its order.

/// What a row is sorted by in one column.
enum SortKey {
  /// Larger ones first, unless inverted: the busiest, the oldest, the fullest are what people look for.
  case number(Double)
  /// In the order of the alphabet, numbers in it by their value.
  case text(String)
  /// Last, in either order.
  case none
}

struct Column<Row> {
  enum Cell {
    case text(StyledText)
    case bar(Bar)
    /// Shares of the width.
    case shares([Share])

    /// What it says, as text.
    var plain: String {
      switch self {
      case .text(let text): text.spans.map(\.text).joined()
      case .bar(let bar): "\(bar.value)"
      case .shares(let shares): shares.map { "\(Int(($0.part * 100).rounded()))%" }.joined(separator: " ")
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

    /// A part of a time.
    init(part: Double, _ meaning: Meaning, _ glyphs: Glyphs) {
      self.init(
        part: part, glyph: meaning.sign(glyphs), style: meaning == .idle ? .faint : meaning.style.shade)
    }
  }

  let title: String
  var width: Int
  /// Columns with higher numbers are the first to go where there is no room; 0 always stays.
  var rank = 0
  var isRight = false
  /// Whether it takes what the others leave, from `width` on.
  var isFlexible = false
  /// Whether numbers begin with the smallest.
  var isAscending = false
  /// Whether it names something: a G, an M, a P, a descriptor, a process, a port. Names are never cut or rounded: the column
  /// is as wide as the longest that is seen.
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

  /// The same column, with an order.
  func sorted(ascending: Bool = false, _ key: @escaping (Row) -> SortKey) -> Column {
    var column = self
    (column.sort, column.isAscending) = (key, ascending)
    return column
  }

  /// The same column as one of names that are never cut.
  var identity: Column {
    var column = self
    column.isIdentity = true
    return column
  }

  /// The same column, wide enough for the names in `rows`, those that are seen.
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

  /// A column of amounts that are sorted by themselves, three digits and a unit; `-` where there is none. Not for names.
  static func number(
    _ title: String, _ width: Int, rank: Int = 0, _ value: @escaping (Row) -> UInt64?
  ) -> Column {
    let column = text(title, width, rank: rank, right: true) { row in
      value(row).map { StyledText(Quantity.compact($0), $0 > 0 ? .text : .dim) }
        ?? StyledText("-", .faint)
    }
    return column.sorted { value($0).map { .number(Double($0)) } ?? .none }
  }

  /// A column of ids, all their digits: `P3`, `-`. Sorted by number, the smallest first.
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

/// Where the columns of a list are, at some width.
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
