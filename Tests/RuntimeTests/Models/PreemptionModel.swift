// A model of preemption. The actors are the thread of a G that is asked to stop, its signal handler, sysmon,
// and the M that takes over the P and gives it back. See Preempt §2 to §4, and thread.c for the steps.
//
// §1 The thread is in user code, where it takes and releases a lock (malloc's, say). It enters the runtime,
// where a new slice begins (the G yields, and comes back). It leaves the runtime, where it may answer a
// request by itself, and then runs on for ever. A signal may be delivered between any two of its steps. The
// handler is the same thread, so it sees the thread-locals (`inside`, `note`, `lent`) without any ordering.
// The M that takes over is inside the runtime and may need that lock. Then nothing moves unless sysmon lends
// the thread time.
//
// §2 The stop word. `runs`: the thread runs. `asked`: it shall stop. `signalled`: a signal is on its way.
// `still`: it stands still, in the handler or at the border. `noted`: the handler found it inside, or it
// answered when it left. `lent`: it runs in user code without a P. All changes of the word are single
// read-modify-writes that acquire and release, so the model's memory is sequentially consistent.
//
// §3 The promises. One of the two Ms always holds the P. The thread runs user code only with the P or on
// loan, and the runtime only with the P. A slice is ended only if its own end was asked for. From every state
// an end can be reached in which the thread has the P, can be asked again, and no request to it was in vain.

/// A safeguard that the model leaves out, to show that it is needed.
enum PreemptionFlaw: CaseIterable, Sendable {
  // The handler.
  /// The handler stands still wherever it finds the thread.
  case standsInside
  /// The handler answers signals that the runtime did not send, or that came too late.
  case answersUnasked
  /// The handler uses a plain store to say that it stands still.
  case answersByStore
  /// The handler waits once, and does not look again after it was woken.
  case waitsOnce
  /// The handler goes on with a loan without noting that it is one.
  case forgetsLoan
  // Entering and leaving the runtime.
  /// `enter` looks for a loan first, and says afterwards that it is inside.
  case looksBeforeEntering
  /// `leave` looks for a note first, and says afterwards that it is outside.
  case looksBeforeLeaving
  /// `leave` uses a load and a store to answer a request.
  case leavesByStore
  /// The border does not stop a thread on loan.
  case openBorder
  /// The border uses a plain store to end the loan.
  case borderStores
  /// The border waits once, and does not look again after it was woken.
  case borderWaitsOnce
  /// The border sleeps without ending the loan.
  case borderKeepsLoan
  // Sysmon.
  /// Sysmon takes the P without waiting for the answer.
  case takesUnanswered
  /// Sysmon takes the P of whatever slice it finds.
  case takesAnySlice
  /// Sysmon sends the signal first, and says afterwards which slice shall end.
  case signalsFirst
  /// Sysmon marks the word as asked after it has sent the signal.
  case asksAfterSignal
  /// Sysmon uses a load and a store to say that a signal is on its way.
  case signalsByStore
  /// Sysmon uses a load and a store to take back a request for a slice that is over.
  case retractsByStore
  /// Sysmon does not take back the mark of a note.
  case keepsNote
  /// Sysmon lends no time.
  case neverLends
  /// Sysmon uses a load and a store to lend time.
  case lendsByStore
  /// Sysmon does not wake the thread to which it lends time.
  case lendsSilently
  /// Sysmon ends a loan by the word alone, without a signal.
  case recallsByWord
  // Handing over the P.
  /// The word says `runs` before the thread's record has the P.
  case grantsBeforeFilling
  /// The heir grants the P only to a thread that stands still, not to one on loan.
  case grantsOnlyToTheStill
  /// The heir changes the word by a load and a store instead of an exchange.
  case grantsByStore
  /// The heir does not wake the thread.
  case grantsSilently
}

struct PreemptionModel: Model {
  let flaw: PreemptionFlaw?
  /// Whether the M that takes over needs the lock that the thread may hold.
  var needsLock = true
  /// How often sysmon asks, and how many signals come from elsewhere.
  var asks = 2
  var strays = 1

  enum Word: Hashable { case runs, still, noted, lent, asked, signalled }

  /// Why the thread enters the runtime: for a call of its own, or to take up a note.
  enum Visit: Hashable { case call, note }

