// The workers of the spinning model: search, find and run, or go to sleep by T1 to T4.

extension SpinningModel {
  func workerSteps(_ before: State, _ index: Int) -> [State] {
    func becoming(_ worker: Worker, _ change: (inout State) -> Void = { _ in }) -> State {
      var state = before
      state.workers[index] = worker
      change(&state)
      return state
    }

    switch before.workers[index] {
    case .unborn, .busy, .asleep, .ending: return []
    case .starting, .startingSpare, .failed: return startSteps(before, index)
    case .begin:
      // So many workers search already that this one goes to sleep at once; or it is counted, and searches.
      return [
        becoming(goingToSleep(counted: false)), becoming(.search(counted: true)) { $0.spinning += 1 },
      ]
    case .search(let counted): return [searched(before, index, counted)]
    case .found:
      let isLast = before.spinning == 1 && flaw != .noSuccessor
      return [becoming(isLast ? .wake(.readSpinning) : .runs) { $0.spinning -= 1 }]
    case .wake(let wake):
      var state = before
      let next = step(wake, &state)
      state.workers[index] = next.map { .wake($0) } ?? .runs
      return [state]
    case .runs: return [becoming(.begin), becoming(.busy)]
    default: return sleepSteps(before, index, becoming)
    }
  }

  /// A search of every queue finds a G, or does not.
  private func searched(_ before: State, _ index: Int, _ counted: Bool) -> State {
    var state = before
    state.workers[index] = counted ? .found : .runs
    if state.grq > 0 {
      state.grq -= 1
    } else if state.lrq > 0 {
      state.lrq -= 1
    } else {
      state.workers[index] = goingToSleep(counted: counted)
    }
    return state
  }

  private func goingToSleep(counted: Bool) -> Worker {
    flaw == .lookBeforeIdle || flaw == .lookBeforeUncounting
      ? .lookEarly(counted: counted) : .idle(counted: counted)
  }

  private func sleepSteps(
    _ before: State, _ index: Int, _ becoming: (Worker, (inout State) -> Void) -> State
  ) -> [State] {
    let isRunnable = before.lrq + before.grq > 0
    switch before.workers[index] {
    case .idle(let counted):  // T1, after a look at the GRQ under the same lock
      if before.grq > 0 { return [becoming(.search(counted: counted)) { _ in }] }
      let next: Worker = flaw == .lookBeforeUncounting ? .park : .look
      return [becoming(counted ? .uncount : next) { $0.idlePs += 1 }]
    case .uncount:  // T2
      let next: Worker = flaw == .noSecondLook || flaw == .lookBeforeUncounting ? .park : .look
      return [becoming(next) { $0.spinning -= 1 }]
    case .look:  // T3
      return [becoming(isRunnable && flaw != .noSecondLook ? .claim : .park) { _ in }]
    case .claim:
      return [claimed(before, index, or: .park, readsNote: true, mayTake: true)]
    case .park:  // T4
      return [claimed(before, index, or: .asleep, readsNote: flaw != .noteUnread, mayTake: false)]
    case .lookEarly(let counted):
      if isRunnable { return [becoming(.search(counted: counted)) { _ in }] }
      if flaw == .lookBeforeUncounting { return [becoming(.idle(counted: counted)) { _ in }] }
      return [becoming(.idleLate(seen: false)) { if counted { $0.spinning -= 1 } }]
    case .idleLate: return [becoming(.park) { $0.idlePs += 1 }]
    default: return []
    }
  }

  /// Under the lock: takes up the note, or else (with `mayTake`) an idle P. If neither is there, goes on to
  /// `otherwise`.
  private func claimed(
    _ before: State, _ index: Int, or otherwise: Worker, readsNote: Bool, mayTake: Bool
  ) -> State {
    var state = before
    state.workers[index] = otherwise
    let isNoted = state.wanted && readsNote
    if isNoted { state.wanted = false }
    if state.idlePs > 0, isNoted || mayTake {
      state.idlePs -= 1
      if !isNoted { state.spinning += 1 }
      state.workers[index] = .search(counted: true)
    } else if isNoted {
      state.spinning -= 1
    }
    return state
  }
}
