// A model of how Ms sleep and wake: one M that runs a G which makes others runnable, one netpoll thread that
// puts Gs on the GRQ, and workers that search, find work, and fall asleep. See Spinning §3 and §4 for the
// steps.
//
// Memory: the submitter's stores into its LRQ may stay in a store buffer until a fence drains it. Everything
// else that the protocol uses is sequentially consistent. What happens under the scheduler's lock is one
// step, except `startM`: others can see it take a P and put it back.
//
// The promise: at rest, no G is runnable while a P is idle.

/// A safeguard that the model leaves out, to show that it is needed.
enum SpinningFlaw: CaseIterable, Sendable {
  /// Flaws that show only when a thread cannot be started.
  static let ofFailures: Set<Self> = [.noLookAfterFailure, .lookAskedTooEarly, .noteOfSpareKept]
  /// Flaws that show only when idle Ms end.
  static let ofEnds: Set<Self> = [.endsStayWorkers, .endsStayListed, .endsStayIdle]

  /// No fence between S1 and S2.
  case noFence
  /// T3 is missing.
  case noSecondLook
  /// T3 comes before T2.
  case lookBeforeUncounting
  /// T1 comes after T3.
  case lookBeforeIdle
  /// With an idle P and no M at hand, `startM` gives up instead of leaving a note.
  case noNote
  /// An M falls asleep without reading the note.
  case noteUnread
  /// An M that finds work wakes no successor.
  case noSuccessor
  /// Nobody looks for work again after a thread could not be started.
  case noLookAfterFailure
  /// The look for work is asked for before what was counted on the thread is taken back.
  case lookAskedTooEarly
  /// The note for a spare M stays when the spare's thread cannot be started.
  case noteOfSpareKept
  /// An M that is told to end counts as a worker until its thread is gone.
  case endsStayWorkers
  /// An M that is told to end stays on the list of idle Ms until its thread is gone.
  case endsStayListed
  /// The gc thread looks at the list of idle Ms first, and takes an M off it later, without the lock.
  case endsStayIdle
}

struct SpinningModel: Model {
  let flaw: SpinningFlaw?
  /// The number of Ps, and so of workers and submitter together.
  var procs = 3
  /// `submits`: Gs that the submitter submits. `injects`: batches that the netpoll thread injects.
  var submits = 2
  var injects = 1
  /// How often a thread cannot be started, and how many spare Ms are wanted meanwhile. See
  /// SpinningModel+Failures.
  var failures = 0
  var spares = 0
  /// How often the gc thread makes an idle M end. See SpinningModel+Ends.
  var ends = 0

  /// Where a worker is. `counted`: whether `spinningMs` counts it.
  enum Worker: Hashable {
    case unborn
    /// The worker's thread is being started, with a P or (a spare) without one; or it could not be started.
    case starting(counted: Bool)
    case startingSpare
    case failed(Start)
    /// Holds a P and begins to look for a G.
    case begin
    case search(counted: Bool)
    case found
    case wake(Wake)
    /// Holds a P and runs a G that will end (`runs`), or one that never does (`busy`).
    case runs
    case busy
    // T1 to T4. The worker has no P, except in `.idleLate`.
    case idle(counted: Bool)
    case uncount
    case look
    case claim
    case lookEarly(counted: Bool)
    case idleLate(seen: Bool)
    case park
    case asleep
    /// Told to end, but still counted or listed; only with a flaw.
    case ending
  }

  /// The steps of an actor that gets a P going: S2, S3, and the two halves of `startM`.
  enum Wake: Hashable {
    case readSpinning
    case readIdle
    case compareExchange
    case takeP(counted: Bool)
    case takeM(counted: Bool)
  }

  enum Submitter: Hashable {
    case store
    case fence
    case wake(Wake)
    case done
  }

  enum Netpoll: Hashable {
    case append
    case readIdle
    case wake(Wake)
    case done
  }

  struct State: Hashable {
    var lrq = 0
    /// Gs in the submitter's store buffer.
    var buffered = 0
    var grq = 0
    var spinning = 0
    var idlePs: Int
    var wanted = false
    var submitsLeft: Int
    var injectsLeft: Int
    var submitter = Submitter.store
    var netpoll = Netpoll.append
    var workers: [Worker]
    var failuresLeft = 0
    var sparesLeft = 0
    /// Failures that were taken back and are about to ask for a look.
    var toAsk = 0
    /// `isDue`: whether a look is asked for. `look`: the gc thread's step in a look; nil: none.
    var isDue = false
    var look: Look?
    var endsLeft = 0
    /// The M that the gc thread chose, to end it later without the lock; only with a flaw.
    var chosen: Int?
    /// Ps that were handed over to an M that ends.
    var lost = 0
  }

