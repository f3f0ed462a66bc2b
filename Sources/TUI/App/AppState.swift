// The dashboard's own state, beyond the target's numbers, and how every message changes it.
//
// `update` is the only place where the state changes. `update` is a pure function: it returns what has to be
// done outside (end, stop, repaint) as an effect, and the loop in App.swift performs the effect.
public import Inspector

/// The state of the dashboard.
public struct AppState: Sendable, Equatable {
  /// The newest frame that the source gave.
  @CopyOnWrite public internal(set) var latest: Frame? = nil
  /// The frame that stays on the screen while the view is paused.
  @CopyOnWrite public internal(set) var frozen: Frame? = nil
  public internal(set) var isHelpShown = false
  var firstHelpLine = 0
  /// Whether the report of a past moment lies over the screen.
  public internal(set) var isReportShown = false
  /// The first line of the report that is shown.
  public internal(set) var firstReportLine = 0
  /// The screen's size.
  public internal(set) var size: Size
  /// The screen that is shown.
  public internal(set) var screen = ScreenID.overview
  /// The state of every list. A list that is not shown keeps its state.
  var lists: [ScreenID: ListState] = [:]
  /// The places that Enter and `F` led away from; Esc goes back along them.
  var trail: [TrailStep] = []
  var gsMode = GsMode.list
  var timeline = TimelineState()
  var stage = StageState()
  /// The kind of latency whose course is shown, as a place in `LatencyScreen.kinds`.
  var latencyKind = 0
  /// The thing that is explained over the screen; nil: none.
  var why: Subject?
  /// The first line of the explanation that is shown.
  var firstWhyLine = 0
  /// Whether the Overview's graphs show all of the known history instead of the last minute.
  var isTrendLong = false
  /// The view of one request's steps and the view of the boot, each nil unless it lies over the screen.
  var walk: WalkState?
  var boot: BootState?
  /// The question whether a trace may be taken, until a key answers it.
  var traceQuestion: TraceQuestion?
  /// The line that is being typed.
  var prompt: Prompt?
  /// The effect of the last key in words, when the screen does not show that effect by itself. The next key
  /// clears the note.
  var note: String?
  var theme = ThemeName.calm
  /// The first P whose lane is shown. Drawing clamps the value to the Ps that there are.
  public internal(set) var firstLane = 0
  /// The milliseconds between two frames; never less than 10.
  public internal(set) var interval: Int
  public internal(set) var glyphs: Glyphs
  /// Answers about the shown frame's lists, kept so that the next key need not compute them again.
  var memos = ListMemos()
  /// Whether a person uses the dashboard. Batch output has no keys, no scrolling and no badge.
  var isInteractive = true

  /// The milliseconds between two frames unless another interval was chosen.
  public static let usualInterval = 100
  /// The intervals that keys choose from, in milliseconds.
  static let intervals = [50, 100, 200, 500, 1000, 2000, 5000]

  public init(
    size: Size, interval: Int = usualInterval, glyphs: Glyphs = .unicode, screen: ScreenID = .overview,
    theme: ThemeName = .calm
  ) {
    (self.size, self.interval, self.glyphs, self.screen) = (size, max(10, interval), glyphs, screen)
    self.theme = theme
  }

  public var isPaused: Bool { frozen != nil }
  /// Whether the target ended while the dashboard watched it live.
  var hasEnded: Bool { latest?.ended != nil && latest?.goesOn ?? true }
  /// The frame to draw.
  public var shown: Frame? { frozen ?? latest }
}

/// An event that may change the dashboard's state.
public enum Message: Sendable, Equatable {
  case frame(Frame)
  case input(Input)
  /// The outcome of an effect such as `Effect.record`, in a few words; empty: the screen shows it by itself.
  case said(String)
  /// The outcome of `Effect.trace`.
  case traced(TraceOutcome)
  /// From now on, frames are of another process.
  case again
}

/// An effect: the thing that the loop has to do after an update.
public enum Effect: Sendable, Equatable {
  case nothing, redrawAll, stop
  case end(Ending.Cause)
  /// Travel to another moment.
  case time(TimeCommand)
  /// Write history to a file. `Message.said` reports the outcome.
  case record(RecordCommand)
  /// Hold, step or slow the target's scheduler. `Message.said` reports the outcome.
  case pace(PaceCommand)
  /// Start or end a load on the target. `Message.said` reports the outcome.
  case load(LoadCommand)
  /// Take a trace of the target, or show the last one. `Message.traced` reports the outcome.
  case trace(TraceCommand)
  /// Put a text on the clipboard.
  case copy(String)
  /// Use another palette.
  case theme(ThemeName)
  /// Attach to a process with the name of the one that has ended. `Message.said` or `Message.again` reports
  /// the outcome.
  case again
}

