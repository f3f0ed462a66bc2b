// The rows of a list. A row is made only when somebody asks for it: of a hundred thousand rows, a screen
// shows fifty.

struct Rows<Row>: RandomAccessCollection {
  let count: Int
  private let make: (Int) -> Row

  /// - Parameter make: returns the row at a place below `count`.
  init(count: Int, _ make: @escaping (Int) -> Row) { (self.count, self.make) = (count, make) }

  init(_ rows: [Row]) { self.init(count: rows.count) { rows[$0] } }

  var startIndex: Int { 0 }
  var endIndex: Int { count }
  subscript(place: Int) -> Row { make(place) }
}
