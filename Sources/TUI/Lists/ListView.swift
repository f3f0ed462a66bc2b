// A list on the screen: titles, rows, and the mark of the selected row. Only visible rows are formatted.
import Inspector

/// The facts about a list that callers may know without knowing the type of its rows.
struct ListSummary: Equatable {
  var window: ListWindow
  /// The number of rows before filtering.
  var all: Int
  var selectedKey: UInt64?
  var selectedG: UInt64?
  /// The subject that `x` explains.
  var subject: Subject?
  /// The filter of the list of Gs that the selected row stands for.
  var filter: String?
  /// The names of the columns that can be sorted by.
  var sortable: [String]
  /// The selected row as text, with tabs between its cells.
  var text: String
}

struct ListView<Screen: ListScreen> {
  let screen: Screen
  let state: AppState
  let list: ListState
  let columns: [Column<Screen.Row>]
  let listing: Listing<Screen.Row>
  /// The column that rows are sorted by.
  let sorted: Column<Screen.Row>?
  /// The present place of the row with the selected key.
  private let place: Int?

  init(_ screen: Screen, _ state: AppState) {
    (self.screen, self.state) = (screen, state)
    list = state.lists[Screen.id] ?? ListState()
    columns = screen.columns
    let (columns, wanted) = (columns, list.sort)
    sorted = columns.first { $0.title == wanted && $0.sort != nil }
    // The source filters events; a second filter here would be wasted work.
    let filter = Screen.id == .events ? .everything : list.filter
    let question = OrderQuestion(
      basis: RowBasis(screen.frame), screen: Screen.id, gsMode: state.gsMode, filter: filter,
      sort: sorted?.title,
      isInverted: list.isInverted, glyphs: state.glyphs)
    listing = Listing(
      screen.rows, filter: filter, columns: columns, column: sorted, isInverted: list.isInverted
    ) { state.memos.orders.answer(question, $0) }
    place = Self.place(list, screen, listing, question, state.memos)
  }

  func window(rows: Int) -> ListWindow {
    ListWindow(list, total: listing.count, rows: rows, place: place)
  }

  private static func place(
    _ list: ListState, _ screen: Screen, _ listing: Listing<Screen.Row>, _ order: OrderQuestion,
    _ memos: ListMemos
  ) -> Int? {
    guard let key = list.selectedKey else { return nil }
    if list.selected < listing.count, screen.key(of: listing[list.selected]) == key { return list.selected }
    return memos.places.answer(ListMemos.Place(order: order, key: key)) {
      (0..<listing.count).first { screen.key(of: listing[$0]) == key }
    }
  }

  func summary(rows: Int) -> ListSummary {
    let window = window(rows: rows)
    let row = window.selected.map { listing[$0] }
    let cells = row.map { row in columns.map { $0.cell(row).plain } } ?? []
    return ListSummary(
      window: window, all: listing.rows.count, selectedKey: row.map(screen.key),
      selectedG: row.flatMap(screen.g), subject: row.flatMap(screen.subject),
      filter: row.flatMap(screen.filter),
      sortable: columns.filter { $0.sort != nil }.map(\.title), text: cells.joined(separator: "\t"))
  }

  // MARK: drawing

  /// - Parameter rect: the titles and rows. Its first column is for the mark of the selected row.
  func draw(in rect: Rect, on canvas: inout Canvas) {
    guard !rect.isEmpty else { return }
    var rest = rect
    _ = rest.takeColumns(1)
    let titles = rest.takeRows(1)
    let window = window(rows: rest.height)
    let layout = layout(window, width: rest.width)
    drawTitles(layout, in: titles, on: &canvas)
    if listing.count == 0 { return drawNothing(in: rest, on: &canvas) }
    for index in 0..<window.shown {
      let (place, y) = (window.first + index, rest.y + index)
      let row = listing[place]
      for column in layout.placed { draw(row, column, x: rest.x, y: y, on: &canvas) }
      if place == window.selected, state.isInteractive {
        canvas.put(Cell(state.glyphs.pointer, .selected), x: rect.x, y: y)
        canvas.restyle(Rect(x: rect.x, y: y, width: rect.width, height: 1), .selected)
      }
    }
  }

  /// The places of the columns. Their widths are fitted to the rows that the window shows.
  func layout(_ window: ListWindow, width: Int) -> ColumnLayout<Screen.Row> {
    let seen = (0..<window.shown).lazy.map { listing[window.first + $0] }
    return ColumnLayout(columns.map { $0.fitted(to: seen) }, width: width)
  }

  private func drawTitles(_ layout: ColumnLayout<Screen.Row>, in rect: Rect, on canvas: inout Canvas) {
    for place in layout.placed {
      let column = columns[place.index]
      let isSorted = column.title == sorted?.title
      let isDown = isSorted && column.isAscending == list.isInverted
      let mark = isSorted ? String(isDown ? state.glyphs.down : state.glyphs.up) : ""
      let room = place.width + (column.isRight ? 0 : 1)
      let title = Self.title(column.title, room: room - mark.count)
      let text = StyledText(title + mark, isSorted ? .heading : .dim)
      let indent = column.isRight ? max(0, place.width - text.width) : 0
      canvas.write(text, x: rect.x + place.x + indent, y: rect.y, width: room - indent, glyphs: state.glyphs)
    }
  }

  /// As many words of the title as fit, without `of` or `the` at the end. A single word is cut.
  private static func title(_ title: String, room: Int) -> String {
    guard title.count > room else { return title }
    var words = title.split(separator: " ")
    while words.count > 1, words.joined(separator: " ").count > room || ["of", "the"].contains(words.last) {
      words.removeLast()
    }
    return String(words.joined(separator: " ").prefix(max(0, room)))
  }

  private func drawNothing(in rect: Rect, on canvas: inout Canvas) {
    let text = listing.rows.isEmpty ? screen.emptyText : "no row passes the filter; Esc clears it"
    canvas.write(StyledText(text, .dim), x: rect.x, y: rect.y, width: rect.width, glyphs: state.glyphs)
  }

  private func draw(
    _ row: Screen.Row, _ place: ColumnLayout<Screen.Row>.Placed, x: Int, y: Int, on canvas: inout Canvas
  ) {
    let column = columns[place.index]
    switch column.cell(row) {
    case .text(let text):
      let indent = column.isRight ? max(0, place.width - text.width) : 0
      canvas.write(text, x: x + place.x + indent, y: y, width: place.width - indent, glyphs: state.glyphs)
    case .bar(let bar): bar.draw(x: x + place.x, y: y, width: place.width, glyphs: state.glyphs, on: &canvas)
    case .shares(let shares): draw(shares, x: x + place.x, y: y, width: place.width, on: &canvas)
    }
  }

  /// Draws shares as whole cells. Each share ends where the rounded sum of the shares so far ends, so that
  /// shares which add up to 1 fill the width.
  private func draw(_ shares: [Column<Screen.Row>.Share], x: Int, y: Int, width: Int, on canvas: inout Canvas)
  {
    var (sum, used) = (0.0, 0)
    for share in shares {
      sum += max(0, share.part)
      let end = min(width, Int((sum * Double(width)).rounded()))
      for column in used..<max(used, end) {
        canvas.put(Cell(share.glyph, share.style), x: x + column, y: y)
      }
      used = max(used, end)
    }
  }
}
