// What the dashboard knows beyond the target's numbers, and how every message changes it.
//
// `update` is the only place where the state changes. It is a pure function: what has to be done outside
// (end, stop, repaint) is returned as an effect, and the loop in App.swift does it.
public import Inspector

/// The state of the dashboard.
public struct AppState: Sendable, Equatable {
  /// The newest frame that the source gave.
  public internal(set) var latest: Frame?
  /// The frame that is kept on the screen while the view is paused.
  public internal(set) var frozen: Frame?
  public internal(set) var isHelpShown = false
  /// Whether the report of a past moment lies over the screen, and the line that it begins with.
  public internal(set) var isReportShown = false
  public internal(set) var firstReportLine = 0
  /// The screen's size.
  public internal(set) var size: Size
  /// The first P whose lane is shown. Drawing clamps it to what there is.
  public internal(set) var firstLane = 0
  /// Milliseconds between two frames; never less than 10.
  public internal(set) var interval: Int
  public internal(set) var glyphs: Glyphs
  /// Whether somebody sits in front of it: batch output has no keys, no scrolling and no badge.
  var isInteractive = true

  /// The intervals to choose from, in milliseconds.
  static let intervals = [50, 100, 200, 500, 1000, 2000, 5000]

  public init(size: Size, interval: Int = 100, glyphs: Glyphs = .unicode) {
    (self.size, self.interval, self.glyphs) = (size, max(10, interval), glyphs)
  }

  public var isPaused: Bool { frozen != nil }
  /// The frame to draw.
  public var shown: Frame? { frozen ?? latest }
}

/// Something that happened, to the dashboard's mind.
public enum Message: Sendable, Equatable {
  case frame(Frame)
  case input(Input)
}

/// What the loop has to do after an update.
public enum Effect: Sendable, Equatable {
  case nothing, redrawAll, stop
  case end(Ending.Cause)
  /// Another moment is wanted.
  case time(TimeCommand)
}

extension AppState {
  /// Applies a message and says what else has to be done.
  public mutating func update(_ message: Message) -> Effect {
    switch message {
    case .frame(let frame):
      latest = frame
      return .nothing
    case .input(let input):
      return take(input)
    }
  }

  private mutating func take(_ input: Input) -> Effect {
    switch input {
    case .key(let key): return Action(key: key).map { act($0) } ?? .nothing
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

  private mutating func act(_ action: Action) -> Effect {
    switch action {
    case .quit: return .end(.quit)
    case .back:
      guard isHelpShown || isReportShown else { return .end(.quit) }
      if isHelpShown { isHelpShown = false } else { isReportShown = false }
    case .help: isHelpShown.toggle()
    case .pause:
      if !isPaused, latest?.past?.origin == .live { return travel(.now) }
      frozen = isPaused ? nil : latest
    case .report: isReportShown.toggle()
    case .travel(let command): return travel(command)
    case .slower: interval = Self.intervals.first { $0 > interval } ?? interval
    case .faster: interval = Self.intervals.last { $0 < interval } ?? interval
    case .up, .down, .pageUp, .pageDown, .first, .last: scroll(action)
    case .redraw: return .redrawAll
    case .stop: return .stop
    }
    return .nothing
  }

  /// Another moment: what was frozen is over.
  private mutating func travel(_ command: TimeCommand) -> Effect {
    frozen = nil
    return .time(command)
  }

  private mutating func scroll(_ action: Action) {
    if isReportShown { return scrollReport(action) }
    switch action {
    case .up: scroll(to: firstLane - laneStep)
    case .down: scroll(to: firstLane + laneStep)
    case .pageUp: scroll(to: firstLane - lanesShown)
    case .pageDown: scroll(to: firstLane + lanesShown)
    case .first: scroll(to: 0)
    case .last: scroll(to: .max)
    default: break
    }
  }

  private mutating func scrollReport(_ action: Action) {
    let page = max(1, size.rows - 3)
    let line =
      switch action {
      case .up: firstReportLine - 1
      case .down: firstReportLine + 1
      case .pageUp: firstReportLine - page
      case .pageDown: firstReportLine + page
      case .first: 0
      default: Int.max
      }
    firstReportLine = PastOverlay.clamped(line, of: self)
  }

  private var lanesShown: Int { shown.map { OverviewLayout(frame: $0, state: self).lanes.shown } ?? 1 }
  /// One row of lanes.
  private var laneStep: Int { shown.map { OverviewLayout(frame: $0, state: self).lanes.columns } ?? 1 }

  private mutating func scroll(to lane: Int) {
    guard let frame = shown else { return }
    firstLane = max(0, lane)
    firstLane = OverviewLayout(frame: frame, state: self).lanes.first
  }
}
