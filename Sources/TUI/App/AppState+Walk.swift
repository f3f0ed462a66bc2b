// Following a request, and the boot: which is shown, at which step.
//
// The moment of the history follows the step, so that every screen behind shows the scheduler as it was then. And the
// step follows the moment, when that is moved by the keys of time or by a replay. Both at once would be a circle (a
// step may have no moment of its own, and two may have the same), so after a step was chosen the place at which the
// history then stands is its anchor: as long as it stands there, the step stays.
import Inspector

/// The request that is followed.
struct WalkState: Equatable, Sendable {
  var choice: RequestChoice
  /// Of the steps; and the line with which what is told of it begins.
  var step = 0
  var firstLine = 0
  /// Whether the walk has been found, and time has been moved to it.
  var isFound = false
  /// Where the history stands for the step that was chosen; nil: it is not there yet, or was moved away.
  var anchor: UInt64?
  /// Whether the next frame is the one that shows the step's moment.
  var isSettling = true
  /// What had to be done instead of what was asked for.
  var note: String?

  init(_ choice: RequestChoice, note: String? = nil) { (self.choice, self.note) = (choice, note) }
}

struct BootState: Equatable, Sendable {
  var step = 0
}

extension AppState {
  /// What lies over the screen and has keys of its own.
  var overlay: OverlayID? { walk != nil ? .walk : boot != nil ? .boot : nil }

  /// The walk that is shown; nil: none is, or it has not been found.
  var shownWalk: RequestWalk? {
    guard let answer = shown?.detail.request, answer.choice == walk?.choice else { return nil }
    return answer.walk
  }

  /// Whether frames are of a target that lives, so that more requests may come.
  private var isLive: Bool { latest?.ended == nil && latest?.past?.origin ?? .live == .live }

  mutating func follow(_ action: Action) -> Effect {
    guard walk != nil else {
      guard action == .followRequest, let frame = shown else { return .nothing }
      if let absence = frame.snapshot.trace.absence {
        note = absence
        return .nothing
      }
      boot = nil
      let moment = frame.past?.time ?? frame.snapshot.time
      let g = screen == .overview ? nil : selectedG
      walk = WalkState(g.map { .of(g: $0, by: moment) } ?? .last(by: moment))
      return standStill()
    }
    guard let found = shownWalk else {
      // Back from where there is none.
      if action == .requestBefore, case .next(let moment) = walk?.choice {
        walk = WalkState(.last(by: moment))
      }
      return .nothing
    }
    let end = found.span.end ?? found.last
    switch action {
    case .requestBefore:
      let by = end - min(end, 1)
      walk = WalkState(.last(by: by))
    case .replayRequest:
      walk?.anchor = nil
      walk?.isSettling = false
      return travel(.replay(found.steps.map { $0.moment + 1 }))
    default: walk = WalkState(.next(after: end))
    }
    return .nothing
  }

  /// Takes in what a frame says of the request, and moves time to it, or the step to the time.
  mutating func followWalk(_ frame: Frame) -> Effect {
    guard var walk, let answer = frame.detail.request, answer.choice == walk.choice else { return .nothing }
    guard let found = answer.walk else { return lookFurther(walk) }
    if !walk.isFound {
      walk.isFound = true
      self.walk = walk
      return travel(.seek((found.steps.first?.moment ?? found.zero) + 1))
    }
    guard let time = frame.past?.time else { return .nothing }
    if walk.anchor == nil, walk.isSettling { walk.anchor = time }
    if walk.anchor != time {
      (walk.anchor, walk.isSettling) = (nil, false)
      let step = found.step(at: time)
      if step != walk.step { (walk.step, walk.firstLine) = (step, 0) }
    }
    self.walk = walk
    return .nothing
  }

  /// There is none such: another one, or the next that comes.
  private mutating func lookFurther(_ walk: WalkState) -> Effect {
    switch walk.choice {
    case .of(let g, let moment):
      self.walk = WalkState(.last(by: moment), note: "G\(g) took part in no request; this is the last one")
    case .last(let moment):
      self.walk = WalkState(.next(after: moment), note: "none had ended before")
    case .next, .number:
      // A view that stands still would not see it come.
      guard isLive, latest?.past != nil || isPaused else { return .nothing }
      frozen = nil
      return .time(.now)
    }
    return .nothing
  }

  /// To another step: the history goes to its moment.
  mutating func moveInWalk(_ action: Action) -> Effect {
    guard let found = shownWalk, var walk else { return .nothing }
    if action == .pageUp || action == .pageDown {
      let room = WalkOverlay(state: self)?.told ?? (lines: 0, rows: 1)
      walk.firstLine = Self.moved(
        walk.firstLine, action, page: room.rows, last: max(0, room.lines - room.rows))
      self.walk = walk
      return .nothing
    }
    let step = Self.moved(walk.step, action, page: 1, last: found.steps.count - 1)
    (walk.step, walk.firstLine, walk.anchor, walk.isSettling) = (step, 0, nil, true)
    self.walk = walk
    return travel(.seek(found.steps[step].moment + 1))
  }

  mutating func moveInBoot(_ action: Action) {
    let last = BootOverlay.count(shown) - 1
    boot = boot.map { BootState(step: Self.moved($0.step, action, page: last, last: max(0, last))) }
  }
}
