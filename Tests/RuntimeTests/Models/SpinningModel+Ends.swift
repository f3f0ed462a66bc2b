// Idle Ms that end, in SpinningModel: E1 of Ending §3. What happens after E1 concerns the M alone: see
// EndingModel.

extension SpinningModel {
  /// The gc thread takes an M off the list of idle Ms.
  func endSteps(_ before: State) -> [State] {
    var all: [State] = []
    // Only with a flaw: the thread is gone at last.
    for index in before.workers.indices where before.workers[index] == .ending {
      var state = before
      state.workers[index] = .unborn
      all.append(state)
    }
    if let chosen = before.chosen {
      var state = before
      state.chosen = nil
      // The M is told to end, whatever it does by now. If it is not asleep, it has been given a P, and that P
      // is lost.
      if state.workers[chosen] != .asleep { state.lost += 1 }
      state.workers[chosen] = .unborn
      all.append(state)
    }
    guard before.endsLeft > 0, let idle = before.workers.firstIndex(of: .asleep), before.chosen == nil else {
      return all
    }
    var state = before
    state.endsLeft -= 1
    switch flaw {
    case .endsStayIdle: state.chosen = idle
    case .endsStayWorkers, .endsStayListed: state.workers[idle] = .ending
    default: state.workers[idle] = .unborn  // E1: off the list and the books in one step
    }
    return all + [state]
  }
}
