// The place of every part of the Overview, for any size of screen.
//
// There are three forms. Compact (below 20 rows): one line per part and no headings. Roomy: headings that
// explain, and graphs that grow with the screen. Wide (from 120x30): goroutines and threads side by side, in
// detail. Every part gets its least rows first. Then the lanes get the rows that they want, then blank rows go
// between the sections, and the graphs get the rest. Between the header and the lanes stands the line of news
// (what happened lately and matters), except in the compact form.
import Inspector

/// The part of the lanes that is shown, and its place.
struct LaneWindow: Equatable {
  /// The first shown P.
  var first = 0
  /// The number of shown Ps.
  var shown = 0
  /// The number of Ps that the target has.
  var total = 0
  /// How many lanes stand side by side.
  var columns = 1
  /// Whether the last row of `rect` counts the hidden Ps. In the compact form the footer counts them.
  var hasNoteRow = false
  /// The area of the lanes, with their column titles and the note.
  var rect = Rect(x: 0, y: 0, width: 0, height: 0)

  var hiddenAbove: Int { first }
  var hiddenBelow: Int { total - first - shown }

  /// How many lanes are hidden, and in which direction: `↑ 8 Ps above`, `↓ 24 Ps below`; empty when all are
  /// shown.
  func hiddenNote(_ glyphs: Glyphs) -> [StyledText] {
    var pieces: [StyledText] = []
    if hiddenAbove > 0 { pieces.append(StyledText("\(glyphs.up) \(hiddenAbove) Ps above", .eager)) }
    if hiddenBelow > 0 { pieces.append(StyledText("\(glyphs.down) \(hiddenBelow) Ps below", .eager)) }
    return pieces
  }
}

struct OverviewLayout: Equatable {
  static let smallest = Size(columns: 40, rows: 12)
  /// The narrowest lane, in columns, when lanes stand side by side.
  static let narrowestLane = 48
  static let tallestGraph = 16

  let isTooSmall: Bool
  let isRoomy: Bool
  let isWide: Bool
  private(set) var header = Rect(x: 0, y: 0, width: 0, height: 0)
  private(set) var news = Rect(x: 0, y: 0, width: 0, height: 0)
  private(set) var lanes = LaneWindow()
  private(set) var lanesHeading = Rect(x: 0, y: 0, width: 0, height: 0)
  private(set) var grq = Rect(x: 0, y: 0, width: 0, height: 0)
  private(set) var goroutines = Rect(x: 0, y: 0, width: 0, height: 0)
  private(set) var threads = Rect(x: 0, y: 0, width: 0, height: 0)
  private(set) var history = Rect(x: 0, y: 0, width: 0, height: 0)
  /// The height of each graph, from top to bottom.
  private(set) var graphRows = [1, 1, 1]
  /// Whether a row explains the letters of the threads.
  private(set) var hasLegend = true
  private(set) var footer = Rect(x: 0, y: 0, width: 0, height: 0)

  init(frame: Frame, state: AppState) {
    let size = state.size
    isTooSmall = !size.holds(Self.smallest)
    isRoomy = size.rows >= 20 || !state.isInteractive
    isWide = size.columns >= 120 && size.rows >= 30 && state.isInteractive
    guard !isTooSmall else { return }
    place(frame: frame, state: state)
  }

  /// The rows that the whole Overview needs: the height of batch output, which cannot scroll.
  static func rowsForEverything(_ frame: Frame) -> Int {
    Rows(form: .roomy, isInteractive: false, hasNews: frame.news != nil || frame.finding != nil).sum
      + max(1, frame.snapshot.ps.count)
  }

  private enum Form { case compact, roomy, wide }

  /// The least number of rows of each part except the lanes.
  private struct Rows {
    var header: Int
    /// The line of news. On a screen its row stays when there is no news, so that nothing moves.
    var news: Int
    var lanesHeading: Int
    var laneTitles = 1
    var grq = 1
    var goroutines: Int
    var threads: Int
    var history: Int
    var footer: Int

    init(form: Form, isInteractive: Bool, hasNews: Bool, detail: Int = 0) {
      header = isInteractive ? 4 : 3
      news = form != .compact && (isInteractive || hasNews) ? 1 : 0
      lanesHeading = form == .compact ? 0 : 1
      goroutines = form == .compact ? 1 : form == .roomy ? 2 : detail
      threads = form == .compact ? 1 : form == .roomy ? 3 : 0
      history = form == .compact ? 1 : 4
      footer = isInteractive ? 1 : 0
    }

