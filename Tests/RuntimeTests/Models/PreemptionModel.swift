// A model of preemption: the thread of a G that is asked to stop, its signal handler, sysmon, and the M that takes over
// the P and gives it back. See Preempt §2 to §4, and thread.c for the steps.
//
// §1 The thread is in user code, where it takes and releases a lock (malloc's, say), enters the runtime, where a new
// slice begins (the G yields, and comes back), leaves it, where it may answer a request by itself, and then runs on for
// ever. A signal may be delivered between any two of its steps; the handler is the same thread, and sees its
// thread-locals (`inside`, `note`, `lent`) without any ordering. The M that takes over is inside the runtime and may need
// that lock; then the world stands still unless sysmon lends the thread time.
//
// §2 The stop word: `runs`; `asked`, it shall stop; `signalled`, and a signal is on its way; `still`, it stands still in the handler or at the border;
// `noted`, the handler found it inside, or it answered when it left; `lent`, it runs in user code without a P. All its changes are single
// read-modify-writes that acquire and release, so sequential consistency is the model's memory.
//
// §3 The promises. One of the two Ms holds the P, always. The thread runs user code only with the P or on loan, and the
// runtime only with the P. A slice is ended only if its own end was asked for. From every state an end can be reached,
// where the thread has the P, can be asked again, and was not asked in vain.

/// A safeguard that is left out.
enum PreemptionFlaw: CaseIterable, Sendable {
  // The handler.
  /// It stands still wherever it finds the thread.
  case standsInside
  /// It answers signals that nobody in the runtime sent, or that came too late.
  case answersUnasked
  /// It says that it stands still by a plain store.
  case answersByStore
  /// It waits once, and does not look again after it was woken.
  case waitsOnce
  /// It goes on with a loan and does not note that it is one.
  case forgetsLoan
  // Entering and leaving.
  /// `enter` looks for a loan first and says that it is inside after.
  case looksBeforeEntering
  /// `leave` looks for a note first and says that it is outside after.
  case looksBeforeLeaving
  /// `leave` answers a request by a look and a store.
  case leavesByStore
  /// The border does not stop a thread on loan.
  case openBorder
  /// At the border it ends the loan by a plain store.
  case borderStores
  /// At the border it waits once, and does not look again after it was woken.
  case borderWaitsOnce
  /// At the border it sleeps without ending the loan.
  case borderKeepsLoan
  // Sysmon.
  /// It takes the P without waiting for the answer.
  case takesUnanswered
  /// It takes the P of whatever slice it finds.
  case takesAnySlice
  /// It sends the signal first and says which slice shall end after.
  case signalsFirst
  /// It marks the word as asked after it sent the signal.
  case asksAfterSignal
  /// It says that a signal is on its way by a look and a store.
  case signalsByStore
  /// It takes back a request for a slice that is over by a look and a store.
  case retractsByStore
  /// It does not take a note's mark back.
  case keepsNote
  /// It lends nothing.
  case neverLends
  /// It lends by a look and a store.
  case lendsByStore
  /// It does not wake the thread that it lends to.
  case lendsSilently
  /// It ends a loan by the word alone, without a signal.
  case recallsByWord
  // Handing over the P.
  /// The word says `runs` before the thread's record has the P.
  case grantsBeforeFilling
  /// It grants only to a thread that stands still, not to one on loan.
  case grantsOnlyToTheStill
  /// It looks at the word and stores, instead of an exchange.
  case grantsByStore
  /// It does not wake the thread.
  case grantsSilently
}

struct PreemptionModel: Model {
  let flaw: PreemptionFlaw?
  /// Whether the M that takes over needs the lock that the thread may hold.
  var needsLock = true
  /// Times that sysmon asks, and signals that come from elsewhere.
  var asks = 2
  var strays = 1

  enum Word: Hashable { case runs, still, noted, lent, asked, signalled }

  /// Where in the runtime it is going: on a call of its own, or to take up a note.
  enum Visit: Hashable { case call, note }

  /// Where the thread is, but for the handler.
  enum Place: Hashable {
    // User code.
    case lock
    case unlock
    case enter(Visit)
    // Inside; `border` sees whether it is on loan.
    case border(Visit)
    case stand(Visit)
    case endLoan(Visit)
    case sleepAtBorder(Visit)
    case works(Visit)
    case leave
    // User code again.
    case lookAtNote
    case lookAtWord
    case hogs
    /// Inside, for good: it gave way.
    case gaveWay
    // Flawed ways in and out.
    case enterLate(Visit)
    case leaveLate(noted: Bool)
    case answerLate
  }

  /// Where the handler is; nil: it does not run.
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
    // The thread, and its thread-locals.
    var place = Place.lock
    var handler: Handler?
    var isAsleep = false
    var inside = false
    var note = false
    var lent = false
    /// Whether its record has the P; written by itself, or by others while it does not use the runtime.
    var hasP = true
    /// Whether a signal waits to be delivered.
    var signal = false
    /// Whether somebody holds malloc's lock.
    var isLocked = false
    /// The slice that runs, and the one that shall end.
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
    // Delivery: the signal is blocked while its handler runs, and ends a sleep at the border.
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
