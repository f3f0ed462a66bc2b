// The workers of ProcsModel: they search, run and sleep, and give up their P when they notice that they must.

extension ProcsModel {
  func workerSteps(_ before: State, _ index: Int) -> [State] {
    func becoming(_ phase: Phase, _ change: (inout State) -> Void = { _ in }) -> State {
      var state = before
      state.workers[index].phase = phase
      change(&state)
      return state
    }
    let worker = before.workers[index]
    switch worker.phase {
    case .unborn, .busy, .asleep, .gone: return []
    case .runs: return running(before, index)
    case .wake(let wake):
      var state = before
      let next = step(wake, &state)
      state.workers[index].phase = next.map { .wake($0) } ?? .runs
      return [state]
    case .loop(let counted):  // U2: the worker sees the request, or does not yet
      guard let p = worker.p else { return [] }
      if before.asked[p] { return [becoming(.idle(counted: counted, asked: true))] }
      return [becoming(.search) { if !counted { $0.spinning += 1 } }]
    case .search: return [searched(before, index)]
    case .found: return [becoming(before.spinning == 1 ? .wake(.read) : .runs) { $0.spinning -= 1 }]
    case .idle(let counted, let asked):
      // T1. A worker that was not asked looks at the GRQ once more, under the same lock.
      if !asked, before.grq > 0 { return [becoming(counted ? .search : .loop(counted: false))] }
      return [
        becoming(counted ? .uncount : afterUncounting(asked)) { state in
          guard let p = worker.p else { return }
          state.workers[index].p = nil
          giveUp(p, asked: asked, &state)
        }
      ]
    case .uncount: return [becoming(afterUncounting(true)) { $0.spinning -= 1 }]  // T2
    case .look: return [becoming(before.hasWork ? .claim : .park)]  // T3
    case .claim: return [claimed(before, index, or: .park, mayTake: true)]
    case .park: return [claimed(before, index, or: .asleep, mayTake: false)]  // T4
    }
  }

  private func afterUncounting(_ asked: Bool) -> Phase { flaw == .noSecondLook ? .park : .look }

  /// A running G ends, submits another G, computes for ever, or enters a system call for good.
  private func running(_ before: State, _ index: Int) -> [State] {
    guard let p = before.workers[index].p else { return [] }
    var all: [State] = []
    for phase in [Phase.loop(counted: false), .busy] {
      var state = before
      state.workers[index].phase = phase
      all.append(state)
    }
    if before.submitsLeft > 0 {
      var state = before
      state.submitsLeft -= 1
      state.lrq[p] += 1  // S1
      state.workers[index].phase = .wake(.read)
      all.append(state)
    }
    if before.syscallsLeft > 0 {
      var state = before
      state.syscallsLeft -= 1
      state.workers[index] = Worker(phase: .gone, p: nil)
      retake(p, &state)
      all.append(state)
    }
    return all
  }

  private func searched(_ before: State, _ index: Int) -> State {
    var state = before
    guard let p = before.workers[index].p else { return before }
    state.workers[index].phase = .found
    if let full = ([p] + (0..<before.bound)).first(where: { before.lrq[$0] > 0 }) {
      state.lrq[full] -= 1
    } else if state.grq > 0 {
      state.grq -= 1
    } else {
      state.workers[index].phase = .idle(counted: true, asked: false)
    }
    return state
  }

  /// Under the lock: takes up the note, or else (with `mayTake`) an idle P. If neither is there, goes on to
  /// `otherwise`.
  private func claimed(_ before: State, _ index: Int, or otherwise: Phase, mayTake: Bool) -> State {
    var state = before
    state.workers[index].phase = otherwise
    let isNoted = state.wanted
    state.wanted = false
    if let p = state.idle.min(), isNoted || mayTake {
      state.idle.remove(p)
      if !isNoted { state.spinning += 1 }
      state.workers[index] = Worker(phase: .loop(counted: true), p: p)
    } else if isNoted {
      state.spinning -= 1
    }
    return state
  }
}