  /// One worker searches, and the others do not exist yet.
  var start: State {
    var workers = [Worker](repeating: .unborn, count: procs - 1)
    workers[0] = .search(counted: true)
    return State(
      spinning: 1, idlePs: procs - 2, submitsLeft: submits, injectsLeft: injects, workers: workers,
      failuresLeft: failures, sparesLeft: spares, endsLeft: ends)
  }

  func wrong(_ state: State) -> String? {
    if state.spinning < 0 { return "fewer than none are spinning" }
    if state.lost > 0 { return "a P was handed over to an M that ends" }
    let isOnItsWay = state.workers.contains { worker in
      switch worker {
      case .uncount, .look, .claim, .park, .idleLate, .startingSpare, .failed(.spare): true
      default: false
      }
    }
    return state.wanted && !isOnItsWay ? "a note that nobody will read" : nil
  }

  func wrongAtRest(_ state: State) -> String? {
    let runnable = state.lrq + state.buffered + state.grq
    if runnable > 0, state.idlePs > 0 { return "\(runnable) Gs wait beside \(state.idlePs) idle Ps" }
    if state.spinning != 0 { return "\(state.spinning) Ms are counted as spinning and none is" }
    return nil
  }

  func steps(from state: State) -> [State] {
    var all = submitterSteps(state) + netpollSteps(state) + collectorSteps(state) + endSteps(state)
    if state.buffered > 0 {
      var drained = state
      (drained.lrq, drained.buffered) = (state.lrq + 1, state.buffered - 1)
      all.append(drained)
    }
    for index in state.workers.indices { all += workerSteps(state, index) }
    return all
  }
}

// MARK: actors that make Gs runnable

extension SpinningModel {
  private func submitterSteps(_ before: State) -> [State] {
    var state = before
    switch before.submitter {
    case .store:  // S1
      guard state.submitsLeft > 0 else { return [] }
      state.submitsLeft -= 1
      state.buffered += 1
      state.submitter = flaw == .noFence ? .wake(.readSpinning) : .fence
    case .fence:
      guard state.buffered == 0 else { return [] }
      state.submitter = .wake(.readSpinning)
    case .wake(let wake):
      let next = step(wake, &state)
      state.submitter = next.map { .wake($0) } ?? .store
    case .done: return []
    }
    return [state]
  }

  private func netpollSteps(_ before: State) -> [State] {
    var state = before
    switch before.netpoll {
    case .append:
      guard state.injectsLeft > 0 else { return [] }
      state.injectsLeft -= 1
      state.grq += 1
      state.netpoll = .readIdle
    case .readIdle:
      state.netpoll = state.idlePs > 0 ? .wake(.takeP(counted: false)) : .append
    case .wake(let wake):
      let next = step(wake, &state)
      state.netpoll = next.map { .wake($0) } ?? .append
    case .done: return []
    }
    return [state]
  }

  /// S2, S3 and `startM`; nil: done.
  func step(_ wake: Wake, _ state: inout State) -> Wake? {
    switch wake {
    case .readSpinning: return state.spinning == 0 ? .readIdle : nil
    case .readIdle: return state.idlePs > 0 ? .compareExchange : nil
    case .compareExchange:
      guard state.spinning == 0 else { return nil }
      state.spinning = 1
      return .takeP(counted: true)
    case .takeP(let counted):
      guard state.idlePs > 0 else {
        if counted { state.spinning -= 1 }
        return nil
      }
      state.idlePs -= 1
      return .takeM(counted: counted)
    case .takeM(let counted):
      takeM(counted, &state)
      return nil
    }
  }

  private func takeM(_ counted: Bool, _ state: inout State) {
    if flaw == .endsStayListed, state.workers.contains(.ending) {
      state.lost += 1
      return
    }
    if let sleeper = state.workers.firstIndex(of: .asleep) {
      state.workers[sleeper] = counted ? .search(counted: true) : .begin
      return
    }
    if let unborn = state.workers.firstIndex(of: .unborn) {
      state.workers[unborn] = .starting(counted: counted)
      return
    }
    state.idlePs += 1
    if state.wanted || flaw == .noNote {
      if counted { state.spinning -= 1 }
    } else {
      state.wanted = true
      if !counted { state.spinning += 1 }
    }
  }
}
