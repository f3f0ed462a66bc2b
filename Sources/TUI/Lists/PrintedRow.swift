// A row as a filter sees it: what it knows by itself, and what its columns print.
//
// To print costs more than to compare, so columns are asked only for what the row does not tell, and never in lists that
// may have a hundred thousand rows: those tell all that they print.
import Inspector

/// A row that tells a filter everything that its columns print.
protocol TellsAll: FilterSubject {}

/// The columns of a list by what a filter calls them.
struct PrintedColumns<Row: FilterSubject> {
  fileprivate let columns: [Column<Row>]
  fileprivate let byField: [FilterField: Column<Row>]
  fileprivate let isTold = Row.self is any TellsAll.Type

  init(_ columns: [Column<Row>]) {
    self.columns = isTold ? [] : columns
    let named = self.columns.compactMap { column in FilterField(name: column.title).map { ($0, column) } }
    byField = Dictionary(named) { first, _ in first }
  }

  func row(_ row: Row) -> PrintedRow<Row> { PrintedRow(row: row, printed: self) }
}

struct PrintedRow<Row: FilterSubject>: FilterSubject {
  let row: Row
  fileprivate let printed: PrintedColumns<Row>

  func value(of field: FilterField) -> FilterValue {
    let value = row.value(of: field)
    guard value == .none, let column = printed.byField[field] else { return value }
    return FilterValue(printed: column.cell(row).plain, of: field)
  }

  func tells(_ word: FilterWord) -> Bool {
    printed.isTold ? row.tells(word) : word.isIn(value(of: .text))
  }

  func prints(_ word: FilterWord) -> Bool {
    row.prints(word) || printed.columns.contains { word.isIn($0.cell(row).plain) }
  }
}
