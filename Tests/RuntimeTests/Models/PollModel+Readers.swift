// The Gs of PollModel: each from its system call to the next, and the actors that take a G out of the word.

extension PollModel {
  /// Whether the scope of `name` can be cancelled.
  private func isInScope(_ name: Int) -> Bool { name == 0 && course != .both }

  func readerStep(_ before: State, _ name: Int) -> State? {
    var state = before
    let isCancelled = isInScope(name) && before.cancelled
    switch before[name].at {
    case .outside:
      guard name == 1, before.cancelled, case .handOver = course else { return nil }
      state[name].at = .read
    case .read:
      // Leave without another look at the data: the worst that a cancelled G may do.
      if isCancelled { return ended(state, name) }
      state[name].at = before.data > 0 ? .read : isInScope(name) ? .publish : .announce
      state.data = 0
    case .lookAtFlags:
      let isSeen = (before.closed || isCancelled) && flaw != .noLookAfterAnnouncing
      state[name].at = isSeen ? .conclude : .leave
    case .leave:
      state[name].isOnStack = false
      state[name].at = flaw == .announceAsParked ? .parked : .commit
    case .commit: commit(&state, name)
    case .parked:
      guard before[name].readied > 0 else { return nil }
      state[name] = Reader(at: .conclude, isOnStack: true, readied: before[name].readied - 1)
    default:
      return beforeParking(before, name, isCancelled) ?? afterWaking(before, name, isCancelled)
    }
    return state
  }

  /// From the failed system call to the G's place in the word; nil: the G is at another step.
  private func beforeParking(_ before: State, _ name: Int, _ isCancelled: Bool) -> State? {
    var state = before
    switch before[name].at {
    case .publish:
      state.published = true
      state[name].at = .lookEarly
    case .lookEarly:
      if isCancelled { return ended(state, name) }
      state[name].at = .announce
    case .announce: announce(&state, name)
    case .announceStore:
      state.side = .announced(name)
      state[name].at = .lookAtFlags
    case .lookAtScope(let seen):
      if isCancelled, flaw != .displacesBlindly { return ended(state, name) }
      state[name].at = .takePlace(seen)
    case .takePlace(let seen):
      guard before.side == seen else {
        state[name].at = .announce
        break
      }
      state.side = .announced(name)
      state[name].at = .lookAtFlags
      if case .parked(let other) = seen { state[name].at = .displace(other) }
    case .displace(let other):
      state.displaced = other
      state[name].at = .wake(other)
    case .wake(let other):
      if flaw != .displacedSleeps { state.ready(other) }
      state[name].at = .lookAtFlags
    default: return nil
    }
    return state
  }

  private func ended(_ before: State, _ name: Int) -> State {
    var state = before
    state[name].at = .ended
    if name == 0 { state.published = false }
    return state
  }

  private func announce(_ state: inout State, _ name: Int) {
    switch state.side {
    case .ready:
      state.side = .nothing
      state[name].at = .lookLate(.news)
    case _ where flaw == .announceWithoutCompare: state[name].at = .announceStore
    case .nothing:
      state[name].at = .lookAtFlags
      state.side = flaw == .announceAsParked ? .parked(name) : .announced(name)
    case .announced, .parked:
      state[name].at = .lookAtScope(state.side)
      if flaw == .fatalAtSight { state.fatal = true }
    }
  }

  private func commit(_ state: inout State, _ name: Int) {
    let isMine: Bool
    switch state.side {
    case .announced(let other): isMine = other == name || flaw == .namelessAnnouncement
    default: isMine = false
    }
    if isMine || flaw == .commitWithoutCompare {
      state.side = .parked(name)
      state[name].at = .parked
    } else {
      (state[name].at, state[name].isOnStack) = (.conclude, true)
    }
  }

  private func afterWaking(_ before: State, _ name: Int, _ isCancelled: Bool) -> State? {
    var state = before
    switch before[name].at {
    case .conclude:
      if flaw == .looksTooEarly, isCancelled { return ended(state, name) }
      conclude(&state, name)
    case .lookLate(let found):
      let sees = isCancelled && flaw != .looksTooEarly
      if !sees {
        state[name].at = .check(found)
      } else if found == .news, flaw != .keepsNews {
        state[name].at = .giveBack
      } else {
        return ended(state, name)
      }
    case .giveBack:
      state[name].at = .ended
      state.published = false
      if case .parked(let next) = before.side { state[name].at = .wakeNext(next) }
      state.side = .ready
    case .wakeNext(let next):
      if flaw != .returnsNewsSilently { state.ready(next) }
      state[name].at = .ended
    case .check(let found):
      if found == .displacement, !before.closed {
        if flaw == .displacedKeepsQuiet { return ended(state, name) }
        state.fatal = true
      }
      if found != .news, before.closed { return ended(state, name) }
      if name == 0 { state.published = false }
      state[name].at = .read
    default: return nil
    }
    return state
  }

  private func conclude(_ state: inout State, _ name: Int) {
    let isFollowed = state.side.owner != nil && state.side.owner != name
    var isDisplaced = state.displaced == name
    if flaw == .followedMeansDisplaced { isDisplaced = isFollowed }
    if isDisplaced { state.displaced = nil }
    let isNews = state.side == .ready
    if !isFollowed || flaw == .concludeByStore { state.side = .nothing }
    state[name].at = .lookLate(isNews ? .news : isDisplaced ? .displacement : .nothing)
  }
}

// MARK: poller, closer and canceller

extension PollModel {
  /// The next step of an actor that brings news or only wakes; nil: it has none.
  func visit(
    _ before: State, _ who: WritableKeyPath<State, Visitor>, brings: Side, begins: Bool
  ) -> State? {
    var state = before
    let onlyWakes = brings == .nothing
    let end = ending(of: who)
    switch before[keyPath: who] {
    case .idle:
      guard begins else { return nil }
      state[keyPath: who] = .look
      if who == \.closer {
        state.closed = flaw != .wakeBeforeFlag
      } else if who == \.canceller {
        state.cancelled = true
        state[keyPath: who] = .lookForSide
      } else {
        state.reports -= 1
      }
    case .lookForSide: state[keyPath: who] = before.published ? .look : .done
    case .look:
      let isDone = before.side == .ready || (before.side == .nothing && (onlyWakes || flaw == .dropNews))
      state[keyPath: who] = isDone ? end : .change(before.side)
    case .change(let seen):
      guard before.side == seen || flaw == .unblockWithoutCompare else {
        state[keyPath: who] = .look
        break
      }
      state.side = brings
      if case .parked(let name) = seen {
        state[keyPath: who] = .makeReady(name)
      } else {
        state[keyPath: who] = end
      }
    case .makeReady(let name):
      state.ready(name)
      state[keyPath: who] = end
    case .flagLate:
      state.closed = true
      state[keyPath: who] = .done
    case .done: return nil
    }
    return state
  }

  private func ending(of who: WritableKeyPath<State, Visitor>) -> Visitor {
    if who == \.poller { return .idle }
    return who == \.closer && flaw == .wakeBeforeFlag ? .flagLate : .done
  }
}
