// The rows of a list that are shown, in their order: filtered and sorted, without anything being formatted.
//
// A hundred thousand rows are put in order between two frames: each gives one key, a number (names by their rank in the
// alphabet), and only pairs of key and place are sorted.
import Inspector

struct Listing<Row: FilterSubject> {
  let rows: Rows<Row>
  /// Places in `rows` of those that are shown; nil: all of them, as they are.
  private var order: [Int32]?
  var count: Int { order?.count ?? rows.count }

  /// - Parameters:
  ///   - columns: what a row shows, for words that are looked for.
  ///   - column: the one that is sorted by.
  init(_ rows: Rows<Row>, filter: Filter, columns: [Column<Row>] = [], column: Column<Row>?, isInverted: Bool)
  {
    self.rows = rows
    if filter.isEmpty, column?.sort == nil, !isInverted { return }
    var order: [Int32] = []
    order.reserveCapacity(rows.count)
    let printed = PrintedColumns(columns)
    for place in 0..<rows.count where filter.isEmpty || filter.matches(printed.row(rows[place])) {
      order.append(Int32(place))
    }
    if let column, let key = column.sort {
      order = sorted(order, by: key, isAscending: column.isAscending != isInverted, isInverted: isInverted)
    } else if isInverted {
      order.reverse()
    }
    self.order = order
  }

  subscript(index: Int) -> Row { rows[order.map { Int($0[index]) } ?? index] }

  private struct Pair {
    var key: Double
    var place: Int32
  }

  private func sorted(
    _ order: [Int32], by key: (Row) -> SortKey, isAscending: Bool, isInverted: Bool
  ) -> [Int32] {
    var pairs: [Pair] = []
    pairs.reserveCapacity(order.count)
    var texts: [String: [Int]] = [:]
    for place in order {
      switch key(rows[Int(place)]) {
      case .number(let number):
        pairs.append(Pair(key: number.isNaN ? .infinity : isAscending ? number : -number, place: place))
      case .text(let text):
        texts[text, default: []].append(pairs.count)
        pairs.append(Pair(key: 0, place: place))
      case .none: pairs.append(Pair(key: .infinity, place: place))
      }
    }
    for (rank, text) in texts.keys.sorted(by: NaturalOrder.precedes).enumerated() {
      let key = isInverted ? Double(texts.count - rank) : Double(rank)
      for index in texts[text] ?? [] { pairs[index].key = key }
    }
    pairs.sort { ($0.key, $0.place) < ($1.key, $1.place) }
    return pairs.map(\.place)
  }
}

/// How words are put in order.
enum NaturalOrder {
  /// By letters, but numbers among them by their value: `P9` before `P10`, line 9 before line 10.
  static func precedes(_ a: String, _ b: String) -> Bool {
    var (x, y) = (Array(a.utf8)[...], Array(b.utf8)[...])
    while let first = x.first, let second = y.first {
      if isDigit(first), isDigit(second) {
        let (m, n) = (takeNumber(&x), takeNumber(&y))
        if m.count != n.count { return m.count < n.count }
        if m != n { return m.lexicographicallyPrecedes(n) }
      } else if first != second {
        return first < second
      } else {
        x.removeFirst()
        y.removeFirst()
      }
    }
    return x.isEmpty && !y.isEmpty
  }

  private static func isDigit(_ byte: UInt8) -> Bool { byte &- 48 < 10 }

  /// The digits that a text begins with, without zeros in front.
  private static func takeNumber(_ text: inout ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    let digits = text.prefix(while: isDigit)
    text = text.dropFirst(digits.count)
    return digits.drop { $0 == 48 }
  }
}
