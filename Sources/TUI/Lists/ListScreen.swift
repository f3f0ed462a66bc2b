// The contract of a list screen: rows, columns, and the lines above them.
import Inspector

/// A list screen: its columns, its rows, and the lines above them.
protocol ListScreen {
  associatedtype Row: FilterSubject
  static var id: ScreenID { get }
  init(frame: Frame, state: AppState)
  /// The frame that the list shows.
  var frame: Frame { get }
  var columns: [Column<Row>] { get }
  /// All rows, in the list's own order.
  var rows: Rows<Row> { get }
  /// The key that identifies a row for as long as the row exists.
  func key(of row: Row) -> UInt64
  /// The lines above the list: at most `height` of them.
  func head(width: Int, height: Int) -> [StyledText]
  /// The text that stands in place of an empty list.
  var emptyText: String { get }
  /// The G of which a row tells; nil: none.
  func g(of row: Row) -> UInt64?
  /// The subject that `x` explains on a row.
  func subject(of row: Row) -> Subject?
  /// Returns the filter that lets through the Gs for which a row stands (a group's row stands for many); nil:
  /// the row stands for no list of Gs.
  func filter(of row: Row) -> String?
}

extension ListScreen {
  func g(of row: Row) -> UInt64? { nil }
  func subject(of row: Row) -> Subject? { g(of: row).map { .g($0) } }
  func filter(of row: Row) -> String? { nil }
}
