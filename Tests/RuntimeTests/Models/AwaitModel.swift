// A model of a G that awaits an async function. The actors are the G, the task that ends, and the canceller
// of the G's scope. See Await §2 for the steps, Claim §3 for the word.
//
// Afterwards the G waits for something else, and no actor may end that wait: this exposes a side that comes
// late. Memory is sequentially consistent, because every access here is a read-modify-write of a word or is
// ordered by one.
//
// Promises: the G goes on only when the task has ended, and has the task's result. It is made ready once for
// each park, and never while it is on its stack. No actor ends its later wait.

/// A safeguard that the model leaves out, to show that it is needed.
enum AwaitFlaw: CaseIterable, Sendable {
  /// A2 comes before A1.
  case announceBeforeOpen
  /// A2 is a plain store.
  case announceByStore
  /// F1 comes after F2.
  case resultLate
  /// F3 makes the G ready without a claim.
  case readyWithoutClaim
  /// F3 claims whatever wait is open.
  case claimAnyTicket
  /// F3 makes a G ready that was not parked yet.
  case readyUnparked
  /// A cancelled G does not wait for the task.
  case leaveWhenCancelled
  /// The commit does not check whether the wait was ended.
  case commitByStore
}

struct AwaitModel: Model {
  let flaw: AwaitFlaw?
  var cancels = true

  enum Waiter: Hashable {
    case open, flag, announce, commit, parked, look, result, openLater, commitLater, later
  }
  enum Task: Hashable {
    case store, exchange
    case storeLate(Int)
    case claim(Int)
    case ready, ended
  }
  enum Canceller: Hashable { case flag, claim, ready, ended }
  enum Ending: Hashable { case none, task, cancelled }

  struct State: Hashable {
    // The word of the G's waits.
    var ticket = 0
    var isOpen = false
    var isParked = false
    var isCancellable = false
    var ending = Ending.none
    /// 0: not awaited; −1: the task has ended; else the ticket of the wait.
    var state = 0
    var hasResult = false
    var flag = false
    var round = 0
    var waiter = Waiter.open
    var task = Task.store
    var canceller: Canceller
    var isOnStack = true
    var readied = 0
    var wrong: String?
  }

  var start: State {
    State(waiter: flaw == .announceBeforeOpen ? .announce : .open, canceller: cancels ? .flag : .ended)
  }

  func wrong(_ state: State) -> String? {
    state.readied > 1 ? "made ready twice" : state.wrong
  }

  func wrongAtRest(_ state: State) -> String? {
    state.waiter == .later ? nil : "waits for a task that has ended"
  }

  func steps(from state: State) -> [State] {
    [waiterStep(state), taskStep(state), cancellerStep(state)].compactMap { $0 }
  }
}

// MARK: the G

extension AwaitModel {
  private func waiterStep(_ before: State) -> State? {
    var state = before
    switch before.waiter {
    case .open:
      open(&state, cancellable: before.round == 0)
      state.waiter = before.round == 0 ? .flag : afterOpen
    case .flag:
      state.waiter = afterOpen
      if before.flag {
        end(&state, .cancelled)
        state.waiter = .look
      }
    case .announce: announce(&state)
    case .commit, .commitLater: commit(&state, later: before.waiter == .commitLater)
    case .parked:
      guard before.readied > 0 else { return nil }
      (state.readied, state.isOnStack, state.waiter) = (before.readied - 1, true, .look)
    case .look:
      let goesOn = before.ending != .cancelled || before.state == -1 || flaw == .leaveWhenCancelled
      state.round = 1
      state.waiter = goesOn ? .result : (flaw == .announceBeforeOpen ? .announce : .open)
    case .result:
      if !before.hasResult { state.wrong = "goes on without a result" }
      state.waiter = .openLater
    case .openLater:
      open(&state, cancellable: false)
      state.waiter = .commitLater
    case .later:
      if before.readied > 0, before.wrong == nil {
        state.wrong = "a later wait was ended"
      } else {
        return nil
      }
    }
    return state
  }

  private var afterOpen: Waiter { flaw == .announceBeforeOpen ? .commit : .announce }

  private func open(_ state: inout State, cancellable: Bool) {
    state.ticket += 1
    (state.isOpen, state.isParked, state.isCancellable, state.ending) = (true, false, cancellable, .none)
  }

  private func end(_ state: inout State, _ ending: Ending) {
    guard state.isOpen else { return }
    (state.isOpen, state.ending) = (false, ending)
  }

  /// A2.
  private func announce(_ state: inout State) {
    let ticket = flaw == .announceBeforeOpen ? state.ticket + 1 : state.ticket
    if state.state == -1, flaw != .announceByStore {
      end(&state, .task)
      state.waiter = .result
    } else {
      state.state = ticket
      state.waiter = flaw == .announceBeforeOpen ? .open : .commit
    }
  }

  /// W4 of Claim: off the stack, unless the wait was ended.
  private func commit(_ state: inout State, later: Bool) {
    if state.isOpen || flaw == .commitByStore {
      (state.isParked, state.isOnStack, state.waiter) = (true, false, later ? .later : .parked)
    } else {
      if later { state.wrong = "a later wait was ended" }
      state.waiter = .look
    }
  }
}

// MARK: the others

extension AwaitModel {
  private func taskStep(_ before: State) -> State? {
    var state = before
    switch before.task {
    case .store:
      state.hasResult = flaw != .resultLate
      state.task = .exchange
    case .exchange:
      let next = before.state == 0 ? Task.ended : flaw == .readyWithoutClaim ? .ready : .claim(before.state)
      state.state = -1
      state.task = flaw == .resultLate ? .storeLate(before.state) : next
    case .storeLate(let ticket):
      state.hasResult = true
      state.task = ticket == 0 ? .ended : .claim(ticket)
    case .claim(let ticket):
      let isLost = !before.isOpen || (before.ticket != ticket && flaw != .claimAnyTicket)
      end(&state, isLost ? before.ending : .task)
      if isLost { (state.isOpen, state.ending) = (before.isOpen, before.ending) }
      state.task = !isLost && (before.isParked || flaw == .readyUnparked) ? .ready : .ended
    case .ready:
      ready(&state)
      state.task = .ended
    case .ended: return nil
    }
    return state
  }

  private func cancellerStep(_ before: State) -> State? {
    var state = before
    switch before.canceller {
    case .flag:
      state.flag = true
      state.canceller = .claim
    case .claim:
      let succeeds = before.isOpen && before.isCancellable
      if succeeds { end(&state, .cancelled) }
      state.canceller = succeeds && before.isParked ? .ready : .ended
    case .ready:
      ready(&state)
      state.canceller = .ended
    case .ended: return nil
    }
    return state
  }

  private func ready(_ state: inout State) {
    if state.isOnStack { state.wrong = "made ready while it was on its stack" }
    state.readied += 1
  }
}
