// A model of park and ready. The actors are a G that yields and waits, the M that it leaves, wakers on other
// Ms, and a second M that may take up the G. See Park and Loop: the commit comes after the switch.
//
// The queue in which the G waits has a lock and holds items, as a channel does. A waker takes the G out of
// the queue and hands its item over. An M has one record of what its G asked for on leaving. The lock in that
// record is released on the scheduling stack.
//
// A G that rests (Rest.swift) has no stack while it waits: the M gives it back before it releases the lock, and the M that takes the
// G up gives it another.
//
// The promises: no M enters the G while it is on its stack. Every move of the G is legal. The G goes on with
// an item. At rest the G has had all items.

/// A safeguard that the model leaves out, to show that it is needed.
enum ParkFlaw: CaseIterable, Sendable {
  /// The G releases the lock before it leaves its stack.
  case releasesBeforeLeaving
  /// The M releases the lock before it counts the G as waiting.
  case releasesBeforeCounting
  /// The G looks for an item first, and takes the lock afterwards.
  case looksUnlocked
  /// A waker looks at the queue without its lock.
  case takesUnlocked
  /// A waker leaves the G in the queue until it has made the G ready.
  case readiesFirst
  /// A waker puts the G on the run queue before it counts it as runnable.
  case pushesFirst
  /// A G that yields is on the run queue before it is off its stack.
  case queuesBeforeLeaving
  /// The G goes on using the M that it had before a park.
  case keepsM
  /// The M gives the stack of a G that rests back after others can find the G.
  case givesBackLate
}

struct ParkModel: Model {
  let flaw: ParkFlaw?
  /// The number of wakers, each with one item, and so the number of the G's waits.
  var wakers = 2
  /// The number of Ms that may run the G.
  var ms = 2
  /// Whether the G waits without a stack.
  var rests = false

  enum Status: Hashable { case runnable, running, waiting, dead }

  /// The G's next step while it is on its stack.
  enum Place: Hashable {
    case yield
    case queueEarly
    case lookEarly
    case lock(seen: Bool?)
    case look(seen: Bool?)
    case ask
    case releaseEarly
    case leave
    case wakes
    case ended
  }

  /// What the G asked for, as its M's record says.
  enum Request: Hashable { case nothing, yield, park }

  /// The step of an M: nothing, running the G, or settling what the G asked for.
  enum Worker: Hashable {
    case free
    case enter
    case runs
    case count
    case giveBack
    case release
    case giveBackLate
    case releaseEarly
    case push
  }

  enum Waker: Hashable {
    case lock
    case pop
    case release(popped: Bool)
    case move
    case push
    case moveLate
    case remove
    case done
  }

  struct State: Hashable {
    var status = Status.running
    var place = Place.yield
    var isOnStack = true
    var hasStack = true
    /// The M into whose record the G writes.
    var m = 0
    var keptM = 0
    var requests: [Request]
    var workers: [Worker]
    var runQueue = 0
    var isLocked = false
    var isQueued = false
    var items = 0
    var hasItem = false
    var waitsLeft: Int
    var wakers: [Waker]
    var wrong: String?
  }

  var start: State {
    var workers = [Worker](repeating: .free, count: ms)
    workers[0] = .runs
    return State(
      requests: Array(repeating: .nothing, count: ms), workers: workers, waitsLeft: self.wakers,
      wakers: Array(repeating: flaw == .takesUnlocked ? .pop : .lock, count: self.wakers))
  }

  func wrong(_ state: State) -> String? { state.wrong }

  func wrongAtRest(_ state: State) -> String? {
    if state.isLocked { return "the lock is never released" }
    return state.status == .dead ? nil : "\(state.status) for ever, with \(state.items) items there"
  }

  func steps(from state: State) -> [State] {
    var all = gStep(state).map { [$0] } ?? []
    for index in state.workers.indices { all += workerStep(state, index).map { [$0] } ?? [] }
    for index in state.wakers.indices { all += wakerStep(state, index).map { [$0] } ?? [] }
    return all
  }

  private func move(_ from: Status, _ to: Status, _ state: inout State) {
    if state.status != from { state.wrong = "moves to \(to) although it is \(state.status)" }
    state.status = to
  }
}

// MARK: the G, on its stack

