// A model of two scopes, one below the other, and three actors (see Cancellation §3 and §4): a G that enters
// the lower scope and waits in it, a thread that cancels the upper scope, and a timer that cancels the lower
// one.
//
// Promises: at rest the G does not sleep in a cancelled scope. Every scope below a cancelled scope is
// cancelled. No scope is walked twice: a walk's list links the scopes themselves, so a scope can be on one
// list only. The G is made ready once.

/// A safeguard that the model leaves out, to show that it is needed.
enum CancellationFlaw: CaseIterable, Sendable {
  /// A scope copies its parent's flag before it enters the parent's list of children.
  case copyBeforeEntering
  /// The canceller walks first and sets the flag afterwards.
  case walkBeforeFlag
  /// The walk sets a child's flag but does not walk the child.
  case childrenNotListed
  /// A new child does not look at its parent's flag.
  case noCopy
  /// Flags are set by a load and a store instead of an exchange.
  case flagByStore
  /// The G looks at the flag before it opens its wait.
  case lookBeforeOpening
}

struct CancellationModel: Model {
  let flaw: CancellationFlaw?
  var hasTimer = true

  enum Waiter: Hashable {
    case copyEarly, lockUpper, enter, unlockUpper, lockLower, join, unlockLower
    case lookEarly, open, look, park, parked, ended
  }
  enum Word: Hashable { case closed, open, parked }

  /// The steps of a canceller: of the upper scope and all below it, or of the lower scope.
  enum Canceller: Hashable {
    case flag, store, lockUpper, walkUpper, storeBelow, unlockUpper, flagLate, lockLower, walkLower,
      unlockLower, done
  }

  struct State: Hashable {
    var (upperFlag, lowerFlag) = (false, false)
    var (upperLocked, lowerLocked) = (false, false)
    /// Whether the lower scope is in the upper one's list of children, and whether the G is in the lower
    /// one's list of members.
    var (hasChild, hasMember) = (false, false)
    var waiter = Waiter.lockUpper
    var word = Word.closed
    var readied = 0
    var copied = false
    var upper = Canceller.flag
    /// Whether the upper canceller has put the lower scope on its list.
    var isListed = false
    var lower = Canceller.flag
    var walks = 0
  }

  var start: State {
    var state = State()
    if flaw == .copyBeforeEntering { state.waiter = .copyEarly }
    if flaw == .walkBeforeFlag { state.upper = .lockUpper }
    if !hasTimer { state.lower = .done }
    return state
  }

  func wrong(_ state: State) -> String? {
    if state.walks > 1 { return "a scope is walked twice" }
    return state.readied > 1 ? "made ready twice" : nil
  }

  func wrongAtRest(_ state: State) -> String? {
    if state.hasChild, state.upperFlag, !state.lowerFlag { return "a scope below a cancelled one goes on" }
    if state.waiter == .parked, state.lowerFlag { return "sleeps in a cancelled scope" }
    return nil
  }

  func steps(from state: State) -> [State] {
    [waiterStep(state), upperStep(state), lowerStep(state)].compactMap { $0 }
  }
}

// MARK: the G

extension CancellationModel {
  private func waiterStep(_ before: State) -> State? {
    var state = before
    switch before.waiter {
    case .copyEarly: (state.copied, state.waiter) = (before.upperFlag, .lockUpper)
    case .lockUpper:
      guard !before.upperLocked else { return nil }
      (state.upperLocked, state.waiter) = (true, .enter)
    case .enter:
      state.hasChild = true
      let flag = flaw == .copyBeforeEntering ? before.copied : before.upperFlag
      if flag, flaw != .noCopy { state.lowerFlag = true }
      state.waiter = .unlockUpper
    case .unlockUpper: (state.upperLocked, state.waiter) = (false, .lockLower)
    case .lockLower:
      guard !before.lowerLocked else { return nil }
      (state.lowerLocked, state.waiter) = (true, .join)
    case .join: (state.hasMember, state.waiter) = (true, .unlockLower)
    case .unlockLower:
      (state.lowerLocked, state.waiter) = (false, flaw == .lookBeforeOpening ? .lookEarly : .open)
    case .lookEarly: state.waiter = before.lowerFlag ? .ended : .open
    case .open: (state.word, state.waiter) = (.open, flaw == .lookBeforeOpening ? .park : .look)
    case .look: state.waiter = before.lowerFlag ? .ended : .park
    case .park:
      state.waiter = before.word == .open ? .parked : .ended
      if before.word == .open { state.word = .parked }
    case .parked:
      guard before.readied > 0 else { return nil }
      state.waiter = .ended
    case .ended: return nil
    }
    return state
  }
}

// MARK: the cancellers

extension CancellationModel {
  private func upperStep(_ before: State) -> State? {
    var state = before
    switch before.upper {
    case .flag: (state.upperFlag, state.upper) = (true, .lockUpper)
    case .lockUpper:
      guard !before.upperLocked else { return nil }
      (state.upperLocked, state.upper) = (true, .walkUpper)
    case .walkUpper:
      state.upper = .unlockUpper
      guard before.hasChild, !before.lowerFlag else { break }
      state.isListed = flaw != .childrenNotListed
      if flaw == .flagByStore { state.upper = .storeBelow } else { state.lowerFlag = true }
    case .storeBelow: (state.lowerFlag, state.upper) = (true, .unlockUpper)
    case .unlockUpper:
      state.upperLocked = false
      state.upper = flaw == .walkBeforeFlag ? .flagLate : afterUpper(before)
    case .flagLate: (state.upperFlag, state.upper) = (true, afterUpper(before))
    case .lockLower, .walkLower, .unlockLower: return walkLower(before, \.upper)
    case .store, .done: return nil
    }
    return state
  }

  private func afterUpper(_ state: State) -> Canceller { state.isListed ? .lockLower : .done }

  /// The timer of the lower scope. It exists once that scope was entered.
  private func lowerStep(_ before: State) -> State? {
    var state = before
    switch before.lower {
    case .flag:
      guard before.hasChild, before.waiter != .enter else { return nil }
      state.lower = before.lowerFlag ? .done : flaw == .flagByStore ? .store : .lockLower
      if state.lower == .lockLower { state.lowerFlag = true }
    case .store: (state.lowerFlag, state.lower) = (true, .lockLower)
    case .lockLower, .walkLower, .unlockLower: return walkLower(before, \.lower)
    default: return nil
    }
    return state
  }

  private func walkLower(_ before: State, _ who: WritableKeyPath<State, Canceller>) -> State? {
    var state = before
    switch before[keyPath: who] {
    case .lockLower:
      guard !before.lowerLocked else { return nil }
      state.lowerLocked = true
      state.walks += 1
      state[keyPath: who] = .walkLower
    case .walkLower:
      if before.hasMember, before.word != .closed {
        if before.word == .parked { state.readied += 1 }
        state.word = .closed
      }
      state[keyPath: who] = .unlockLower
    case .unlockLower:
      state.lowerLocked = false
      state[keyPath: who] = .done
    default: return nil
    }
    return state
  }
}
