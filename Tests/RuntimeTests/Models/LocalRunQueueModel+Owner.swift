// The owner of the local run queue, step by step: push, ready (runnext), pop, spill.

extension LocalRunQueueModel {
  func ownerSteps(_ state: State) -> [State] {
    if state.actors[0].step != .idle { return [going(state)] }
    guard state.actors[0].operationsLeft > 0 else { return [] }
    var choices: [State] = []
    if Int(state.pushed) < queued + pushes {
      choices.append(beginPush(newG(state), state.pushed + 1))
      if usesNext { choices.append(ready(newG(state), state.pushed + 1)) }
    }
    choices.append(beginPop(state))
    if state.queues[0].next != 0 { choices.append(began(state, .nextTake)) }
    return choices
  }

  private func newG(_ state: State) -> State {
    var state = state
    state.pushed += 1
    return state
  }

  private func began(_ state: State, _ step: Step) -> State {
    var state = state
    state.actors[0].operationsLeft -= 1
    state.actors[0].step = step
    return state
  }

  /// Reads head: is there room?
  private func beginPush(_ state: State, _ g: UInt8) -> State {
    began(state, .pushStore(g, full: isFull(state)))
  }

  private func isFull(_ state: State) -> Bool {
    let queue = state.queues[0]
    return flaw != .noFullCheck && distance(queue.head, queue.tail) >= Self.capacity
  }

  /// Exchanges `runnext`, and pushes the G that was displaced.
  private func ready(_ state: State, _ g: UInt8) -> State {
    let displaced = state.queues[0].next
    var state = began(state, .idle)
    state.queues[0].next = g
    if displaced != 0 { state.actors[0].step = .pushStore(displaced, full: isFull(state)) }
    return state
  }

  /// Reads head; done if the ring is empty.
  private func beginPop(_ state: State) -> State {
    let queue = state.queues[0]
    return began(state, queue.head == queue.tail ? .idle : .popRead(head: queue.head))
  }

  /// The next step of the operation that the owner is in.
  private func going(_ before: State) -> State {
    var state = before
    switch before.actors[0].step {
    case .pushStore(let g, let full):
      state = full ? spillRead(state, g) : pushed(state, g)
    case .pushPublish(let g):
      state.queues[0].tail = moved(state.queues[0].tail, by: 1)
      state.actors[0].step = flaw == .publishBeforeStore ? .pushStoreLate(g) : .idle
    case .pushStoreLate(let g):
      let queue = state.queues[0]
      state.queues[0].slots[(queue.tail + 7) % Self.capacity] = g
      state.actors[0].step = .idle
    case .spillWin(let g, let head, let taken): state = spillWin(state, g, head, taken)
    case .popRead(let head):
      state.actors[0].step = .popWin(head: head, taken: state.queues[0].slots[head % Self.capacity])
    case .popWin(let head, let taken): state = popWin(state, head, taken)
    case .nextTake:
      if state.queues[0].next != 0 { state.take(state.queues[0].next) }
      state.queues[0].next = 0
      state.actors[0].step = .idle
    default: preconditionFailure("a thief's step")
    }
    return state
  }

  private func pushed(_ before: State, _ g: UInt8) -> State {
    var state = before
    let tail = state.queues[0].tail
    if flaw != .publishBeforeStore { state.queues[0].slots[tail % Self.capacity] = g }
    state.actors[0].step = .pushPublish(g)
    return state
  }

  /// Reads head and copies half of a full ring. If the ring is no longer full, pushes to it after all.
  private func spillRead(_ before: State, _ g: UInt8) -> State {
    var state = before
    let queue = state.queues[0]
    let isFull = distance(queue.head, queue.tail) == Self.capacity
    let half = (0..<Self.capacity / 2).map { queue.slots[(queue.head + $0) % Self.capacity] }
    state.actors[0].step = isFull ? .spillWin(g, head: queue.head, taken: half) : .pushStore(g, full: false)
    return state
  }

  private func spillWin(_ before: State, _ g: UInt8, _ head: Int, _ taken: [UInt8]) -> State {
    var state = before
    if state.queues[0].head == head || flaw == .spillWithoutCompare {
      state.queues[0].head = moved(head, by: Self.capacity / 2)
      state.grq += taken + [g]
      state.actors[0].step = .idle
    } else {
      state.actors[0].step = .pushStore(g, full: false)
    }
    return state
  }

  private func popWin(_ before: State, _ head: Int, _ taken: UInt8) -> State {
    var state = before
    if state.queues[0].head == head || flaw == .popWithoutCompare {
      state.queues[0].head = moved(head, by: 1)
      state.take(taken)
      state.actors[0].step = .idle
    } else {
      let queue = state.queues[0]
      state.actors[0].step = queue.head == queue.tail ? .idle : .popRead(head: queue.head)
    }
    return state
  }
}
