// A model of Ps that are retired and come back while Ms search, run and sleep: Procs §3 together with
// Spinning §3 and §4.
//
// Everything under the scheduler's lock is one step, and so is one search. Memory is sequentially consistent;
// SpinningModel looks at what store buffers do to these protocols. The promises: the idle list never holds a
// P beyond procs. At rest no G waits while a P is idle, no G lies in the queue of a P that is not open, and
// no P beyond procs is left, except one that an M keeps busy for ever.

/// A safeguard that the model leaves out, to show that it is needed.
enum ProcsFlaw: CaseIterable, Sendable {
  /// C3 leaves the idle list as it is.
  case idleListNotSwept
  /// U1 decides by what the worker saw before it took the lock.
  case decidedByAsking
  /// R1 is missing.
  case queueNotMoved
  /// An M that gave up a retired P goes to sleep without a second look (T3).
  case noSecondLook
  /// The actor that retires idle Ps, or retakes one, wakes no M for the Gs of their queues.
  case noWakeAfterwards
  /// Spinning §4 counts by procs instead of psOpen.
  case countedByProcs
  /// C2 raises psBound after the P is on the idle list.
  case boundRaisedLate
}

struct ProcsModel: Model {
  let flaw: ProcsFlaw?
  var ps = 3
  /// The values that procs takes, one after the other.
  var changes = [1]
  /// `submits`: Gs that running Gs submit. `injects`: Gs that netpoll injects. `syscalls`: calls from which
  /// an M does not come back.
  var submits = 1
  var injects = 1
  var syscalls = 1

  enum Place: Hashable { case open, leaving, cleaning, stopped }

  /// Where an M is. `counted`: whether `spinning` counts it.
  enum Phase: Hashable {
    case unborn
    case loop(counted: Bool)
    case search
    case found
    case runs
    /// S2 and S3; afterwards the M runs its G.
    case wake(Wake)
    case busy
    case idle(counted: Bool, asked: Bool)
    case uncount
    case look
    case claim
    case park
    case asleep
    /// In a system call for good, without a P.
    case gone
  }

  enum Wake: Hashable { case read, swap, start }

  struct Worker: Hashable {
    var phase: Phase
    var p: Int?
  }

  struct State: Hashable {
    var procs: Int
    var places: [Place]
    var lrq: [Int]
    var asked: [Bool]
    var grq = 0
    var idle: Set<Int> = []
    var bound: Int
    var spinning = 0
    var wanted = false
    var workersCount: Int
    var workers: [Worker]
    var changesDone = 0
    /// Actors without a P (sysmon, gc, netpoll, the changer of procs) that are about to wake a P.
    var wakes: [Wake] = []
    /// With `boundRaisedLate`: the bound that will be set.
    var lateBound: Int?
    var submitsLeft: Int
    var injectsLeft: Int
    var syscallsLeft: Int

    var open: Int { places.count { $0 == .open } }
    var hasWork: Bool { grq > 0 || lrq[..<bound].contains { $0 > 0 } }
  }

  /// Every P is held: the first M searches, the others run.
  var start: State {
    var workers = (0..<ps).map { Worker(phase: .runs, p: $0) }
    workers[0].phase = .loop(counted: false)
    workers.append(Worker(phase: .unborn))
    return State(
      procs: ps, places: Array(repeating: .open, count: ps), lrq: Array(repeating: 0, count: ps),
      asked: Array(repeating: false, count: ps), bound: ps, workersCount: ps, workers: workers,
      submitsLeft: submits, injectsLeft: injects, syscallsLeft: syscalls)
  }

  func wrong(_ state: State) -> String? {
    if state.spinning < 0 { return "fewer than none are spinning" }
    if let p = state.idle.first(where: { $0 >= state.procs }) { return "P\(p) is idle, of \(state.procs)" }
    return nil
  }

  func wrongAtRest(_ state: State) -> String? {
    for p in 0..<ps where state.places[p] != .open && state.lrq[p] > 0 {
      return "Gs in the queue of a stopped P"
    }
    if state.grq + state.lrq.reduce(0, +) > 0, !state.idle.isEmpty { return "a G waits beside an idle P" }
    for p in state.procs..<ps where state.places[p] != .stopped {
      if !state.workers.contains(where: { $0.p == p && $0.phase == .busy }) { return "P\(p) is left" }
    }
    if state.spinning != 0 { return "\(state.spinning) Ms are counted as spinning" }
    return nil
  }