    var sum: Int {
      header + news + lanesHeading + laneTitles + grq + goroutines + threads + history + footer
    }
  }

  /// The height of the two detailed panels of the wide form.
  private static func detailRows(_ frame: Frame, size: Rect) -> Int {
    let states = frame.snapshot.gs.shares(always: GoroutinesSection.always).count + 2
    let width = size.width - goroutinesWidth(size.width) - panelGap
    let threads = ThreadsSection.rowsWanted(frame.snapshot.ms.count, width: width)
    return 1 + max(states, min(threads, size.height / 4))
  }

  private static let panelGap = 3
  private static func goroutinesWidth(_ width: Int) -> Int { min(72, width * 2 / 5) }

  private mutating func place(frame: Frame, state: AppState) {
    let total = frame.snapshot.ps.count
    let margin = state.size.columns >= 60 ? 1 : 0
    let screen = Rect(
      x: margin, y: 0, width: state.size.columns - 2 * margin, height: state.size.rows)
    let form: Form = isWide ? .wide : isRoomy ? .roomy : .compact
    let least = Rows(
      form: form, isInteractive: state.isInteractive, hasNews: frame.news != nil || frame.finding != nil,
      detail: isWide ? Self.detailRows(frame, size: screen) : 0)

    let available = max(1, screen.height - least.sum)
    lanes.total = total
    lanes.columns = Self.laneColumns(total: total, rows: available, width: screen.width)
    let wanted = max(1, (total + lanes.columns - 1) / lanes.columns)
    let laneRows = min(wanted, available)
    lanes.hasNoteRow = laneRows * lanes.columns < total && form != .compact
    let capacity = (lanes.hasNoteRow ? laneRows - 1 : laneRows) * lanes.columns
    lanes.shown = min(total, capacity)
    lanes.first = max(0, min(state.firstLane, total - lanes.shown))

    let air = share(spare: available - laneRows, form: form)
    cut(screen, least: least, laneRows: laneRows, air: air)
  }

  /// Gives the spare rows to graphs, legend and blank rows. Returns the number of blank rows before each
  /// section.
  private mutating func share(spare: Int, form: Form) -> Int {
    if form == .compact {
      hasLegend = spare > 0
      graphRows = Array(repeating: 1, count: 1 + min(2, max(0, spare - 1)))
      return 0
    }
    let gaps = form == .wide ? 2 : 3
    let air = spare >= gaps ? 1 : 0
    let axis = form == .wide && spare > gaps + 2 * graphRows.count ? 2 : 0
    let rows = max(0, spare - air * gaps - axis)
    for index in graphRows.indices {
      let isLucky = index < rows % graphRows.count
      graphRows[index] = min(Self.tallestGraph, 1 + rows / graphRows.count + (isLucky ? 1 : 0))
    }
    return air
  }

  private static func laneColumns(total: Int, rows: Int, width: Int) -> Int {
    guard total > rows else { return 1 }
    return max(1, min(width / narrowestLane, (total + rows - 1) / rows))
  }

  private mutating func cut(_ screen: Rect, least: Rows, laneRows: Int, air: Int) {
    var rest = screen
    footer = Rect(x: screen.x, y: screen.maxY - least.footer, width: screen.width, height: least.footer)
    header = rest.takeRows(least.header)
    news = rest.takeRows(least.news)
    lanesHeading = rest.takeRows(least.lanesHeading)
    lanes.rect = rest.takeRows(least.laneTitles + laneRows)
    grq = rest.takeRows(least.grq)
    _ = rest.takeRows(air)
    goroutines = rest.takeRows(least.goroutines)
    if isWide {
      threads = goroutines
      goroutines = threads.takeColumns(Self.goroutinesWidth(threads.width))
      _ = threads.takeColumns(Self.panelGap)
    } else {
      _ = rest.takeRows(air)
      threads = rest.takeRows(least.threads + (!isRoomy && hasLegend ? 1 : 0))
    }
    _ = rest.takeRows(air)
    history = rest.takeRows(rest.height - least.footer)
  }
}