extension AppState {
  /// Applies a message, and returns the effect that the loop has to perform.
  public mutating func update(_ message: Message) -> Effect {
    switch message {
    case .frame(let frame):
      if let news = frame.announcement, news != latest?.announcement { note = news.words }
      latest = frame
      memos.forgetFrame()
      // While the view is paused, the source stands still too (`TimeCommand.hold`), so the source's details
      // belong to the frozen frame. That frame still has the gauges that were read live. They are replaced by
      // the gauges of the pause's moment, so that lists and gauges are of one moment. If records are missing
      // at that moment, the gauges that were read live stay: they are always right.
      if frame.past != nil {
        if frozen != nil, frozen?.past == nil, frame.snapshot.isConsistent {
          frozen?.snapshot = frame.snapshot
        }
        frozen?.detail.fill(from: frame.detail)
      }
      return followWalk(frame)
    case .input(let input):
      return take(input)
    case .said(let words):
      note = words.isEmpty ? nil : words
      return .nothing
    case .traced(.said(let words)): return update(.said(words))
    case .traced(.ask(let question)):
      traceQuestion = question
      return .nothing
    case .again:
      forget()
      return .nothing
    }
  }

  private mutating func take(_ input: Input) -> Effect {
    switch input {
    case .key(let key):
      note = nil
      if let traceQuestion { return answer(traceQuestion, with: key) }
      if prompt != nil { return type(key) }
      if let action = Action(key: key, on: screen, over: overlay) { return act(action) }
      // Whoever pressed the filter key will go on typing. Open a line even where nothing can be filtered: it
      // swallows the letters, which would otherwise act as keys.
      if Action.asksForText(key) { prompt = Prompt(kind: .nothing) }
      return .nothing
    case .paste(let text): return paste(text)
    case .click(let x, let y): return click(x: x, y: y)
    case .resize(let size):
      self.size = size
      return .nothing
    case .stop: return .stop
    case .disturbed: return .redrawAll
    case .terminate(let signal): return .end(.signal(signal))
    case .hangUp: return .end(.hangUp)
    case .wake: return .nothing
    }
  }

  mutating func act(_ action: Action) -> Effect {
    switch action {
    case .quit: return .end(.quit)
    case .back: return goBack()
    case .help: (isHelpShown, firstHelpLine) = (!isHelpShown, 0)
    case .pause: return pause()
    case .report: isReportShown.toggle()
    case .travel(let command): return travel(command)
    case .record(let command): return .record(command)
    case .pace(let command):
      frozen = nil
      return .pace(command)
    case .load(let command): return .load(command)
    case .trace(let command): return trace(.success(command))
    case .slower: interval = Self.intervals.first { $0 > interval } ?? interval
    case .faster: interval = Self.intervals.last { $0 < interval } ?? interval
    case .up, .down, .pageUp, .pageDown, .first, .last:
      if walk != nil, why == nil, !isHelpShown { return moveInWalk(action) }
      scroll(action)
    case .followRequest, .requestBefore, .requestAfter, .replayRequest: return follow(action)
    case .boot: (boot, walk) = (boot == nil ? BootState() : nil, nil)
    case .redraw: return .redrawAll
    case .again:
      if hasEnded { return .again }
      let isLive = latest?.goesOn ?? true
      note = isLive ? "the process has not ended" : "r is for a process that ended while it was looked at"
    case .stop: return .stop
    case .theme:
      theme = theme.next
      note = "theme: \(theme.rawValue)"
      return .theme(theme)
    case .show(let screen): show(screen)
    case .nextScreen: show(screen.neighbour(1))
    case .previousScreen: show(screen.neighbour(-1))
    default: return actOnScreen(action)
    }
    return .nothing
  }

  /// Forgets what belonged to the former process: moments, rows and overlays. The screen, filters and orders stay.
  private mutating func forget() {
    traceQuestion = nil
    (frozen, walk, boot, why, isReportShown, trail, firstLane) = (nil, nil, nil, nil, false, [], 0)
    (timeline.cursor, stage) = (nil, StageState())
    for screen in lists.keys {
      lists[screen]?.first = 0
      lists[screen]?.selected = 0
      lists[screen]?.selectedKey = nil
    }
  }

  mutating func show(_ screen: ScreenID) {
    (self.screen, isReportShown, isHelpShown, why, boot) = (screen, false, false, nil, nil)
    trail = []
  }