extension ParkModel {
  private func gStep(_ before: State) -> State? {
    guard before.isOnStack, before.workers[before.m] == .runs else { return nil }
    var state = before
    if !before.hasStack { state.wrong = "runs on a stack that was given back" }
    let record = flaw == .keepsM ? before.keptM : before.m
    switch before.place {
    case .yield:
      state.requests[before.m] = .yield
      (state.keptM, state.place) = (before.m, flaw == .queuesBeforeLeaving ? .queueEarly : .leave)
    case .queueEarly:
      move(.running, .runnable, &state)
      (state.runQueue, state.place) = (before.runQueue + 1, .leave)
    case .lookEarly: state.place = .lock(seen: before.items > 0)
    case .lock(let seen):
      guard !before.isLocked else { return nil }
      (state.isLocked, state.place) = (true, .look(seen: seen))
    case .look(let seen):
      state.place = .ask
      if seen ?? (before.items > 0) {
        (state.items, state.isLocked, state.hasItem, state.place) = (before.items - 1, false, true, .wakes)
      }
    case .ask:
      (state.isQueued, state.requests[record]) = (true, .park)
      state.place = flaw == .releasesBeforeLeaving ? .releaseEarly : .leave
    case .releaseEarly: (state.isLocked, state.place) = (false, .leave)
    case .leave: return left(before)
    case .wakes:
      if !before.hasItem { state.wrong = "woken without an item" }
      (state.hasItem, state.waitsLeft) = (false, before.waitsLeft - 1)
      state.place = before.waitsLeft > 1 ? waits : .ended
    case .ended:
      move(.running, .dead, &state)
      (state.isOnStack, state.workers[before.m]) = (false, .free)
    }
    return state
  }

  private var waits: Place { flaw == .looksUnlocked ? .lookEarly : .lock(seen: nil) }

  /// The G is off its stack; the M settles what its own record says.
  private func left(_ before: State) -> State {
    var state = before
    state.isOnStack = false
    let request = before.requests[before.m]
    state.requests[before.m] = .nothing
    switch request {
    case .yield:
      state.place = waits
      state.workers[before.m] = flaw == .queuesBeforeLeaving ? .free : .push
    case .park:
      state.place = .wakes
      state.workers[before.m] = flaw == .releasesBeforeCounting ? .releaseEarly : .count
    case .nothing:
      state.place = .wakes
      state.workers[before.m] = .free
    }
    return state
  }
}

// MARK: the Ms, on their scheduling stacks, and the wakers

extension ParkModel {
  private func workerStep(_ before: State, _ index: Int) -> State? {
    var state = before
    switch before.workers[index] {
    case .runs: return nil
    case .free:
      guard before.runQueue > 0 else { return nil }
      (state.runQueue, state.workers[index]) = (before.runQueue - 1, .enter)
      move(.runnable, .running, &state)
    case .enter:
      if before.isOnStack { state.wrong = "entered while it is on its stack" }
      (state.isOnStack, state.hasStack, state.m, state.workers[index]) = (true, true, index, .runs)
    case .count:
      move(.running, .waiting, &state)
      let isReleased = flaw == .releasesBeforeLeaving || flaw == .releasesBeforeCounting
      let isGivenBack = rests && flaw != .givesBackLate
      state.workers[index] = isReleased ? .free : isGivenBack ? .giveBack : .release
    case .giveBack: (state.hasStack, state.workers[index]) = (false, .release)
    case .release:
      (state.isLocked, state.workers[index]) = (false, rests && before.hasStack ? .giveBackLate : .free)
    case .giveBackLate: (state.hasStack, state.workers[index]) = (false, .free)
    case .releaseEarly: (state.isLocked, state.workers[index]) = (false, .count)
    case .push:
      move(.running, .runnable, &state)
      (state.runQueue, state.workers[index]) = (before.runQueue + 1, .free)
    }
    return state
  }

  private func wakerStep(_ before: State, _ index: Int) -> State? {
    var state = before
    switch before.wakers[index] {
    case .done: return nil
    case .lock:
      guard !before.isLocked else { return nil }
      (state.isLocked, state.wakers[index]) = (true, .pop)
    case .pop:
      if before.isQueued { state.hasItem = true } else { state.items += 1 }
      if flaw != .readiesFirst { state.isQueued = false }
      state.wakers[index] = .release(popped: before.isQueued)
    case .release(let popped):
      if flaw != .takesUnlocked { state.isLocked = false }
      state.wakers[index] = popped ? (flaw == .pushesFirst ? .push : .move) : .done
    case .move:
      move(.waiting, .runnable, &state)
      state.wakers[index] = .push
    case .push:
      state.runQueue += 1
      state.wakers[index] = flaw == .pushesFirst ? .moveLate : flaw == .readiesFirst ? .remove : .done
    case .moveLate:
      move(.waiting, .runnable, &state)
      state.wakers[index] = .done
    case .remove: (state.isQueued, state.wakers[index]) = (false, .done)
    }
    return state
  }
}
