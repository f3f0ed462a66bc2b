// Following a request or the boot: which of them is shown, and at which step.
//
// The history's moment follows the step, so that the screens behind show the scheduler as it was at that
// step. The step also follows the moment, when time keys or a replay move the moment. Without a rule, each
// would keep moving the other: a step may have no moment of its own, and two steps may have the same one, so
// a moment may lead to another step than the chosen one. The rule: after somebody chooses a step, the moment
// at which the history arrives is the anchor. While the history stays at its anchor, the step does not
// change.
import Inspector

/// The request that is followed, and the step that is shown.
struct WalkState: Equatable, Sendable {
  var choice: RequestChoice
  /// The step that is selected.
  var step = 0
  /// The first line of the step's text that is shown.
  var firstLine = 0
  /// Whether the request's steps have arrived and time has been moved to the first one.
  var isFound = false
  /// The history's moment for the chosen step; nil: the history is not there yet, or time keys have moved it
  /// away.
  var anchor: UInt64?
  /// Whether the next frame shows the step's moment and so sets the anchor.
  var isSettling = true
  /// A remark for the reader, when another request is shown than the one that was asked for.
  var note: String?

  init(_ choice: RequestChoice, note: String? = nil) { (self.choice, self.note) = (choice, note) }
}

struct BootState: Equatable, Sendable {
  var step = 0
}

extension AppState {
  /// The overlay that is shown and has keys of its own; nil: none.
  var overlay: OverlayID? { walk != nil ? .walk : boot != nil ? .boot : nil }

  /// The steps of the request that is followed; nil: no request is followed, or its steps have not arrived
  /// yet.
  var shownWalk: RequestWalk? {
    guard let answer = shown?.detail.request, answer.choice == walk?.choice else { return nil }
    return answer.walk
  }

  /// Whether the target is alive, so that more requests may come.
  private var isLive: Bool { latest?.ended == nil && latest?.goesOn ?? true }

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
      // The search was for the next request, and none has come yet: go back to the last one before.
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

  /// Takes the request's steps from a frame. Then time moves to the first step, or the step follows the time.
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

  /// Widens a search that found no request: from the requests of one G to all requests before the moment, and
  /// then to the next request after the moment. If that one has not come yet, waits for it in a live view.
  private mutating func lookFurther(_ walk: WalkState) -> Effect {
    switch walk.choice {
    case .of(let g, let moment):
      self.walk = WalkState(.last(by: moment), note: "G\(g) took part in no request; this is the last one")
    case .last(let moment):
      self.walk = WalkState(.next(after: moment), note: "none had ended before")
    case .next, .number:
      // A paused view would not see the next request come: follow the live target again.
      guard isLive, latest?.past != nil || isPaused else { return .nothing }
      frozen = nil
      return .time(.now)
    }
    return .nothing
  }

  /// Goes to another step, and moves the history to the step's moment.
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
