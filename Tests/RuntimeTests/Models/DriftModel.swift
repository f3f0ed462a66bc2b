// A model of a thread that falls asleep in the kernel while it has the only P. The actors are the thread, its
// signal handler, sysmon, which asks the thread to stop or takes the P away, and the heir, an M that goes on
// with the P and grants it back. See Drift §3.
//
// Two protocols meet here: the request to stop of Preempt §3, which the thread answers, and the taking of the
// P, of which the thread need not know. The thread runs user code, falls asleep there and wakes up at any
// time or never, enters and leaves the runtime, and at last runs on for ever. Its store to `inside` may stay
// in its store buffer while its next load is already done. Sysmon's barrier empties the buffer. Everything
// else is sequentially consistent.
//
// The promises: exactly one of thread, heir and sysmon has the P. The thread is in the runtime only with the
// P. At rest the P is with an actor that is awake, and the thread neither stands still for ever nor runs for
// ever without the P.

/// A safeguard that the model leaves out, to show that it is needed.
enum DriftFlaw: CaseIterable, Sendable {
  /// Sysmon makes no barrier.
  case noBarrier
  /// Sysmon looks whether the thread is inside before it changes the word.
  case looksFirst
  /// Sysmon also takes the P of a thread that is inside.
  case takesInside
  /// The border lets in a thread whose P is being taken.
  case opensWhileTaken
  /// The border lets in a thread that is adrift.
  case opensAdrift
  /// The border tells nobody that a thread without its P stands there.
  case noBell
  /// Nobody stops a thread that runs without its P.
  case neverStops
  /// Sysmon does not take back a request to a thread that has fallen asleep.
  case neverRetracts
}

struct DriftModel: Model {
  let flaw: DriftFlaw?
  /// How often the thread falls asleep, enters the runtime, and is asked to stop.
  var sleeps = 2
  var visits = 2
  var asks = 1

  enum Word: Hashable { case runs, asked, noted, taking, adrift, still }

  enum Place: Hashable {
    case user
    case asleep
    case asleepForEver
    // On its way into the runtime.
    case look
    case border
    case standing
    case works
    // On its way out of the runtime.
    case leave
    case answer
    /// Ended inside the runtime, because its slice was over.
    case gaveWay
  }

  enum Sysmon: Hashable {
    case watch
    /// Sysmon saw the thread asleep.
    case sawAsleep
    case sawAsked
    case sawInsideEarly(Bool)
    case barrier
    case look
    case undo
    case take
    case queue
  }

  struct State: Hashable {
    var word = Word.runs
    var place = Place.user
    /// Whether the handler holds the thread where it is.
    var isHeld = false
    /// `inside` as others see it, and the value in the thread's store buffer.
    var inside = false
    var buffered: Bool?
    /// Whether the thread's record, the heir, or sysmon has the P.
    var hasP = true
    var heirHasP = false
    var sysmonHasP = false
    var isQueued = false
    /// Whether sysmon has listed the thread as adrift.
    var isListed = false
    var bell = false
    var signal = false
    var sysmon = Sysmon.watch
    var sleepsLeft: Int
    var visitsLeft: Int
    var asksLeft: Int
    var wrong: String?

    var isAsleep: Bool { place == .asleep || place == .asleepForEver }
  }

  var start: State { State(sleepsLeft: sleeps, visitsLeft: visits, asksLeft: asks) }

  func wrong(_ state: State) -> String? {
    if let wrong = state.wrong { return wrong }
    let owners = [state.hasP, state.heirHasP, state.sysmonHasP].count { $0 }
    if owners != 1 { return "\(owners) have the one P" }
    switch state.place {
    case .works, .leave, .gaveWay: return state.hasP ? nil : "in the runtime without a P"
    default: return nil
    }
  }

  func wrongAtRest(_ state: State) -> String? {
    if state.isHeld || state.place == .standing { return "stands still for ever" }
    if state.sysmon != .watch { return "sysmon is stuck at \(state.sysmon)" }
    if state.hasP, state.place == .asleepForEver { return "the P sleeps with its thread" }
    if !state.hasP, state.place == .user { return "runs for ever without a P" }
    return nil
  }

  func steps(from state: State) -> [State] {
    var all = sysmonSteps(state) + threadSteps(state)
    if let value = state.buffered {
      var next = state
      (next.inside, next.buffered) = (value, nil)
      all.append(next)
    }
    if state.heirHasP, state.isQueued { all.append(granted(state)) }
    if state.signal, !state.isHeld, !state.isAsleep { all.append(handled(state)) }
    return all
  }

