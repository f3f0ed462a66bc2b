// A model of a G that keeps its thread: its home M, one other M, and one P. See Home §3 for the steps.
//
// The job parks twice. Each time, a G in the P's own queue makes it ready, so the P must get to the other M
// and back.
//
// Promises: the job runs only on its home. Two Ms never hold the one P. At rest the job is over, and no
// runnable G waits while the P is idle.

/// A safeguard that the model leaves out, to show that it is needed.
enum HomeFlaw: CaseIterable, Sendable {
  /// H2: the home keeps the P.
  case keepsP
  /// H3: the home does not look again after it has let the P go.
  case noLook
  /// O1: the M that finds the job runs it.
  case runsElsewhere
  /// O2: the M that sends the job home keeps using the P.
  case sendsAndKeeps
  /// A wake that comes before the sleep is forgotten.
  case forgottenWake
}

struct HomeModel: Model {
  let flaw: HomeFlaw?
  var parks = 2

  enum Home: Hashable { case run, commit, release, look, wake, fall, asleep, over }
  enum Other: Hashable { case asleep, search, prepare, wake, park }

  struct State: Hashable {
    var parksLeft: Int
    var home = Home.run
    var other = Other.asleep
    /// Which M holds the P.
    var homeHasP = true
    var otherHasP = false
    var isIdle = false
    /// `helpers`: Gs in the P's queue that will each make the job ready. `isQueued`: the job is queued.
    /// `isWaiting`: the job waits to be made ready.
    var helpers = 0
    var isQueued = false
    var isWaiting = false
    /// What was prepared for the home, and which of the two Ms was woken.
    var isPrepared = false
    var isHomeWoken = false
    var isOtherWoken = false
    var wrong: String?
  }

  var start: State { State(parksLeft: parks) }

  func wrong(_ state: State) -> String? {
    if [state.homeHasP, state.otherHasP, state.isIdle].count(where: \.self) > 1 {
      return "one P in two hands"
    }
    return state.wrong
  }

  func wrongAtRest(_ state: State) -> String? {
    if state.home != .over { return "the job never ends" }
    return state.isIdle && state.helpers > 0 ? "a G waits beside an idle P" : nil
  }

  func steps(from state: State) -> [State] { [homeStep(state), otherStep(state)].compactMap { $0 } }

  private func homeStep(_ before: State) -> State? {
    var state = before
    switch before.home {
    case .run:
      guard before.parksLeft > 0 else {
        (state.home, state.homeHasP, state.isIdle) = (.over, false, true)
        break
      }
      state.parksLeft -= 1
      state.helpers += 1
      state.home = .commit
    case .commit:  // H1
      state.isWaiting = true
      state.home = .release
    case .release:  // H2
      if flaw != .keepsP { (state.homeHasP, state.isIdle) = (false, true) }
      state.home = flaw == .noLook ? .fall : .look
    case .look: state.home = before.helpers > 0 || before.isQueued ? .wake : .fall  // H3
    case .wake:
      if before.isIdle { (state.isIdle, state.otherHasP, state.isOtherWoken) = (false, true, true) }
      state.home = .fall
    case .fall: state.home = .asleep
    case .asleep:  // H4
      guard before.isHomeWoken else { return nil }
      if !before.isPrepared { state.wrong = "woken without a P" }
      (state.isHomeWoken, state.isPrepared, state.homeHasP, state.home) = (false, false, true, .run)
    case .over: return nil
    }
    return state
  }

  private func otherStep(_ before: State) -> State? {
    var state = before
    switch before.other {
    case .asleep:
      guard before.isOtherWoken else { return nil }
      (state.isOtherWoken, state.other) = (false, .search)
    case .search: search(&state)
    case .prepare:  // O2, O3: no M holds the P until the home wakes up
      state.otherHasP = flaw == .sendsAndKeeps
      state.isPrepared = true
      state.other = .wake
    case .wake:
      state.isHomeWoken = flaw != .forgottenWake || before.home == .asleep
      state.other = flaw == .sendsAndKeeps ? .search : .park
    case .park: state.other = .asleep  // O4
    }
    return state
  }

  private func search(_ state: inout State) {
    if state.isQueued {  // O1
      state.isQueued = false
      state.other = .prepare
      if flaw == .runsElsewhere { state.wrong = "the job runs on another thread" }
    } else if state.helpers > 0, state.isWaiting {
      (state.helpers, state.isWaiting, state.isQueued) = (state.helpers - 1, false, true)
    } else {
      (state.otherHasP, state.isIdle, state.other) = (false, true, .asleep)
    }
  }
}
