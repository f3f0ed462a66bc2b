// A model of a wait that several sides may end. A G waits twice: in a channel's queue, with a timer, and in a
// scope. The other actors are the M that it leaves, a sender, the two timers, and a canceller. See Claim for
// the protocol.
//
// A timer fires at any moment after it was added, so the first wait's timer may fire during the second wait.
// A compare-and-swap in a loop is one step. The place in the queue, and the list of locks that the M
// releases, lie in the G's frame, which is gone once the G has gone on.
//
// Promises: the G is never made ready while it is on its stack, or twice. No actor touches a frame that is
// gone. No timer ends another wait than its own. A G that the sender chose has the sender's value. At rest
// the G does not sleep in a wait that is over, nor in a cancelled scope.

/// A safeguard that the model leaves out, to show that it is needed.
enum ClaimFlaw: CaseIterable, Sendable {
  /// The commit is a plain store, and overwrites a claim (W4).
  case commitWithoutCompare
  /// The locks are released before the commit (W4).
  case releaseBeforeCommit
  /// A claim that finds the G on its stack makes the G ready all the same (C2).
  case readyWithoutLook
  /// Claims do not check the ticket (C1).
  case noTicket
  /// Claims are a load and a store (C1).
  case claimWithoutCompare
  /// A cancellable wait looks at the flag before it opens the word (Cancellation §3).
  case lookBeforeOpening
  /// A G that woke leaves the queue without the queue's lock (W5).
  case leaveWithoutLock
}

struct ClaimModel: Model {
  let flaw: ClaimFlaw?
  var cancels = true
  var hasTimers = true
  var sends = 2

  enum Outcome: Hashable { case none, timedOut, cancelled, place }

  struct Word: Hashable {
    var ticket = 0
    var isOpen = false
    var isParked = false
    var outcome = Outcome.none
  }

  /// The step of the G, on its stack or off it.
  enum Waiter: Hashable {
    case lookEarly
    case lock
    case open
    case look
    case addTimer
    case enqueue
    case leaveStack
    case releaseEarly
    case commit
    /// The commit failed, so the G releases the locks itself.
    case release
    case readyItself
    case parked
    case lockAgain
    case leaveQueue
    case releaseAgain
    case conclude
    case ended
  }

  /// The step of an actor that ends waits.
  enum Claimer: Hashable {
    case idle
    case lock
    case pop
    case claim(Int)
    case store(Int, wasParked: Bool)
    case move
    case release(readies: Bool)
    case ready
    case done
  }

  struct State: Hashable {
    var word = Word()
    var flag = false
    var isLocked = false
    var isQueued = false
    var granted = false
    /// Whether the frame of the wait exists.
    var frame = false
    var waiter = Waiter.lookEarly
    var isOnStack = true
    /// Whether the M that the G has left still holds the lock.
    var mustRelease = false
    var readied = 0
    var waits = 0
    /// By wait: the step of its timer; nil: the timer was not added.
    var timers: [Claimer?] = [nil, nil]
    var sender = Claimer.lock
    var sendsLeft: Int
    var canceller: Claimer
    var wrong: String?
  }

  var start: State { State(sendsLeft: sends, canceller: cancels ? .idle : .done) }

  func wrong(_ state: State) -> String? {
    state.readied > 1 ? "made ready twice" : state.wrong
  }

  func wrongAtRest(_ state: State) -> String? {
    if state.waiter == .ended { return nil }
    guard state.waiter == .parked else { return "stuck at \(state.waiter)" }
    if !state.word.isOpen { return "sleeps in a wait that is over" }
    return state.flag ? "sleeps in a cancelled scope" : nil
  }

  func steps(from state: State) -> [State] {
    var all: [State] = []
    if let next = waiterStep(state) { all.append(next) }
    if let next = releaseStep(state) { all.append(next) }
    if let next = senderStep(state) { all.append(next) }
    if let next = cancellerStep(state) { all.append(next) }
    for index in 0..<2 {
      if let next = timerStep(state, index) { all.append(next) }
    }
    return all
  }
}

// MARK: the G

extension ClaimModel {
  private func waiterStep(_ before: State) -> State? {
    var state = before
    switch before.waiter {
    case .lookEarly: state.waiter = flaw == .lookBeforeOpening && before.flag ? .ended : .lock
    case .lock:
      guard !before.isLocked else { return nil }
      (state.isLocked, state.waiter) = (true, .open)
    case .open:
      state.waits += 1
      state.word = Word(ticket: state.waits, isOpen: true)
      (state.frame, state.granted) = (true, false)
      state.waiter = flaw == .lookBeforeOpening ? .addTimer : .look
    case .look:
      state.waiter = .addTimer
      if before.flag {  // whoever closed the word, it was a cancellation
        state.word.isOpen = false
        (state.isLocked, state.frame, state.waiter) = (false, false, .ended)
      }
    case .addTimer:
      if hasTimers { state.timers[before.waits - 1] = .claim(before.waits) }
      state.waiter = .enqueue
    case .enqueue: (state.isQueued, state.waiter) = (true, .leaveStack)
    case .leaveStack:
      state.isOnStack = false
      state.waiter = flaw == .releaseBeforeCommit ? .releaseEarly : .commit
    case .releaseEarly: (state.isLocked, state.waiter) = (false, .commit)
    case .commit: commit(&state)
    default: return wakingStep(before)
    }
    return state
  }

