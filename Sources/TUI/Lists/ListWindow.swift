// Which rows of a list are on the screen: the window follows the selected row, and the selected row follows its key.

/// The part of a list that is seen.
struct ListWindow: Equatable {
  var first = 0
  var shown = 0
  var total = 0
  /// The place of the selected row in the whole list; nil: there are no rows.
  var selected: Int?

  /// - Parameters:
  ///   - rows: rows of the screen for it.
  ///   - place: where the row with the selected key is; nil: it is gone, and the row at its place is selected instead.
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
