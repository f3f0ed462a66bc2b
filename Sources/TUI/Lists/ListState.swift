// What a list screen keeps between two frames: where it is scrolled to, which row is selected, filter and order.
import Inspector

/// The state of one list.
public struct ListState: Sendable, Equatable {
  /// The row that the window begins with. Drawing clamps it to what there is.
  var first = 0
  /// The selected row: its place, and what identifies it, so that it stays selected when the order changes.
  var selected = 0
  var selectedKey: UInt64?
  var filter = Filter.everything
  /// The column that rows are sorted by, by its name; nil: the list's own order.
  var sort: String?
  var isInverted = false
}

/// Somewhere to go back to.
struct TrailStep: Sendable, Equatable {
  var screen: ScreenID
  var list: ListState?
  var gsMode: GsMode
}

/// A line that is typed at the bottom of the screen.
struct Prompt: Sendable, Equatable {
  enum Kind: Sendable {
    case filter, search, palette
    /// Text where there is nothing to filter: it leads to nothing, and its letters do not act.
    case nothing
  }
  /// Characters that it takes at most.
  static let longest = 200
  var kind: Kind
  var text = ""
  /// Of the palette's actions: the one that Enter takes.
  var choice = 0
  /// What Esc goes back to.
  var before = ""
}

/// What the list of Gs shows.
enum GsMode: Sendable, Equatable, CaseIterable {
  case list, reasons, sites, tree
}

/// Where the timeline looks.
struct TimelineState: Sendable, Equatable {
  /// Of `spans`.
  var zoom = 9
  var byM = false
  /// The cursor's column, from the right: 0 is the newest. nil: none.
  var cursor: Int?
  var firstRow = 0
  var selectedRow = 0

  /// Nanoseconds that the screen is wide.
  static let spans: [UInt64] = [
    100_000, 200_000, 500_000, 1_000_000, 2_000_000, 5_000_000, 10_000_000, 20_000_000, 50_000_000,
    100_000_000,
    200_000_000, 500_000_000, 1_000_000_000, 2_000_000_000, 5_000_000_000, 10_000_000_000, 30_000_000_000,
  ]
  var span: UInt64 { Self.spans[min(max(0, zoom), Self.spans.count - 1)] }
}
