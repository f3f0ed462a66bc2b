// The rows that a list shows, filtered and sorted. No row is formatted for that.
//
// A list may have a hundred thousand rows to sort between two frames. So each row gives one key as a number,
// and only pairs of key and place are sorted. A text's key is its rank in the alphabet.
import Inspector

struct Listing<Row: FilterSubject> {
  let rows: Rows<Row>
  /// The places in `rows` of the rows that are shown; nil: all rows, in their own order.
  private let order: [Int32]?
  var count: Int { order?.count ?? rows.count }

  /// - Parameters:
  ///   - columns: the columns whose text a filter searches.
  ///   - column: the column that rows are sorted by.
  ///   - kept: returns a remembered order if there is one, and else calls its argument to make the order.
  init(
    _ rows: Rows<Row>, filter: Filter, columns: [Column<Row>] = [], column: Column<Row>?, isInverted: Bool,
    kept: (() -> [Int32]) -> [Int32] = { $0() }
  ) {
    self.rows = rows
    let isAll = filter.isEmpty && column?.sort == nil && !isInverted
    order = isAll ? nil : kept { Self.order(rows, filter, columns, column, isInverted) }
  }

  private static func order(
    _ rows: Rows<Row>, _ filter: Filter, _ columns: [Column<Row>], _ column: Column<Row>?, _ isInverted: Bool
  ) -> [Int32] {
    var order: [Int32] = []
    order.reserveCapacity(rows.count)
    let printed = PrintedColumns(columns)
    for place in 0..<rows.count where filter.isEmpty || filter.matches(printed.row(rows[place])) {
      order.append(Int32(place))
    }
    if let column, let key = column.sort {
      return sorted(
        rows, order, by: key, isAscending: column.isAscending != isInverted, isInverted: isInverted)
    }
    if isInverted { order.reverse() }
    return order
  }

  subscript(index: Int) -> Row { rows[order.map { Int($0[index]) } ?? index] }

  private struct Pair {
    var key: Double
    var place: Int32
    /// The index of the row's text among the different texts of the column, in the order in which they were
    /// met; -1: the row has no text to sort by.
    var text: Int32 = -1
  }

  private static func sorted(
    _ rows: Rows<Row>, _ order: [Int32], by key: (Row) -> SortKey, isAscending: Bool, isInverted: Bool
  ) -> [Int32] {
    var pairs: [Pair] = []
    pairs.reserveCapacity(order.count)
    var texts: [String: Int32] = [:]
    // Gs that were spawned together are neighbours, so a row's text is mostly that of the row before.
    var last = (text: "", number: Int32(-1))
    for place in order {
      switch key(rows[Int(place)]) {
      case .number(let number):
        pairs.append(Pair(key: number.isNaN ? .infinity : isAscending ? number : -number, place: place))
      case .text(let text):
        if last.number < 0 || text != last.text {
          last = (text, texts[text] ?? Int32(texts.count))
          texts[text] = last.number
        }
        pairs.append(Pair(key: 0, place: place, text: last.number))
      case .none: pairs.append(Pair(key: .infinity, place: place))
      }
    }
    var ranks = [Double](repeating: 0, count: texts.count)
    for (rank, text) in texts.sorted(by: { NaturalOrder.precedes($0.key, $1.key) }).enumerated() {
      ranks[Int(text.value)] = Double(isInverted ? texts.count - rank : rank)
    }
    for index in pairs.indices where pairs[index].text >= 0 {
      pairs[index].key = ranks[Int(pairs[index].text)]
    }
    pairs.sort { ($0.key, $0.place) < ($1.key, $1.place) }
    return pairs.map(\.place)
  }
}

/// An order of texts in which numbers are compared by their values.
enum NaturalOrder {
  /// Compares by bytes, but numbers within the text by their value: `P9` precedes `P10`.
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

  /// Removes the digits at the beginning of a text and returns them without leading zeros.
  private static func takeNumber(_ text: inout ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    let digits = text.prefix(while: isDigit)
    text = text.dropFirst(digits.count)
    return digits.drop { $0 == 48 }
  }
}
