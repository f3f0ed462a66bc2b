// A list with the lines above it. This file also makes the lists of all screens usable by callers that do not
// know the type of their rows.
import Inspector

/// The places of the parts of a list screen.
struct ListLayout {
  var head: Rect
  var list: Rect
  /// The number of visible rows, without the row of titles.
  var rows: Int { max(0, list.height - 1) }
}

enum ListPanel {
  /// The screen's area between the tabs and the footer.
  static func body(_ size: Size) -> Rect {
    let margin = size.columns >= 60 ? 1 : 0
    return Rect(x: margin, y: 2, width: size.columns - 2 * margin, height: size.rows - 3)
  }

  private static func layout<Screen: ListScreen>(_ screen: Screen, _ state: AppState) -> (
    ListLayout, [StyledText]
  ) {
    var rest = body(state.size)
    let isTight = state.size.rows < 16
    // The head gets at most a third of the height, and nothing on a tight screen.
    let lines =
      isTight ? [] : screen.head(width: rest.width, height: rest.height / 3) + findings(screen, state)
    let head = rest.takeRows(lines.count)
    if state.size.rows >= 20 { _ = rest.takeRows(1) }
    let margin = min(1, rest.x)
    // The mark of the selected row stands in the margin, if the screen has a margin.
    let list = Rect(x: rest.x - margin, y: rest.y, width: rest.width + margin, height: rest.height)
    return (ListLayout(head: head, list: list), lines)
  }

  /// Returns the first finding about a sampled scheduler for which this screen shows the details, as a line above the
  /// list; empty: there is none.
  private static func findings<Screen: ListScreen>(_ screen: Screen, _ state: AppState) -> [StyledText] {
    let lints: [String]
    switch Screen.id {
    case .gs: lints = ["growingSite", "convoy"]
    case .ms: lints = ["lockedHog"]
    case .netpoll: lints = ["stuckSocket"]
    case .ps: lints = ["throttled"]
    default: return []
    }
    guard screen.frame.snapshot.sampled != nil,
      let finding = screen.frame.instruments?.findings.first(where: { lints.contains($0.lint) })
    else { return [] }
    var line = StyledText("! ", .alarm)
    line.append(TextWidth.sanitised(finding.message, isASCII: state.glyphs.isASCII), .strong)
    return [line]
  }

  static func draw(_ frame: Frame, _ state: AppState, on canvas: inout Canvas) {
    Visit.visit(frame, state, Drawer(state: state, canvas: canvas)) { canvas = $0.canvas }
  }

  static func summary(_ frame: Frame, _ state: AppState) -> ListSummary? {
    var result: ListSummary?
    Visit.visit(frame, state, Summarizer(state: state)) { result = $0.summary }
    return result
  }

  /// The thing at a place on the screen: a column title, or a row by its place in the list.
  enum Hit: Equatable {
    case title(String)
    case row(Int)
  }

  static func hit(_ frame: Frame, _ state: AppState, x: Int, y: Int) -> Hit? {
    var result: Hit?
    Visit.visit(frame, state, Finder(state: state, x: x, y: y)) { result = $0.hit }
    return result
  }

  /// The place of the next matching row after the selected one; after the last row the search goes on at the
  /// first.
  static func find(_ text: String, _ frame: Frame, _ state: AppState) -> Int? {
    var result: Int?
    Visit.visit(frame, state, Searcher(state: state, filter: Filter(text))) { result = $0.place }
    return result
  }

  // MARK: operations on a list of any type

  private protocol Visitor {
    mutating func visit<Screen: ListScreen>(_ screen: Screen)
  }

  private enum Visit {
    static func visit<V: Visitor>(_ frame: Frame, _ state: AppState, _ visitor: V, _ done: (V) -> Void) {
      var visitor = visitor
      switch state.screen {
      case .ps: visitor.visit(PsScreen(frame: frame, state: state))
      case .gs where [.reasons, .sites, .stacks].contains(state.gsMode):
        visitor.visit(GroupsScreen(frame: frame, state: state))
      case .gs: visitor.visit(GsScreen(frame: frame, state: state))
      case .ms: visitor.visit(MsScreen(frame: frame, state: state))
      case .steals: visitor.visit(StealsScreen(frame: frame, state: state))
      case .netpoll: visitor.visit(NetpollScreen(frame: frame, state: state))
      case .events: visitor.visit(EventsScreen(frame: frame, state: state))
      case .tracer: visitor.visit(TracerScreen(frame: frame, state: state))
      case .overview, .timeline, .latency, .stage: return
      }
      done(visitor)
    }
  }

  private struct Drawer: Visitor {
    let state: AppState
    var canvas: Canvas

    mutating func visit<Screen: ListScreen>(_ screen: Screen) {
      let (layout, lines) = ListPanel.layout(screen, state)
      for (index, line) in lines.enumerated() {
        let (x, y, width) = (layout.head.x, layout.head.y + index, layout.head.width)
        canvas.write(line.wholeFacts(in: width), x: x, y: y, width: width, glyphs: state.glyphs)
      }
      let view = ListView(screen, state)
      view.draw(in: layout.list, on: &canvas)
      note(view.window(rows: layout.rows), all: view.listing.rows.count, layout)
    }

