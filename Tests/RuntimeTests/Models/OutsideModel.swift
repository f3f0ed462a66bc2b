// A model of foreign threads that make Gs runnable through the lent M, and of an M that goes to sleep. See
// Outside §3 and §4. What happens under the scheduler's lock is one step.
//
// Promises: every G is counted once in the lent M's lane, and at rest no G lies on the GRQ while the P is
// idle.

/// A safeguard that the model leaves out, to show that it is needed.
enum OutsideFlaw: CaseIterable, Sendable {
  /// Nothing locks the lent M.
  case noLock
  /// A thread looks for the idle P before it has put its G on the GRQ.
  case lookBeforeAppend
  /// No M is woken.
  case noWake
  /// A wake that comes before the sleep is forgotten.
  case forgottenWake
  /// The M that goes to sleep looks at the GRQ neither under the lock nor afterwards.
  case noLookAtGRQ
}

struct OutsideModel: Model {
  let flaw: OutsideFlaw?
  var outsiders = 2
  /// The number of Gs that each thread brings.
  var each = 2

  enum Outsider: Hashable {
    case lock, load
    case store(Int)
    case append, look, wake, unlock, done
  }
  enum Worker: Hashable { case search, idle, lookAgain, fall, asleep }

  struct State: Hashable {
    var isLocked = false
    var counted = 0
    var grq = 0
    var isIdle = false
    var isWoken = false
    var worker = Worker.search
    var outsiders: [Outsider]
    var left: [Int]
    /// By thread: whether it saw the idle P (used only by the flaw that looks too early).
    var sawIdle: [Bool]
  }

  var start: State {
    State(
      outsiders: Array(repeating: .lock, count: outsiders), left: Array(repeating: each, count: outsiders),
      sawIdle: Array(repeating: false, count: outsiders))
  }

  func wrong(_ state: State) -> String? { nil }

  func wrongAtRest(_ state: State) -> String? {
    if state.outsiders.contains(where: { $0 != .done }) { return "a thread from outside is stuck" }
    if state.counted != outsiders * each { return "\(state.counted) Gs counted of \(outsiders * each)" }
    return state.grq > 0 ? "\(state.grq) Gs wait beside an idle P" : nil
  }

  func steps(from state: State) -> [State] {
    var all = workerStep(state).map { [$0] } ?? []
    for index in state.outsiders.indices {
      if let next = outsiderStep(state, index) { all.append(next) }
    }
    return all
  }

  private func workerStep(_ before: State) -> State? {
    var state = before
    switch before.worker {
    case .search:
      state.grq = 0
      state.worker = .idle
    case .idle:  // T1, under the lock
      if before.grq > 0, flaw != .noLookAtGRQ {
        state.worker = .search
      } else {
        (state.isIdle, state.worker) = (true, flaw == .noLookAtGRQ ? .fall : .lookAgain)
      }
    case .lookAgain:  // T3
      let takes = before.grq > 0 && before.isIdle
      (state.isIdle, state.worker) = takes ? (false, .search) : (before.isIdle, .fall)
    case .fall: state.worker = .asleep
    case .asleep:
      guard before.isWoken else { return nil }
      (state.isWoken, state.worker) = (false, .search)
    }
    return state
  }

  private func outsiderStep(_ before: State, _ index: Int) -> State? {
    var state = before
    switch before.outsiders[index] {
    case .lock:
      guard !before.isLocked || flaw == .noLock else { return nil }
      state.isLocked = true
      state.outsiders[index] = .load
    case .load: state.outsiders[index] = .store(before.counted)
    case .store(let seen):
      state.counted = seen + 1
      state.sawIdle[index] = before.isIdle
      state.outsiders[index] = .append
    case .append:
      state.grq += 1
      state.outsiders[index] = flaw == .noWake ? .unlock : .look
    case .look:
      let isIdle = flaw == .lookBeforeAppend ? before.sawIdle[index] : before.isIdle
      state.outsiders[index] = isIdle ? .wake : .unlock
    case .wake:  // under the lock: takes the P, if it is still idle, and hands it over
      if before.isIdle {
        state.isIdle = false
        state.isWoken = flaw != .forgottenWake || before.worker == .asleep
      }
      state.outsiders[index] = .unlock
    case .unlock:
      state.isLocked = false
      state.left[index] -= 1
      state.outsiders[index] = state.left[index] > 0 ? .lock : .done
    case .done: return nil
    }
    return state
  }
}