  /// The G's steps after it has left its stack, or after it could not leave.
  private func wakingStep(_ before: State) -> State? {
    var state = before
    switch before.waiter {
    case .release: (state.isLocked, state.waiter) = (false, .readyItself)
    case .readyItself:
      (state.readied, state.waiter) = (before.readied + 1, .parked)
    case .parked:
      guard before.readied > 0 else { return nil }
      (state.readied, state.isOnStack) = (before.readied - 1, true)
      state.waiter = flaw == .leaveWithoutLock ? .leaveQueue : .lockAgain
    case .lockAgain:
      guard !before.isLocked else { return nil }
      (state.isLocked, state.waiter) = (true, .leaveQueue)
    case .leaveQueue:
      state.isQueued = false
      state.waiter = flaw == .leaveWithoutLock ? .conclude : .releaseAgain
    case .releaseAgain: (state.isLocked, state.waiter) = (false, .conclude)
    case .conclude:
      state.frame = false
      if before.word.outcome == .place, !before.granted {
        state.wrong = "chosen by the sender, without a value"
      }
      state.waiter = before.word.outcome == .cancelled || before.waits == 2 ? .ended : .lookEarly
    default: return nil
    }
    return state
  }

  private func commit(_ state: inout State) {
    let parks = state.word.isOpen || flaw == .commitWithoutCompare
    if parks { (state.word.isOpen, state.word.isParked) = (true, true) }
    let isReleased = flaw == .releaseBeforeCommit
    state.mustRelease = parks && !isReleased
    state.waiter = parks ? .parked : isReleased ? .readyItself : .release
  }

  /// The M's step after a successful commit. The G may already run again.
  private func releaseStep(_ before: State) -> State? {
    guard before.mustRelease else { return nil }
    var state = before
    (state.mustRelease, state.isLocked) = (false, false)
    if !before.frame { state.wrong = "a list of locks in a frame that is gone" }
    return state
  }
}

// MARK: those who end waits

extension ClaimModel {
  /// Claims a wait by its ticket. Returns whether the claimer must make the G ready; nil: another claim has
  /// won.
  private func claim(_ ticket: Int?, _ outcome: Outcome, _ state: inout State) -> Bool? {
    guard state.word.isOpen, ticket == nil || flaw == .noTicket || state.word.ticket == ticket else {
      return nil
    }
    if let ticket, state.word.ticket != ticket { state.wrong = "ended by a timer of an earlier wait" }
    let wasParked = state.word.isParked
    state.word = Word(ticket: state.word.ticket, outcome: outcome)
    return wasParked || flaw == .readyWithoutLook
  }

  private func ready(_ state: inout State) {
    state.readied += 1
    if state.isOnStack { state.wrong = "made ready while it was on its stack" }
  }

  private func senderStep(_ before: State) -> State? {
    var state = before
    switch before.sender {
    case .lock:
      guard !before.isLocked, before.sendsLeft > 0 else { return nil }
      (state.isLocked, state.sendsLeft, state.sender) = (true, before.sendsLeft - 1, .pop)
    case .pop:
      if before.isQueued, !before.frame { state.wrong = "a queue that leads to a frame that is gone" }
      state.sender = before.isQueued ? .claim(before.word.ticket) : .release(readies: false)
      state.isQueued = false
    case .claim(let ticket):
      if !before.frame { state.wrong = "a place in a frame that is gone" }
      let readies = claim(ticket, .place, &state)
      state.sender = readies == true ? .move : .release(readies: false)
    case .move:
      if !before.frame { state.wrong = "a value moved to a frame that is gone" }
      (state.granted, state.sender) = (true, .release(readies: true))
    case .release(let readies):
      (state.isLocked, state.sender) = (false, readies ? .ready : .lock)
    case .ready:
      ready(&state)
      state.sender = .lock
    default: return nil
    }
    return state
  }

  private func timerStep(_ before: State, _ index: Int) -> State? {
    var state = before
    switch before.timers[index] {
    case .claim(let ticket):
      if flaw == .claimWithoutCompare {
        let isFound = before.word.isOpen && before.word.ticket == ticket
        state.timers[index] = isFound ? .store(ticket, wasParked: before.word.isParked) : .done
      } else {
        state.timers[index] = claim(ticket, .timedOut, &state) == true ? .ready : .done
      }
    case .store(_, let wasParked):
      state.word = Word(ticket: before.word.ticket, outcome: .timedOut)
      state.timers[index] = wasParked ? .ready : .done
    case .ready:
      ready(&state)
      state.timers[index] = .done
    default: return nil
    }
    return state
  }

  private func cancellerStep(_ before: State) -> State? {
    var state = before
    switch before.canceller {
    case .idle: (state.flag, state.canceller) = (true, .claim(0))
    case .claim: state.canceller = claim(nil, .cancelled, &state) == true ? .ready : .done
    case .ready:
      ready(&state)
      state.canceller = .done
    default: return nil
    }
    return state
  }
}