  private mutating func goBack() -> Effect {
    if isHelpShown {
      isHelpShown = false
    } else if why != nil {
      why = nil
    } else if overlay != nil {
      (walk, boot) = (nil, nil)
    } else if isReportShown {
      isReportShown = false
    } else if goBackOnTrail() {
      return .nothing
    } else if lists[screen]?.filter.isEmpty == false {
      lists[screen] = ListState(sort: lists[screen]?.sort, isInverted: lists[screen]?.isInverted ?? false)
    } else if screen == .gs, gsMode != .list {
      gsMode = .list
      lists[.gs] = nil
    } else if screen == .timeline, timeline.cursor != nil {
      timeline.cursor = nil
    } else if screen != .overview {
      screen = .overview
    } else {
      note = isPaused || latest?.past?.goesOn == true ? "q quits, n goes back to now" : "q quits"
    }
    return .nothing
  }

  private mutating func pause() -> Effect {
    if isPaused {
      frozen = nil
      return .time(.resume)
    }
    if latest?.past?.goesOn == true { return travel(.now) }
    frozen = latest
    return latest == nil ? .nothing : .time(.hold)
  }

  /// Travels to another moment, which ends a pause.
  mutating func travel(_ command: TimeCommand) -> Effect {
    if command == .stepBack || command == .stepForward, let absence = shown?.snapshot.trace.absence {
      note = absence
      return .nothing
    }
    frozen = nil
    return .time(command)
  }

  // MARK: scrolling

  private mutating func scroll(_ action: Action) {
    if isHelpShown {
      let help = HelpOverlay(state: self)
      firstHelpLine = Self.moved(firstHelpLine, action, page: help.rows, last: help.lastFirst)
    } else if let overlay = WhyOverlay(state: self) {
      firstWhyLine = Self.moved(firstWhyLine, action, page: overlay.rows, last: overlay.lastFirst)
    } else if boot != nil {
      moveInBoot(action)
    } else if isReportShown {
      scrollReport(action)
    } else if screen == .timeline {
      let layout = TimelineScreen.layout(self)
      timeline.selectedRow = Self.moved(
        timeline.selectedRow, action, page: layout.shown, last: layout.total - 1)
      timeline.firstRow = TimelineScreen.layout(self).first
    } else if screen == .latency {
      latencyKind = Self.moved(latencyKind, action, page: 1, last: LatencyScreen.kinds.count - 1)
    } else if screen == .stage {
      scrollStage(action)
    } else if screen == .overview {
      scrollLanes(action)
    } else {
      scrollList(action)
    }
  }

  /// The place after a movement, from 0 to `last`.
  static func moved(_ place: Int, _ action: Action, page: Int, last: Int) -> Int {
    let wanted =
      switch action {
      case .up: place - 1
      case .down: place + 1
      case .pageUp: place - max(1, page)
      case .pageDown: place + max(1, page)
      case .first: 0
      default: last
      }
    return max(0, min(wanted, last))
  }

  private mutating func scrollReport(_ action: Action) {
    let page = max(1, size.rows - 3)
    let last = action == .last ? Int.max : firstReportLine + page
    firstReportLine = PastOverlay.clamped(
      Self.moved(firstReportLine, action, page: page, last: last), of: self)
  }

  private mutating func scrollLanes(_ action: Action) {
    let layout = shown.map { OverviewLayout(frame: $0, state: self).lanes }
    let step = layout?.columns ?? 1
    switch action {
    case .up: scroll(to: firstLane - step)
    case .down: scroll(to: firstLane + step)
    case .pageUp: scroll(to: firstLane - (layout?.shown ?? 1))
    case .pageDown: scroll(to: firstLane + (layout?.shown ?? 1))
    case .first: scroll(to: 0)
    default: scroll(to: .max)
    }
  }

  private mutating func scroll(to lane: Int) {
    guard let frame = shown else { return }
    firstLane = max(0, lane)
    firstLane = OverviewLayout(frame: frame, state: self).lanes.first
  }
}

extension Detail {
  /// Takes each part that `newer` has; the other parts stay as they are.
  mutating func fill(from newer: Detail) {
    goroutines = newer.goroutines ?? goroutines
    stacks = newer.stacks ?? stacks
    threads = newer.threads ?? threads
    sockets = newer.sockets ?? sockets
    polls = newer.polls ?? polls
    timeline = newer.timeline ?? timeline
    events = newer.events ?? events
    why = newer.why ?? why
    trend = newer.trend ?? trend
    request = newer.request ?? request
    stage = newer.stage ?? stage
    health = newer.health ?? health
  }
}
