// Where the parts of the timeline are. Where there is room, a lane is a band: its letters, and below them what each column
// went to, in proportion; then the rows of the other kind, and which Gs had most of the time.

struct TimelineLayout: Equatable {
  /// Lanes that are seen: the first, and how many of how many; and the one that is selected.
  private(set) var first = 0
  private(set) var shown = 0
  private(set) var total = 0
  private(set) var selected = 0
  /// Rows of the screen for each: 1, or letters, shares and a blank.
  private(set) var band = 1
  /// Rows of the other kind, without their heading; and rows of Gs, with theirs.
  private(set) var others = 0
  private(set) var gs = 0

  /// Rows beside those of lanes: the head, the axis, the line of the cursor, the legend.
  private static let fixed = 4
  private static let tallestBand = 10

  /// - Parameter height: rows between the tabs and the footer.
  init(_ state: TimelineState, total: Int, others: Int, height: Int) {
    let rows = max(1, height - Self.fixed)
    self.total = total
    let room = rows * 3 / 5 / max(1, total)
    band = room >= 3 ? min(Self.tallestBand, room) : 1
    shown = min(total, max(1, rows / band))
    selected = min(max(0, state.selectedRow), max(0, total - 1))
    var first = min(state.firstRow, selected)
    if selected >= first + shown { first = selected - shown + 1 }
    self.first = min(max(0, first), total - shown)
    var spare = rows - shown * band
    // Two rows of heading and air.
    if shown == total, others > 0, spare >= 4 {
      self.others = min(others, spare - 3)
      spare -= self.others + 2
    }
    gs = shown == total && spare >= 4 ? spare - 1 : 0
  }

  /// Whether a screen of that size has room for rows of the other kind.
  static func hasRoom(rows: Int, lanes: Int) -> Bool { rows - fixed - max(1, lanes) >= 6 }

  /// The lane of a row of the screen below the axis.
  func lane(atRow row: Int) -> Int? {
    row >= 0 && row < shown * band ? first + row / band : nil
  }
}
