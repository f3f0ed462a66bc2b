// A model of the netpoll thread that waits for the earliest timer, in the kernel or standing by on a futex,
// and of Ps whose timers may be earlier (Netpoll §4). It answers which of several Ps ends the wait, and in
// which place that P finds the thread.
//
// AnnouncedSleepModel has the plain form of such a sleep. Here the announcement is a moment in time. A P with
// an earlier timer lowers it to its own moment, by one try of a compare-and-swap. The thread sleeps in one of
// two places.
//
// Memory: a store that is not sequentially consistent may stay in its thread's store buffer while that thread
// goes on to load. Time stands still, but a wait may end by itself once. The promise: at rest, the thread
// does not wait for a moment that is later than the earliest timer.

/// A safeguard that the model leaves out, to show that it is needed.
enum HastenFlaw: CaseIterable, Sendable {
  /// The thread's announcement is not sequentially consistent.
  case announceUnordered
  /// The store of a P's earliest timer is not sequentially consistent.
  case addUnordered
  /// The thread does not look at the timers again after its announcement.
  case noSecondLook
  /// The thread looks at the timers again before it says that it stands by.
  case looksTooEarly
  /// A P with an earlier timer announces its moment, but does not end the wait.
  case noWake
  /// A P always breaks the wait in the kernel, wherever the thread is.
  case breaksOnly
  /// A P always wakes the thread from standing by, wherever the thread is.
  case wakesOnly
  /// A wake that comes before the sleep is forgotten.
  case forgottenWake
}

struct HastenModel: Model {
  let flaw: HastenFlaw?
  /// What each P's earliest timer becomes, one value after the other; `never`: the timer fired.
  var courses = [[3, 1], [2, HastenModel.never, 2]]
  /// How many waits end by themselves.
  var timeouts = 1

  static let never = 5

  enum Sleeper: Hashable { case look, announce, standBy, lookAgain, fall, sleep, withdraw, leave }
  enum Adder: Hashable { case add, check, lower, find, wake, breakWait }

  struct State: Hashable {
    var timers: [Int]
    /// The value of `sleepUntil`; 0: the thread does not wait.
    var announced = 0
    var standby = false
    /// Waiting wakes: `isWoken` ends the next sleep on the futex, `isBroken` the next one in the kernel.
    var isWoken = false
    var isBroken = false

    var sleeper = Sleeper.look
    var standsBy = false
    var until = 0
    var timeouts: Int
    /// Stores in a store buffer: the thread's announcement, and each P's timer.
    var buffered: Int?
    var bufferedTimers: [Int?]

    var adders: [Adder]
    var place: [Int]
    /// The value of `sleepUntil` that each adder has read.
    var read: [Int]

    var earliest: Int { timers.min() ?? HastenModel.never }
    var sleepsOn: Bool { sleeper == .sleep && !(standsBy ? isWoken : isBroken) }
  }

  var start: State {
    let ps = courses.count
    return State(
      timers: Array(repeating: Self.never, count: ps), timeouts: timeouts,
      bufferedTimers: Array(repeating: nil, count: ps), adders: Array(repeating: .add, count: ps),
      place: Array(repeating: 0, count: ps), read: Array(repeating: 0, count: ps))
  }

  func wrong(_ state: State) -> String? { nil }

  func wrongAtRest(_ state: State) -> String? {
    state.earliest < state.until ? "waits until \(state.until) beside a timer at \(state.earliest)" : nil
  }

  func steps(from state: State) -> [State] {
    var all = sleeperSteps(state)
    if let announced = state.buffered {
      var drained = state
      (drained.announced, drained.buffered) = (announced, nil)
      all.append(drained)
    }
    for index in courses.indices {
      if let next = adderStep(state, index) { all.append(next) }
      if let timer = state.bufferedTimers[index] {
        var drained = state
        drained.timers[index] = timer
        drained.bufferedTimers[index] = nil
        all.append(drained)
      }
    }
    return all
  }

  private func sleeperSteps(_ before: State) -> [State] {
    var state = before
    switch before.sleeper {
    case .look:
      (state.until, state.sleeper) = (before.earliest, .announce)
      // Whether some P is idle decides where the thread sleeps. Here both are possible.
      var standing = state
      standing.standsBy = true
      state.standsBy = false
      return [state, standing]
    case .announce:
      if flaw == .announceUnordered { state.buffered = before.until } else { state.announced = before.until }
      let looksNow = !before.standsBy || flaw == .looksTooEarly
      state.sleeper = looksNow ? (flaw == .noSecondLook ? .fall : .lookAgain) : .standBy
    case .standBy:
      state.standby = true
      state.sleeper = flaw == .noSecondLook || flaw == .looksTooEarly ? .fall : .lookAgain
    case .lookAgain:
      let isEarlier = before.earliest < before.until
      state.sleeper = isEarlier ? .withdraw : flaw == .looksTooEarly && before.standsBy ? .standBy : .fall
    case .fall: state.sleeper = .sleep
    case .sleep: return wakings(before)
    case .withdraw:
      (state.announced, state.buffered, state.sleeper) = (0, nil, .leave)
    case .leave:
      (state.standby, state.sleeper) = (false, .look)
    }
    return [state]
  }

  /// How a sleep ends: by a wake, or once by itself.
  private func wakings(_ before: State) -> [State] {
    var state = before
    state.sleeper = .withdraw
    if !before.sleepsOn {
      if before.standsBy { state.isWoken = false } else { state.isBroken = false }
      return [state]
    }
    guard before.timeouts > 0 else { return [] }
    state.timeouts -= 1
    return [state]
  }

  private func adderStep(_ before: State, _ index: Int) -> State? {
    var state = before
    switch before.adders[index] {
    case .add:
      guard before.place[index] < courses[index].count, before.bufferedTimers[index] == nil else {
        return nil
      }
      let timer = courses[index][before.place[index]]
      state.place[index] += 1
      if flaw == .addUnordered { state.bufferedTimers[index] = timer } else { state.timers[index] = timer }
      state.adders[index] = timer < before.timers[index] ? .check : .add
    case .check:
      state.read[index] = before.announced
      state.adders[index] = before.announced > mine(before, index) ? .lower : .add
    case .lower:
      let isMine = before.announced == before.read[index]
      if isMine { state.announced = mine(before, index) }
      state.adders[index] = isMine && flaw != .noWake ? .find : .add
    case .find:
      let isThere = flaw == .wakesOnly || (flaw != .breaksOnly && before.standby)
      state.adders[index] = isThere ? .wake : .breakWait
    case .wake:
      state.isWoken = flaw != .forgottenWake || (before.sleeper == .sleep && before.standsBy)
      state.adders[index] = .add
    case .breakWait:
      state.isBroken = flaw != .forgottenWake || (before.sleeper == .sleep && !before.standsBy)
      state.adders[index] = .add
    }
    return state
  }

  private func mine(_ state: State, _ index: Int) -> Int { courses[index][state.place[index] - 1] }
}
