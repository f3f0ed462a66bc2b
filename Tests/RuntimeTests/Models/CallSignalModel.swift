// A model of a request to stop that comes near the beginning of a system call. The thread offers its P and
// looks for requests; sysmon looks for offers and sends signals. See Syscall §4 and Preempt §3.
//
// The thread makes some calls, and runs user code in between, where a signal stops it. The thread's store of
// the offer may stay in its store buffer while it already looks at the word. Sysmon's barrier empties the
// buffer.
//
// The promises: no signal of sysmon's arrives while the thread is in a call. At rest no request is pending:
// each was answered or taken back.

/// A safeguard that the model leaves out, to show that it is needed.
enum CallSignalFlaw: CaseIterable, Sendable {
  /// The thread looks for requests before it makes the offer.
  case looksBeforeOffer
  /// The thread answers a request although a signal for that request is coming.
  case answersSignalled
  /// The thread does not look for requests at all.
  case neverLooks
  /// Sysmon sends the signal without marking the word first.
  case signalsUntold
  /// Sysmon does not look for an offer after it has marked the word.
  case neverChecks
  /// Sysmon makes no barrier before it looks for an offer.
  case noBarrier
  /// Sysmon looks for an offer before it marks the word.
  case checksFirst
  /// Sysmon gives up the signal without changing the word back: the thread waits for a signal that does not
  /// come.
  case forgetsToRetract
}

struct CallSignalModel: Model {
  let flaw: CallSignalFlaw?
  var calls = 2
  var asks = 2

  enum Word: Hashable { case runs, asked, signalled, noted, still }
  enum Place: Hashable { case user, offer, look, inCall, claim, over }
  enum Sysmon: Hashable { case watch, asked, barrier, check, send, checkedEarly }

  struct State: Hashable {
    var word = Word.runs
    var place = Place.user
    /// Whether the thread is inside the runtime, as the handler sees it: from the offer until the thread is
    /// back in user code.
    var inside = false
    var isOffered = false
    var offerBuffered: Bool?
    var signal = false
    var sysmon = Sysmon.watch
    var callsLeft: Int
    var asksLeft: Int
    var wrong: String?
  }

  var start: State { State(callsLeft: calls, asksLeft: asks) }

  func wrong(_ state: State) -> String? { state.wrong }

  func wrongAtRest(_ state: State) -> String? {
    if state.place != .over { return "the thread is stuck at \(state.place)" }
    return state.word == .runs ? nil : "a request is \(state.word) for ever"
  }

  func steps(from state: State) -> [State] {
    var all = sysmonSteps(state)
    if let next = threadStep(state) { all.append(next) }
    if let value = state.offerBuffered {
      var next = state
      (next.isOffered, next.offerBuffered) = (value, nil)
      all.append(next)
    }
    if state.signal {
      var next = state
      next.signal = false
      if state.place == .inCall { next.wrong = "a call was cut short" }
      if state.word == .signalled || state.word == .asked { next.word = state.inside ? .noted : .still }
      all.append(next)
    }
    return all
  }

  private func threadStep(_ before: State) -> State? {
    guard before.word != .still else { return nil }  // in the handler, until sysmon lets it go
    var state = before
    switch before.place {
    case .user:
      guard before.callsLeft > 0 else {
        // The thread leaves the runtime for good. On its way out it answers a request without a signal.
        guard before.word != .noted else { return nil }
        if before.word == .asked { state.word = .noted }
        state.place = .over
        return state
      }
      state.inside = true
      state.callsLeft -= 1
      state.place = flaw == .looksBeforeOffer ? .look : .offer
    case .offer:
      state.offerBuffered = true
      state.place = flaw == .looksBeforeOffer || flaw == .neverLooks ? .inCall : .look
    case .look:
      let after = flaw == .looksBeforeOffer ? Place.offer : .inCall
      switch before.word {
      case .asked: (state.word, state.place) = (.noted, after)
      case .signalled where flaw == .answersSignalled: (state.word, state.place) = (.noted, after)
      case .signalled: return nil  // the thread waits for its handler
      default: state.place = after
      }
    case .inCall: state.place = .claim
    case .claim:
      (state.isOffered, state.offerBuffered, state.place, state.inside) = (false, nil, .user, false)
    case .over: return nil
    }
    return state
  }

  private func sysmonSteps(_ before: State) -> [State] {
    var state = before
    switch before.sysmon {
    case .watch:
      if before.word == .noted || before.word == .still {
        state.word = .runs
        return [state]
      }
      // The thread may be on its way out for good by then, and answers there.
      guard before.asksLeft > 0, before.word == .runs, before.place != .over else { return [] }
      (state.word, state.asksLeft, state.sysmon) = (.asked, before.asksLeft - 1, .asked)
    case .asked: return askedSteps(before)
    case .barrier:
      if let value = before.offerBuffered, flaw != .noBarrier {
        (state.isOffered, state.offerBuffered) = (value, nil)
      }
      state.sysmon = .check
    case .check:
      if before.isOffered, flaw != .neverChecks {
        if before.word == .signalled, flaw != .forgetsToRetract { state.word = .runs }
        state.sysmon = .watch
      } else {
        state.sysmon = .send
      }
    case .checkedEarly:
      guard before.word == .asked else {
        state.sysmon = .watch
        return [state]
      }
      (state.word, state.sysmon) = (.signalled, .send)
    case .send: (state.signal, state.sysmon) = (true, .watch)
    }
    return [state]
  }

  private func askedSteps(_ before: State) -> [State] {
    var state = before
    guard before.word == .asked else {
      state.sysmon = .watch
      return [state]
    }
    switch flaw {
    case .signalsUntold: state.sysmon = .barrier
    case .checksFirst: state.sysmon = before.isOffered ? .asked : .checkedEarly
    default: (state.word, state.sysmon) = (.signalled, .barrier)
    }
    var retracted = before  // the slice ended, or the thread is in a call
    (retracted.word, retracted.sysmon) = (.runs, .watch)
    return [state, retracted]
  }
}
