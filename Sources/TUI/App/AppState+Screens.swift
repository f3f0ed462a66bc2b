// The effects of keys and clicks on the screens: on lists, on the timeline, and on the line that is typed.
import Inspector

extension AppState {
  /// The state of the list that is shown.
  var list: ListState {
    get { lists[screen] ?? ListState() }
    set { lists[screen] = newValue }
  }

  private var summary: ListSummary? { shown.flatMap { ListPanel.summary($0, self) } }

  mutating func actOnScreen(_ action: Action) -> Effect {
    switch action {
    case .filter: prompt = Prompt(kind: .filter, text: list.filter.source, before: list.filter.source)
    case .search: prompt = Prompt(kind: .search)
    case .palette: prompt = Prompt(kind: .palette)
    case .sortNext: sort(by: 1)
    case .sortPrevious: sort(by: -1)
    case .invert: list.isInverted.toggle()
    case .group: setMode(gsMode.next(hasStacks: shown?.hasStacks == true))
    case .tree: setMode(gsMode == .tree ? .list : .tree)
    case .follow where screen == .stage: followLastMoved()
    case .follow: follow(summary?.selectedG)
    case .enter: return enter()
    case .why: return explain()
    case .yank: return summary.map { yank($0) } ?? .nothing
    case .zoomIn: zoom(-1)
    case .zoomOut: zoom(1)
    case .span: isTrendLong.toggle()
    case .rows: (timeline.byM, timeline.selectedRow, timeline.firstRow) = (!timeline.byM, 0, 0)
    case .cursorLeft: return moveCursor(1)
    case .cursorRight: return moveCursor(-1)
    // These actions mean the same on every screen, so `act` performs them itself.
    case .back, .quit, .help, .pause, .slower, .faster, .up, .down, .pageUp, .pageDown, .first, .last,
      .redraw, .stop, .report, .travel, .show, .nextScreen, .previousScreen, .record, .pace, .load, .trace,
      .followRequest,
      .requestBefore, .requestAfter, .replayRequest, .boot, .theme, .again:
      break
    }
    return .nothing
  }

  // MARK: lists

  mutating func scrollList(_ action: Action) {
    guard let window = summary?.window, let selected = window.selected else { return }
    if action == .first {
      (list.selected, list.selectedKey, list.first) = (0, nil, 0)
      return
    }
    select(Self.moved(selected, action, page: window.shown, last: window.total - 1))
  }

  /// Selects the row at a place and remembers the row's key, so that the selection survives another order.
  mutating func select(_ place: Int) {
    (list.selected, list.selectedKey) = (place, nil)
    guard let summary else { return }
    (list.first, list.selectedKey) = (summary.window.first, summary.selectedKey)
  }

  private mutating func sort(by step: Int) {
    guard let names = summary?.sortable, !names.isEmpty else { return }
    // Place 0 is the list's own order; the first column has place 1.
    let place = list.sort.flatMap { names.firstIndex(of: $0) }.map { $0 + 1 } ?? 0
    let next = (place + step + names.count + 1) % (names.count + 1)
    setSort(next == 0 ? nil : names[next - 1])
  }

  private mutating func setSort(_ name: String?) {
    (list.sort, list.isInverted) = (name, false)
    (list.first, list.selected, list.selectedKey) = (0, 0, nil)
  }

  private mutating func setMode(_ mode: GsMode) {
    gsMode = mode
    lists[.gs] = ListState()
  }

  private mutating func follow(_ g: UInt64?) {
    guard let g else {
      note = "no G here to follow"
      return
    }
    showEvents("g:\(g)")
  }

  /// Shows the events that a filter lets through. Esc goes back to the screen that was shown before.
  private mutating func showEvents(_ filter: String) {
    remember()
    screen = .events
    lists[.events] = ListState(filter: Filter(filter))
  }

  private mutating func remember() {
    trail.append(TrailStep(screen: screen, list: lists[screen], gsMode: gsMode))
    trail.removeFirst(max(0, trail.count - 20))
  }

  /// Goes back to the place that Enter or `F` led away from; false: there is no such place.
  mutating func goBackOnTrail() -> Bool {
    guard let place = trail.popLast() else { return false }
    (screen, gsMode, lists[place.screen]) = (place.screen, place.gsMode, place.list)
    return true
  }

  private mutating func enter() -> Effect {
    if screen == .timeline { return goToCursor() }
    if screen == .overview { isReportShown.toggle() }
    guard let summary else { return .nothing }
    if let filter = summary.filter {
      remember()
      setMode(.list)
      lists[.gs] = ListState(filter: Filter(filter))
    } else if let g = summary.selectedG {
      if shown?.hasStacks == true { return ask(.stack(g)) }
      follow(g)
    } else if case .event(let lane, _, let time) = summary.subject {
      return goToEvent(on: lane, at: time)
    } else if case .p(let id) = summary.subject {
      showEvents("p:\(id)")
    } else if case .m(let id) = summary.subject {
      showEvents("m:\(id)")
    } else {
      note = "nothing to go into here; x explains it"
    }
    return .nothing
  }

  /// Goes to the moment of an event that is about no G, and explains what the event's P or M did up to then.
  private mutating func goToEvent(on lane: Lane, at time: UInt64) -> Effect {
    switch lane {
    case .p(let id): why = .p(id)
    case .m(let id): why = .m(id)
    }
    firstWhyLine = 0
    // Go one nanosecond further than the event: the event must have happened at the moment that is shown, although
    // the history's clock rounds.
    return travel(.seek(time + 1))
  }