  func steps(from state: State) -> [State] {
    var all = changeSteps(state) + gcSteps(state) + othersSteps(state)
    for index in state.workers.indices { all += workerSteps(state, index) }
    return all
  }
}

// MARK: actors that hold no P

extension ProcsModel {
  private func changeSteps(_ before: State) -> [State] {
    var state = before
    if let bound = before.lateBound {
      state.lateBound = nil
      state.bound = max(state.bound, bound)
      return [state]
    }
    guard before.changesDone < changes.count else { return [] }
    let (old, new) = (before.procs, changes[before.changesDone])
    state.changesDone += 1
    state.procs = new  // C1
    if new > old {  // C2
      if flaw == .boundRaisedLate { state.lateBound = new } else { state.bound = max(state.bound, new) }
      for p in old..<new {
        state.asked[p] = false
        if state.places[p] == .stopped || state.places[p] == .leaving { reopen(p, &state) }
      }
    } else {  // C3
      for p in new..<old { state.asked[p] = true }
      if flaw != .idleListNotSwept {
        for p in state.idle where p >= new {
          state.idle.remove(p)
          retire(p, &state)
        }
      }
    }
    wakeForWork(&state)
    return [state]
  }

  private func gcSteps(_ before: State) -> [State] {
    var all: [State] = []
    for p in 0..<ps {
      var state = before
      switch before.places[p] {
      case .leaving: state.places[p] = .cleaning  // G1
      case .cleaning:  // G3
        if p < state.procs {
          reopen(p, &state)
        } else {
          state.places[p] = .stopped
        }
        while state.bound > state.procs, state.places[state.bound - 1] == .stopped { state.bound -= 1 }
        wakeForWork(&state)
      case .open, .stopped: continue
      }
      all.append(state)
    }
    return all
  }

  /// Netpoll injects a G, and actors that are about to wake a P go on.
  private func othersSteps(_ before: State) -> [State] {
    var all: [State] = []
    if before.injectsLeft > 0 {
      var state = before
      state.injectsLeft -= 1
      state.grq += 1
      if !state.idle.isEmpty { startM(counted: false, &state) }
      all.append(state)
    }
    for index in before.wakes.indices {
      var state = before
      state.wakes.remove(at: index)
      if let next = step(before.wakes[index], &state) { state.wakes.append(next) }
      all.append(state)
    }
    return all
  }

  private func wakeForWork(_ state: inout State) {
    if state.hasWork, flaw != .noWakeAfterwards { state.wakes.append(.read) }
  }

  private func reopen(_ p: Int, _ state: inout State) {
    state.places[p] = .open
    state.asked[p] = false
    state.idle.insert(p)
  }

  // MARK: steps under the lock

  private func retire(_ p: Int, _ state: inout State) {
    state.places[p] = .leaving
    guard flaw != .queueNotMoved else { return }
    state.grq += state.lrq[p]  // R1
    state.lrq[p] = 0
  }

  /// U1.
  func giveUp(_ p: Int, asked: Bool, _ state: inout State) {
    let isBeyond = flaw == .decidedByAsking ? asked : p >= state.procs
    if isBeyond { retire(p, &state) } else { state.idle.insert(p) }
  }

  /// Sysmon retakes the P of an M that stays in a system call.
  func retake(_ p: Int, _ state: inout State) {
    state.workersCount -= 1
    giveUp(p, asked: state.asked[p], &state)
    wakeForWork(&state)
  }

  func step(_ wake: Wake, _ state: inout State) -> Wake? {
    switch wake {
    case .read: return state.spinning == 0 && !state.idle.isEmpty ? .swap : nil
    case .swap:
      guard state.spinning == 0 else { return nil }
      state.spinning = 1
      return .start
    case .start:
      startM(counted: true, &state)
      return nil
    }
  }

  func startM(counted: Bool, _ state: inout State) {
    guard let p = state.idle.min() else {
      if counted { state.spinning -= 1 }
      return
    }
    let limit = flaw == .countedByProcs ? state.procs : state.open
    let asleep = state.workers.firstIndex { $0.phase == .asleep }
    let unborn = state.workersCount < limit ? state.workers.firstIndex { $0.phase == .unborn } : nil
    if let index = asleep ?? unborn {
      if asleep == nil { state.workersCount += 1 }
      state.idle.remove(p)
      state.workers[index] = Worker(phase: .loop(counted: counted), p: p)
    } else if state.wanted {
      if counted { state.spinning -= 1 }
    } else {
      state.wanted = true
      if !counted { state.spinning += 1 }
    }
  }
}
