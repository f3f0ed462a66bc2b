// What a list screen is: rows, columns, and what is told above them.
import Inspector

/// A list screen: its columns, its rows, and what is told above them.
protocol ListScreen {
  associatedtype Row: FilterSubject
  static var id: ScreenID { get }
  init(frame: Frame, state: AppState)
  /// What it is a list of.
  var frame: Frame { get }
  var columns: [Column<Row>] { get }
  /// All rows, in the list's own order.
  var rows: Rows<Row> { get }
  /// What identifies a row, as long as it is there.
  func key(of row: Row) -> UInt64
  /// Lines above the list: at most `height`.
  func head(width: Int, height: Int) -> [StyledText]
  /// What to say where there are no rows at all.
  var emptyText: String { get }
  /// The G that a row is about.
  func g(of row: Row) -> UInt64?
  /// What `x` explains on a row.
  func subject(of row: Row) -> Subject?
  /// The filter of the list that a row stands for.
  func filter(of row: Row) -> String?
}

extension ListScreen {
  func g(of row: Row) -> UInt64? { nil }
  func subject(of row: Row) -> Subject? { g(of: row).map { .g($0) } }
  func filter(of row: Row) -> String? { nil }
}