    /// Writes how many rows are hidden, right-aligned in the line above the titles. That line may be the last
    /// line of the head.
    private mutating func note(_ window: ListWindow, all: Int, _ layout: ListLayout) {
      var text = StyledText()
      if window.hiddenAbove > 0 {
        text.append("\(state.glyphs.up)\(Quantity.grouped(window.hiddenAbove)) ", .eager)
      }
      if window.hiddenBelow > 0 {
        text.append("\(state.glyphs.down)\(Quantity.grouped(window.hiddenBelow)) ", .eager)
      }
      if window.total < all {
        text.append("\(Quantity.grouped(window.total)) of \(Quantity.grouped(all)) ", .strong)
      }
      let y = layout.list.y - 1
      guard !text.isEmpty else { return }
      canvas.write(
        text, x: max(0, state.size.columns - text.width), y: y, width: text.width, glyphs: state.glyphs)
    }
  }

  private struct Summarizer: Visitor {
    let state: AppState
    var summary: ListSummary?

    mutating func visit<Screen: ListScreen>(_ screen: Screen) {
      summary = ListView(screen, state).summary(rows: ListPanel.layout(screen, state).0.rows)
    }
  }

  private struct Searcher: Visitor {
    let state: AppState
    let filter: Filter
    var place: Int?

    mutating func visit<Screen: ListScreen>(_ screen: Screen) {
      let view = ListView(screen, state)
      let count = view.listing.count
      guard count > 0 else { return }
      let selected = view.window(rows: 1).selected ?? 0
      let printed = PrintedColumns(view.columns)
      place = (1...count).lazy.map { (selected + $0) % count }
        .first { filter.matches(printed.row(view.listing[$0])) }
    }
  }

  private struct Finder: Visitor {
    let state: AppState
    let x: Int
    let y: Int
    var hit: Hit?

    mutating func visit<Screen: ListScreen>(_ screen: Screen) {
      let list = ListPanel.layout(screen, state).0.list
      guard y >= list.y, y < list.maxY, x >= list.x else { return }
      let view = ListView(screen, state)
      let window = view.window(rows: list.height - 1)
      if y == list.y {
        let columns = view.columns
        let inside = x - list.x - 1
        let placed = view.layout(window, width: list.width - 1).placed
        let found = placed.first { inside >= $0.x && inside <= $0.x + $0.width }
        if let found, columns[found.index].sort != nil { hit = .title(columns[found.index].title) }
        return
      }
      let place = window.first + y - list.y - 1
      if place < window.first + window.shown { hit = .row(place) }
    }
  }
}

extension AppState {
  /// The details that the current screen needs besides the gauges.
  public var interest: Interest {
    var interest = Interest()
    interest.why = why
    interest.request = walk?.choice
    switch screen {
    case .overview: interest.trend = isTrendLong
    case .ps, .steals, .latency: break
    case .gs:
      interest.goroutines = true
      interest.stacks = stacksSeen
    case .ms: interest.threads = true
    case .netpoll:
      (interest.goroutines, interest.polls) = (true, true)
      interest.sockets = shown.map(socketsSeen) ?? []
    case .timeline:
      interest.timeline = TimelineSpan(
        length: timeline.span, columns: TimelineScreen.columns(width: size.columns), byM: timeline.byM,
        hasOthers: TimelineLayout.hasRoom(
          rows: ListPanel.body(size).height,
          lanes: (timeline.byM ? shown?.snapshot.ms.count : shown?.snapshot.ps.count) ?? 0))
    case .events:
      interest.events = EventQuery(filter: lists[.events]?.filter ?? .everything, limit: 1000)
    case .tracer: interest.health = true
    case .stage: interest.stage = StageQuestion(followed: stage.followed)
    }
    return interest
  }

  /// The stacks that the list of Gs needs: those of the visible rows; or those of all Gs, if the list is grouped,
  /// filtered or sorted by stacks.
  private var stacksSeen: StackQuestion? {
    guard let frame = shown, frame.hasStacks else { return nil }
    let list = lists[.gs] ?? ListState()
    let names: [FilterField] = [.at, .stack, .labels, .text]
    if gsMode == .stacks || names.contains(where: list.filter.asks)
      || list.sort.flatMap({ FilterField(name: $0) }).map(names.contains) == true
    {
      return .all
    }
    guard gsMode == .list || gsMode == .tree else { return nil }
    let view = ListView(GsScreen(frame: frame, state: self), self)
    let window = view.window(rows: size.rows)
    let seen = max(0, window.first - 20)..<min(view.listing.count, window.first + window.shown + 20)
    return .some(seen.map { view.listing[$0].g.id })
  }

  /// The descriptors of the visible rows and of a few rows around them, then the descriptors that were asked
  /// for before. Rows come and go with each request; without the older descriptors, a returning row would
  /// lack its addresses for a frame.
  private func socketsSeen(_ frame: Frame) -> [Int] {
    let view = ListView(NetpollScreen(frame: frame, state: self), self)
    let window = view.window(rows: size.rows)
    let seen = max(0, window.first - 20)..<min(view.listing.count, window.first + window.shown + 20)
    let fds = seen.compactMap { view.listing[$0].row.g.fd }
    let before = Set((frame.detail.sockets ?? [:]).keys).subtracting(fds)
    return fds + before.sorted().prefix(max(0, 256 - fds.count))
  }
}
