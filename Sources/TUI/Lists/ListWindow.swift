// The window of a list: the rows that are visible. The window follows the selected row, and the selected row
// follows its key.

/// The visible part of a list.
struct ListWindow: Equatable {
  var first = 0
  var shown = 0
  var total = 0
  /// The place of the selected row in the whole list; nil: the list is empty.
  var selected: Int?

  /// - Parameters:
  ///   - rows: screen rows that the list may take.
  ///   - place: the present place of the row with the selected key; nil: that row is gone, and the row at its
  ///     old place is selected instead.
  init(_ state: ListState, total: Int, rows: Int, place: Int?) {
    self.total = total
    shown = min(total, max(0, rows))
    guard total > 0 else { return }
    let selected = min(max(0, place ?? state.selected), total - 1)
    self.selected = selected
    var first = state.first
    if selected < first { first = selected }
    if selected >= first + shown { first = selected - shown + 1 }
    self.first = min(max(0, first), total - shown)
  }

  var hiddenAbove: Int { first }
  var hiddenBelow: Int { total - first - shown }
}