  /// Where the thread is, apart from its handler.
  enum Place: Hashable {
    // In user code.
    case lock
    case unlock
    case enter(Visit)
    // Inside the runtime. `border` checks whether the thread is on loan.
    case border(Visit)
    case stand(Visit)
    case endLoan(Visit)
    case sleepAtBorder(Visit)
    case works(Visit)
    case leave
    // In user code again.
    case lookAtNote
    case lookAtWord
    case hogs
    /// Inside for good: the G has yielded.
    case gaveWay
    // Ways in and out that only flaws take.
    case enterLate(Visit)
    case leaveLate(noted: Bool)
    case answerLate
  }

  /// Where the handler is.
  enum Handler: Hashable {
    case look
    case answer(Word)
    case wait
    case sleep
  }

  enum Sysmon: Hashable {
    case watch
    case request(slice: Int)
    case mark(slice: Int)
    case signal(slice: Int)
    case send(slice: Int)
    case requestLate(slice: Int)
    case markLate(slice: Int)
    case await(slice: Int)
    case take(slice: Int)
    case retractLate
    case lendLate
    case recall
    case wake
  }

  /// The M that takes over: asleep, or with the P until it has filled in the thread's record.
  enum Heir: Hashable {
    case asleep
    case needsLock
    case hasLock
    case pick
    case fill
    case fillLate
    case grant
    case grantLate(seen: Word)
    case wake
  }

  struct State: Hashable {
    var word = Word.runs
    // The thread and its thread-locals.
    var place = Place.lock
    var handler: Handler?
    var isAsleep = false
    var inside = false
    var note = false
    var lent = false
    /// Whether the thread's record has the P. The thread writes that itself; others do so while it is not
    /// using the runtime.
    var hasP = true
    /// Whether a signal waits to be delivered.
    var signal = false
    /// Whether somebody holds malloc's lock.
    var isLocked = false
    /// The present slice, and the slice that shall end.
    var slice = 1
    var endOf = 0
    /// Whether the G is on the GRQ.
    var isQueued = false
    var sysmon = Sysmon.watch
    var heir = Heir.asleep
    var asksLeft: Int
    var straysLeft: Int
    var wrong: String?
  }

  var start: State { State(asksLeft: asks, straysLeft: strays) }

  func wrong(_ state: State) -> String? {
    if let wrong = state.wrong { return wrong }
    if state.hasP == heirHasP(state.heir) { return state.hasP ? "two Ms hold the P" : "the P is lost" }
    guard state.handler == nil, !state.isAsleep, !state.hasP else { return nil }
    switch state.place {
    case .works, .leave, .leaveLate, .gaveWay: return "in the runtime without a P"
    case .lock, .unlock, .enter, .enterLate, .lookAtNote, .lookAtWord, .answerLate, .hogs:
      return state.word == .lent ? nil : "in user code without P and without loan"
    case .border, .stand, .endLoan, .sleepAtBorder: return nil
    }
  }

  private func heirHasP(_ heir: Heir) -> Bool {
    switch heir {
    case .asleep, .wake: false
    case .grant, .grantLate: flaw == .grantsBeforeFilling
    default: true
    }
  }

  func wrongAtRest(_ state: State) -> String? {
    if state.handler != nil || state.isAsleep { return "stands still for ever" }
    if state.heir != .asleep { return "the heir is stuck at \(state.heir)" }
    if state.word != .runs { return "can never be asked again" }
    if state.place == .hogs, state.endOf == state.slice { return "runs on although it was asked to stop" }
    return state.place == .hogs || state.place == .gaveWay ? nil : "stuck at \(state.place)"
  }

  func steps(from state: State) -> [State] {
    var all = sysmonSteps(state)
    if let next = threadStep(state) { all.append(next) }
    if let next = heirStep(state) { all.append(next) }
    // Delivery of the signal. The signal is blocked while its handler runs, and ends a sleep at the border.
    if state.signal, state.handler == nil {
      var next = state
      (next.signal, next.handler, next.isAsleep) = (false, .look, false)
      all.append(next)
    }
    if state.straysLeft > 0 {
      var next = state
      (next.signal, next.straysLeft) = (true, state.straysLeft - 1)
      all.append(next)
    }
    return all
  }
}
