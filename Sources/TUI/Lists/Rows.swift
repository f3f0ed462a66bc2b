// The rows of a list, each made when it is asked for: of a hundred thousand a screen shows fifty.

struct Rows<Row>: RandomAccessCollection {
  let count: Int
  private let make: (Int) -> Row

  /// - Parameter make: the row at a place below `count`.
  init(count: Int, _ make: @escaping (Int) -> Row) { (self.count, self.make) = (count, make) }

  init(_ rows: [Row]) { self.init(count: rows.count) { rows[$0] } }

  var startIndex: Int { 0 }
  var endIndex: Int { count }
  subscript(place: Int) -> Row { make(place) }
}