  /// Asks for an explanation of the selected thing. A live view is paused, so that the answer is about what
  /// is seen.
  private mutating func explain() -> Effect {
    guard why == nil else {
      why = nil
      return .nothing
    }
    guard let subject else {
      note = "nothing here to ask about"
      return .nothing
    }
    return ask(subject)
  }

  /// Opens the explanation of a subject, or closes it if that subject is explained already. The view pauses, except for
  /// a scheduler that is sampled: its explanations are always about the present.
  private mutating func ask(_ subject: Subject) -> Effect {
    (why, firstWhyLine) = (why == subject ? nil : subject, 0)
    return shown?.snapshot.sampled != nil ? .nothing : standStill()
  }

  /// The subject of an explanation: the thing under the cursor, or else the subject of the screen.
  private var subject: Subject? {
    switch screen {
    case .overview: shown.map { _ in .scheduler }
    case .timeline: timelineSubject
    case .latency: shown.map { _ in .latency(LatencyScreen.kind(self)) }
    case .stage: shown.map { _ in stage.followed.map { .g($0) } ?? .scheduler }
    default: summary?.subject
    }
  }

  /// The G that actions such as `F` and `R` are about: the G of the selected row, the G at the timeline's cursor, or
  /// the G that is followed on the stage; nil: none.
  var selectedG: UInt64? {
    switch screen {
    case .timeline: timelineG
    case .stage: stage.followed
    default: summary?.selectedG
    }
  }

  /// The G that ran longest in the timeline's column at the cursor. Without a cursor, the column is the latest one of
  /// the selected row in which any G ran. Nil: no G ran there.
  private var timelineG: UInt64? {
    guard let rows = shown?.detail.timeline?.rows, rows.indices.contains(timeline.selectedRow) else {
      return nil
    }
    let slots = rows[timeline.selectedRow].slots
    if let cursor = timeline.cursor, slots.indices.contains(slots.count - 1 - cursor) {
      let g = slots[slots.count - 1 - cursor].g
      return g == 0 ? nil : g
    }
    return slots.last { $0.g != 0 }?.g
  }

  /// The stretch of time of the column at the cursor, on the selected row's P or M; without a cursor, that P or M
  /// itself. Nil: there is no such row.
  private var timelineSubject: Subject? {
    guard let shown = shown?.detail.timeline, shown.rows.indices.contains(timeline.selectedRow) else {
      return nil
    }
    let row = shown.rows[timeline.selectedRow]
    let count = row.slots.count
    guard let cursor = timeline.cursor, (0..<count).contains(cursor) else {
      return shown.byM ? .m(row.id) : .p(row.id)
    }
    let width = (shown.end - min(shown.end, shown.start)) / UInt64(max(1, count))
    let end = shown.end - min(shown.end, width * UInt64(cursor))
    return .slice(shown.byM ? .m(row.id) : .p(row.id), from: end - min(end, width), to: end)
  }

  /// Pauses a view that follows a live target.
  mutating func standStill() -> Effect {
    guard !isPaused, latest?.past == nil, latest != nil else { return .nothing }
    frozen = latest
    return .time(.hold)
  }

  private mutating func yank(_ summary: ListSummary) -> Effect {
    guard summary.window.selected != nil else { return .nothing }
    note = "copied"
    return .copy(summary.text)
  }

  // MARK: the timeline

  private mutating func zoom(_ step: Int) {
    timeline.zoom = min(max(0, timeline.zoom + step), TimelineState.spans.count - 1)
    timeline.cursor = nil
  }

  /// Moves the cursor; positive steps go left. A live view is paused, because a cursor over moving columns
  /// points at nothing.
  private mutating func moveCursor(_ step: Int) -> Effect {
    let columns = shown?.detail.timeline?.rows.first?.slots.count ?? 1
    timeline.cursor = min(max(0, (timeline.cursor ?? -1) + step), columns - 1)
    return standStill()
  }

  private mutating func goToCursor() -> Effect {
    guard let cursor = timeline.cursor, let shown = shown?.detail.timeline, let row = shown.rows.first else {
      note = "move the cursor first: h and l"
      return .nothing
    }
    let width = (shown.end - shown.start) / UInt64(max(1, row.slots.count))
    let moment = shown.end - min(shown.end, width * UInt64(cursor) + width / 2)
    timeline.cursor = nil
    return travel(.seek(moment))
  }

  // MARK: the mouse

  mutating func click(x: Int, y: Int) -> Effect {
    guard let frame = shown, !isHelpShown, !isReportShown, why == nil, overlay == nil, prompt == nil else {
      return .nothing
    }
    if y == 1 {
      if let tab = Chrome.tab(self, x: x) { show(tab) }
      return .nothing
    }
    guard screen != .overview else { return .nothing }
    if screen == .timeline { return clickTimeline(x: x, y: y) }
    if screen == .stage {
      clickStage(x: x, y: y)
      return .nothing
    }
    switch ListPanel.hit(frame, self, x: x, y: y) {
    case .title(let name): if list.sort == name { list.isInverted.toggle() } else { setSort(name) }
    case .row(let place):
      if summary?.window.selected == place { return enter() }
      select(place)
    case nil: break
    }
    return .nothing
  }

  private mutating func clickTimeline(x: Int, y: Int) -> Effect {
    let body = ListPanel.body(size)
    guard let rows = shown?.detail.timeline?.rows, let row = rows.first else { return .nothing }
    let column = x - body.x - TimelineScreen.labelWidth
    guard
      let lane = TimelineScreen.layout(self).lane(atRow: y - body.y - (TimelineScreen.hasMap(shown) ? 3 : 2)),
      rows.indices.contains(lane), (0..<row.slots.count).contains(column)
    else { return .nothing }
    timeline.selectedRow = lane
    timeline.cursor = row.slots.count - 1 - column
    return moveCursor(0)
  }
}