  /// The heir gets its turn, finds the G and grants the G's thread the P.
  private func granted(_ before: State) -> State {
    var state = before
    (state.isQueued, state.heirHasP, state.hasP) = (false, false, true)
    (state.word, state.isHeld) = (.runs, false)
    if before.place == .standing { state.place = .works }
    return state
  }

  /// The handler. It sees its own thread's `inside`, whether it is still buffered or not.
  private func handled(_ before: State) -> State {
    var state = before
    state.signal = false
    let inside = before.buffered ?? before.inside
    if before.word == .adrift, !inside {
      (state.word, state.isHeld, state.bell) = (.still, true, true)
    }
    return state
  }
}

// MARK: the thread

extension DriftModel {
  private func threadSteps(_ before: State) -> [State] {
    guard !before.isHeld else { return [] }
    var state = before
    switch before.place {
    case .user:
      return userSteps(before)
    case .asleep: state.place = .user
    case .asleepForEver: return []
    case .look:
      switch before.word {
      case .taking: state.place = flaw == .opensWhileTaken ? .works : .border
      case .adrift: state.place = flaw == .opensAdrift ? .works : .border
      default: state.place = .works
      }
    case .border:
      switch before.word {
      case .taking: return []  // the thread waits
      case .adrift: (state.word, state.place, state.bell) = (.still, .standing, flaw != .noBell)
      default: state.place = .works
      }
    case .standing: return []
    case .works: state.place = .leave
    case .leave: (state.buffered, state.place) = (false, .answer)
    case .answer:
      if before.word == .asked { (state.word, state.place) = (.noted, .gaveWay) } else { state.place = .user }
    case .gaveWay: return []
    }
    return [state]
  }

  private func userSteps(_ before: State) -> [State] {
    var all: [State] = []
    if before.sleepsLeft > 0 {
      for sleep in [Place.asleep, .asleepForEver] {
        var state = before
        (state.place, state.sleepsLeft) = (sleep, before.sleepsLeft - 1)
        all.append(state)
      }
    }
    if before.visitsLeft > 0 {
      var state = before
      (state.buffered, state.place, state.visitsLeft) = (true, .look, before.visitsLeft - 1)
      if before.buffered != nil { state.inside = before.buffered ?? false }  // stores arrive in order
      all.append(state)
    }
    return all
  }
}

// MARK: sysmon

extension DriftModel {
  private func sysmonSteps(_ before: State) -> [State] {
    guard before.sysmon == .watch else { return [sysmonStep(before)] }
    var all: [State] = []
    func add(_ change: (inout State) -> Void) {
      var state = before
      change(&state)
      all.append(state)
    }
    if before.isAsleep, before.hasP {
      if before.word == .asked, flaw != .neverRetracts { add { $0.sysmon = .sawAsked } }
      if before.word == .runs { add { $0.sysmon = .sawAsleep } }
    }
    if before.asksLeft > 0, before.hasP, before.word == .runs {
      add { ($0.word, $0.asksLeft) = (.asked, before.asksLeft - 1) }
    }
    if before.word == .noted { add { $0.word = .runs } }
    if before.isListed, before.word == .adrift, !before.isAsleep, !before.signal, flaw != .neverStops {
      add { $0.signal = true }
    }
    if before.isListed, before.word == .still, before.bell { add { $0.sysmon = .queue } }
    return all
  }

  private func sysmonStep(_ before: State) -> State {
    var state = before
    switch before.sysmon {
    case .watch: break
    case .sawAsked:
      if before.word == .asked { state.word = .runs }
      state.sysmon = .watch
    case .sawAsleep:
      if flaw == .looksFirst {
        state.sysmon = .sawInsideEarly(before.inside)
      } else {
        if before.word == .runs { state.word = .taking }
        state.sysmon = before.word == .runs ? .barrier : .watch
      }
    case .sawInsideEarly(let inside):
      if before.word == .runs, !inside { state.word = .taking }
      state.sysmon = before.word == .runs && !inside ? .take : .watch
    case .barrier:
      if let value = before.buffered, flaw != .noBarrier { (state.inside, state.buffered) = (value, nil) }
      state.sysmon = .look
    case .look: state.sysmon = before.inside && flaw != .takesInside ? .undo : .take
    case .undo: (state.word, state.sysmon) = (.runs, .watch)
    case .take:
      if !before.hasP { state.wrong = "sysmon takes a P that the thread has not" }
      (state.hasP, state.heirHasP, state.isListed) = (false, true, true)
      (state.word, state.sysmon) = (.adrift, .watch)
    case .queue:
      (state.isQueued, state.isListed, state.bell, state.sysmon) = (true, false, false, .watch)
    }
    return state
  }
}
