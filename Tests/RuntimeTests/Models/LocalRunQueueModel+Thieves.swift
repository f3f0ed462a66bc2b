// The thieves, step by step: steal half, and steal `runnext`. The first thief has a queue of its own, and the
// second thief may steal from it while the first fills it. The second thief runs what it takes at once.

extension LocalRunQueueModel {
  func thiefSteps(_ state: State, _ thief: Int) -> [State] {
    if state.actors[thief].step != .idle { return [going(state, thief)] }
    guard state.actors[thief].operationsLeft > 0 else { return [] }
    var begun = state
    begun.actors[thief].operationsLeft -= 1
    var choices = (0..<thief).map { read(begun, thief, headOf: $0) }
    if state.queues[0].next != 0 {
      begun.actors[thief].step = .nextWin(state.queues[0].next)
      choices.append(begun)
    }
    return choices
  }

  private func read(_ before: State, _ thief: Int, headOf victim: Int) -> State {
    var state = before
    state.actors[thief].step = .stealTail(from: victim, head: state.queues[victim].head)
    return state
  }

  /// The next step of the operation that the thief is in.
  private func going(_ before: State, _ thief: Int) -> State {
    var state = before
    switch before.actors[thief].step {
    case .stealTail(let victim, let head): return decide(state, thief, victim, head)
    case .stealCopy(let victim, let head, let count, let copied):
      let g = state.queues[victim].slots[(head + copied.count) % Self.capacity]
      state = copy(state, thief, g, index: copied.count)
      let all = copied + [g]
      state.actors[thief].step =
        all.count == count
        ? .stealWin(from: victim, head: head, copied: all)
        : .stealCopy(from: victim, head: head, count: count, copied: all)
      if all.count == count, flaw == .publishBeforeWinning, thief == 1 {
        state.queues[1].tail = moved(state.queues[1].tail, by: count - 1)
      }
    case .stealWin(let victim, let head, let copied): return win(state, thief, victim, head, copied)
    case .stealPublish(let count):
      state.queues[1].tail = moved(state.queues[1].tail, by: count)
      state.actors[thief].step = .idle
    case .nextWin(let g):
      if state.queues[0].next == g || flaw == .stealNextWithoutCompare {
        state.queues[0].next = 0
        state.take(g)
      }
      state.actors[thief].step = .idle
    default: preconditionFailure("the owner's step")
    }
    return state
  }

  /// Reads tail: how many Gs to steal? The first thief steals only while its own ring is empty.
  private func decide(_ before: State, _ thief: Int, _ victim: Int, _ head: Int) -> State {
    var state = before
    let available = distance(head, state.queues[victim].tail)
    let count = available - available / 2
    let mayKeep = thief == 2 || state.queues[1].head == state.queues[1].tail
    if available <= 0 || !mayKeep {
      state.actors[thief].step = .idle
    } else if count > Self.capacity / 2 {
      return read(state, thief, headOf: victim)
    } else {
      state.actors[thief].step = .stealCopy(from: victim, head: head, count: count, copied: [])
    }
    return state
  }

  /// Copies all stolen Gs but the first into the thief's own ring, behind its tail.
  private func copy(_ before: State, _ thief: Int, _ g: UInt8, index: Int) -> State {
    guard thief == 1, index > 0 else { return before }
    var state = before
    state.queues[1].slots[(state.queues[1].tail + index - 1) % Self.capacity] = g
    return state
  }

  private func win(_ before: State, _ thief: Int, _ victim: Int, _ head: Int, _ copied: [UInt8]) -> State {
    guard before.queues[victim].head == head || flaw == .stealWithoutCompare else {
      return read(before, thief, headOf: victim)
    }
    var state = before
    state.queues[victim].head = moved(head, by: copied.count)
    if thief == 2 {
      for g in copied { state.take(g) }
      state.actors[thief].step = .idle
    } else {
      state.take(copied[0])
      let isPublished = copied.count == 1 || flaw == .publishBeforeWinning
      state.actors[thief].step = isPublished ? .idle : .stealPublish(count: copied.count - 1)
    }
    return state
  }
}
