// The places of the timeline's parts. Where there is room, a lane is a band: a row of letters, and below it
// bars that divide each column's time by activity. Below the lanes stand the lanes of the other kind (Ms
// below Ps), and a list of the Gs that had most of the time.

struct TimelineLayout: Equatable {
  /// The place of the first visible lane.
  private(set) var first = 0
  /// The number of visible lanes.
  private(set) var shown = 0
  /// The number of all lanes.
  private(set) var total = 0
  /// The place of the selected lane.
  private(set) var selected = 0
  /// The number of screen rows that each lane takes: 1 where there is little room; else a row of letters that
  /// name the lane's main activity, rows of bars that divide its time by activity, and a blank row.
  private(set) var band = 1
  /// The number of screen rows for lanes of the other kind, without their heading.
  private(set) var others = 0
  /// The number of screen rows for the list of Gs, with its heading.
  private(set) var gs = 0

  /// The number of screen rows that are not for lanes: the head, the axis, the cursor's line, the legend.
  private static let fixed = 4
  private static let tallestBand = 10

  /// - Parameter height: the screen rows between the tabs and the footer.
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
    // The heading and the blank row above it take two rows.
    if shown == total, others > 0, spare >= 4 {
      self.others = min(others, spare - 3)
      spare -= self.others + 2
    }
    gs = shown == total && spare >= 4 ? spare - 1 : 0
  }

  /// Whether a screen with `rows` rows for `lanes` lanes has room for lanes of the other kind too (Ms below
  /// Ps, or Ps below Ms).
  static func hasRoom(rows: Int, lanes: Int) -> Bool { rows - fixed - max(1, lanes) >= 6 }

  /// The lane at a screen row below the axis.
  func lane(atRow row: Int) -> Int? {
    row >= 0 && row < shown * band ? first + row / band : nil
  }
}
