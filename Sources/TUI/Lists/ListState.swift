// The state that a list screen keeps from frame to frame: scroll position, selected row, filter and order.
import Inspector

/// The state of one list.
public struct ListState: Sendable, Equatable {
  /// The place of the first visible row. Drawing clamps it to the rows that there are.
  var first = 0
  /// The place of the selected row.
  var selected = 0
  /// The key of the selected row. It keeps the row selected when the order changes.
  var selectedKey: UInt64?
  var filter = Filter.everything
  /// The name of the column that rows are sorted by; nil: the list's own order.
  var sort: String?
  var isInverted = false
}

/// A place to which Esc goes back: a screen and the state of its list.
struct TrailStep: Sendable, Equatable {
  var screen: ScreenID
  var list: ListState?
  var gsMode: GsMode
}

/// A line that is typed at the bottom of the screen.
struct Prompt: Sendable, Equatable {
  enum Kind: Sendable {
    case filter, search, palette
    /// A line on a screen where nothing can be filtered. Its text does nothing; it only keeps the letters
    /// from acting as keys.
    case nothing
  }
  /// The most characters that the line takes.
  static let longest = 200
  var kind: Kind
  var text = ""
  /// The place of the palette's action that Enter performs.
  var choice = 0
  /// The filter before typing began; Esc restores it.
  var before = ""
}

/// The ways to show the Gs: one by one, grouped by reason, by spawn site or by stack, as a tree.
enum GsMode: Sendable, Equatable, CaseIterable {
  case list, reasons, sites, stacks, tree

  /// The modes in the order in which the grouping key goes through them, round and round.
  private static let round: [GsMode] = [.list, .reasons, .sites]

  /// The mode after one more press of the grouping key. After the tree comes the first mode that groups.
  ///
  /// - Parameter hasStacks: whether there are stacks to group by.
  func next(hasStacks: Bool) -> GsMode {
    let round = hasStacks ? Self.round + [.stacks] : Self.round
    return round[((round.firstIndex(of: self) ?? 0) + 1) % round.count]
  }

  /// How often the user must press the grouping key to get from the plain list to this mode.
  var presses: Int { Self.round.firstIndex(of: self) ?? 0 }
}

/// The part of the timeline that is shown, and the cursor.
struct TimelineState: Sendable, Equatable {
  /// The zoom, as a place in `spans`.
  var zoom = 9
  var byM = false
  /// The cursor's column, counted from the right: 0 is the newest; nil: no cursor.
  var cursor: Int?
  var firstRow = 0
  var selectedRow = 0

  /// The lengths of time that the timeline can show across its width, in nanoseconds.
  static let spans: [UInt64] = [
    100_000, 200_000, 500_000, 1_000_000, 2_000_000, 5_000_000, 10_000_000, 20_000_000, 50_000_000,
    100_000_000,
    200_000_000, 500_000_000, 1_000_000_000, 2_000_000_000, 5_000_000_000, 10_000_000_000, 30_000_000_000,
  ]
  var span: UInt64 { Self.spans[min(max(0, zoom), Self.spans.count - 1)] }
}
