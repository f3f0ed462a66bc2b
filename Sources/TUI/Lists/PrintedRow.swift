// A row as a filter sees it: the values that the row knows by itself, and the text that its columns print.
//
// Printing costs more than comparing. So a filter asks the columns only for values that the row does not
// know. Lists that may have a hundred thousand rows never ask their columns: their rows know all that the
// columns print (`TellsAll`).
import Inspector

/// A row that knows all values that its columns print.
protocol TellsAll: FilterSubject {}

/// The columns of a list, by the name that a filter uses.
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
