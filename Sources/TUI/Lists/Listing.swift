// The rows of a list that are shown, in their order: filtered and sorted, without anything being formatted.
//
// A hundred thousand rows are put in order between two frames: each gives one key, a number (names by their rank in the
// alphabet), and only pairs of key and place are sorted.
import Inspector

struct Listing<Row: FilterSubject> {
  let rows: [Row]
  /// Places in `rows` of those that are shown.
  private(set) var order: [Int32] = []
  var count: Int { order.count }

  init(_ rows: [Row], filter: Filter, column: Column<Row>?, isInverted: Bool) {
    self.rows = rows
    order = filter.isEmpty ? Array(0..<Int32(rows.count)) : []
    if !filter.isEmpty {
      for index in rows.indices where filter.matches(rows[index]) { order.append(Int32(index)) }
    }
    if let column, let key = column.sort {
      sort(key, isAscending: column.isAscending != isInverted, isInverted: isInverted)
    } else if isInverted {
      order.reverse()
    }
  }

  subscript(index: Int) -> Row { rows[Int(order[index])] }

  private struct Pair {
    var key: Double
    var place: Int32
  }

  private mutating func sort(_ key: (Row) -> SortKey, isAscending: Bool, isInverted: Bool) {
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
    for (rank, text) in texts.keys.sorted().enumerated() {
      let key = isInverted ? Double(texts.count - rank) : Double(rank)
      for index in texts[text] ?? [] { pairs[index].key = key }
    }
    pairs.sort { ($0.key, $0.place) < ($1.key, $1.place) }
    order = pairs.map(\.place)
  }
}
