// Threads that cannot be started, in SpinningModel: what was counted on such a thread is taken back, and the
// gc thread looks for work again. See Threads §2 for the steps.

extension SpinningModel {
  /// What was counted on a thread that is being started.
  enum Start: Hashable {
    case worker(counted: Bool)
    case spare
  }

  /// The steps of the gc thread while it looks.
  enum Look: Hashable {
    case queues
    case wake(Wake)
  }

  func startSteps(_ before: State, _ index: Int) -> [State] {
    var state = before
    switch before.workers[index] {
    case .starting(let counted):
      state.workers[index] = counted ? .search(counted: true) : .begin
      return [state] + failed(before, index, .worker(counted: counted))
    case .startingSpare:
      state.workers[index] = .park
      return [state] + failed(before, index, .spare)
    case .failed(let start):
      undo(start, &state)
      state.workers[index] = .unborn
      if flaw != .noLookAfterFailure, flaw != .lookAskedTooEarly { state.toAsk += 1 }
      return [state]
    default: return []
    }
  }

  private func failed(_ before: State, _ index: Int, _ start: Start) -> [State] {
    guard before.failuresLeft > 0 else { return [] }
    var state = before
    state.failuresLeft -= 1
    state.workers[index] = .failed(start)
    if flaw == .lookAskedTooEarly { state.isDue = true }
    return [state]
  }

  /// Takes back what was counted on a thread; under the lock.
  private func undo(_ start: Start, _ state: inout State) {
    switch start {
    case .worker(let counted):
      state.idlePs += 1
      if counted { state.spinning -= 1 }
    case .spare:
      guard state.wanted, flaw != .noteOfSpareKept else { return }
      state.wanted = false
      state.spinning -= 1
    }
  }

  /// The gc thread starts a spare M when one is wanted, and looks for work when it was asked to.
  func collectorSteps(_ before: State) -> [State] {
    var all: [State] = []
    if before.sparesLeft > 0, let unborn = before.workers.firstIndex(of: .unborn) {
      var state = before
      state.sparesLeft -= 1
      state.workers[unborn] = .startingSpare
      all.append(state)
    }
    if before.toAsk > 0 {
      var state = before
      state.toAsk -= 1
      state.isDue = true
      all.append(state)
    }
    var state = before
    switch before.look {
    case nil:
      guard before.isDue else { return all }
      state.isDue = false
      state.look = .queues
    case .queues: state.look = before.lrq + before.grq > 0 ? .wake(.readSpinning) : nil
    case .wake(let wake): state.look = step(wake, &state).map { .wake($0) }
    }
    return all + [state]
  }
}
