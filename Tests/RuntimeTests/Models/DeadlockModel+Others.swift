// All actors but sysmon in the model of the deadlock check: Ms that run Gs, netpoll's thread, timers, a
// foreign thread, the gc thread, and system calls.

extension DeadlockModel {
  /// Counts one move on a lane. Parks and wake-ups count only for reasons from inside.
  private func count(_ count: Count, _ reason: Reason, on lane: Int, _ state: inout State) {
    let isFromInside =
      switch reason {
      case .inside, .select: true
      case .netpoll: flaw == .netpollFromInside
      case .sleep: flaw == .sleepFromInside
      }
    if isFromInside { state.counts[lane][count.rawValue] += 1 }
  }

  private var netpollLane: Int { scene.ps }
  private var foreignLane: Int { scene.ps + 1 }

  // MARK: Ms

  func workerSteps(_ before: State, _ w: Int) -> [State] {
    var state = before
    switch before.workers[w] {
    case .asleep:
      guard before.places.contains(.queued), before.isIdle[w], before.flusher != w else { return [] }
      (state.isIdle[w], state.workers[w]) = (false, .noting)
    case .noting:
      ring(&state)
      state.workers[w] = .searching
    case .searching:
      if let g = before.places.firstIndex(of: .queued) {
        state.places[g] = .running
        state.workers[w] = before.hasTimer[g] ? .countsOut(g) : .running(g)
      } else {
        (state.isIdle[w], state.workers[w]) = (true, .asleep)
      }
    case .running(let g): run(g, on: w, &state)
    case .commits(let g): commit(g, on: w, &state)
    case .readies, .queues: handOn(before.workers[w], on: w, &state)
    case .countsTimer, .counts, .countsOut, .tells:
      countStep(before.workers[w], on: w, &state)
    }
    return [state]
  }

  /// A step that does nothing but count.
  private func countStep(_ step: Worker, on w: Int, _ state: inout State) {
    switch step {
    case .countsTimer(let g):
      state.wakers += 1
      (state.isTimed[g], state.hasTimer[g]) = (true, true)
      // From here on, others can end the wait.
      (state.places[g], state.workers[w]) = (.leaving(.select), .counts(g))
    case .counts(let g):
      guard case .leaving(let reason) = state.places[g] else { return }
      count(.parked, reason, on: w, &state)
      state.workers[w] = .commits(g)
    case .countsOut(let g):
      if flaw != .stoppedCounts || !state.isTimed[g] { state.wakers -= 1 }
      (state.isTimed[g], state.hasTimer[g], state.workers[w]) = (false, false, .tells(g))
    case .tells(let g):
      if state.wakers == 0 { ring(&state) }
      state.workers[w] = .running(g)
    default: break
    }
  }

  /// Counts a G whose wait was ended, and queues it.
  private func handOn(_ step: Worker, on w: Int, _ state: inout State) {
    switch step {
    case .readies(let g, let by):
      guard case .claimed(let reason) = state.places[g] else { return }
      count(.readied, reason, on: w, &state)
      (state.places[g], state.workers[w]) = (.inHand, .queues(g, by: by))
    case .queues(let g, let by):
      state.places[g] = .queued
      state.workers[w] = by.map { .running($0) } ?? .searching
    default: break
    }
  }

  private func run(_ g: Int, on w: Int, _ state: inout State) {
    guard state.pc[g] < scene.scripts[g].count else {
      state.counts[w][Count.exited.rawValue] += 1
      (state.places[g], state.workers[w]) = (.gone, .searching)
      return
    }
    let act = scene.scripts[g][state.pc[g]]
    state.pc[g] += 1
    switch act {
    case .wait(let reason):
      if state.tokens[g] > 0 {
        state.tokens[g] -= 1
      } else if reason == .select {
        state.workers[w] = .countsTimer(g)
      } else {
        (state.places[g], state.workers[w]) = (.leaving(reason), .counts(g))
      }
    case .wake(let other): wake(other, by: g, on: w, &state)
    case .call:
      // As if sysmon had taken the P at once.
      (state.places[g], state.isIdle[w], state.workers[w]) = (.inCall, true, .asleep)
    case .stopAlarm:
      guard state.hasAlarm else { return }
      state.hasAlarm = false
      if flaw != .stoppedCounts { state.wakers -= 1 }
      state.workers[w] = .tells(g)
    }
  }

  private func wake(_ other: Int, by g: Int, on w: Int, _ state: inout State) {
    switch state.places[other] {
    case .waiting(let reason) where reason == .inside || reason == .select:
      (state.places[other], state.workers[w]) = (.claimed(reason), .readies(other, by: g))
    case .leaving where !state.isEnded[other]: state.isEnded[other] = true
    case .gone: break
    default: state.tokens[other] += 1
    }
  }

  private func commit(_ g: Int, on w: Int, _ state: inout State) {
    guard case .leaving(let reason) = state.places[g] else { return }
    if state.isEnded[g] {
      state.isEnded[g] = false
      (state.places[g], state.workers[w]) = (.claimed(reason), .readies(g, by: nil))
    } else {
      (state.places[g], state.workers[w]) = (.waiting(reason), .searching)
    }
  }

  // MARK: netpoll's thread, and timers

  func netpollSteps(_ before: State) -> [State] {
    var state = before
    let effectFirst = flaw != .countedOutFirst
    switch before.netpoll {
    case .idle: return finds(before)
    case .readies(let g):
      guard case .claimed(let reason) = before.places[g] else { return [] }
      count(.readied, reason, on: netpollLane, &state)
      (state.places[g], state.netpoll) = (.inHand, .has(g))
    case .has(let g): (state.isDormant, state.netpoll) = (false, .queues(g))
    case .queues(let g): (state.places[g], state.isDormant, state.netpoll) = (.queued, true, .idle)
    case .acts(let isAlarm):
      if isAlarm {
        state.counts[netpollLane][Count.created.rawValue] += 1
        state.places[before.places.count - 1] = .inHand
      }
      state.netpoll =
        effectFirst ? .countsOut(isAlarm: isAlarm) : isAlarm ? .has(before.places.count - 1) : .idle
    case .countsOut(let isAlarm):
      state.wakers -= 1
      state.netpoll = .tells(isAlarm: isAlarm)
    case .tells(let isAlarm):
      if before.wakers == 0, flaw != .noWakeForQuiet { ring(&state) }
      let last = before.places.count - 1
      state.netpoll = !effectFirst ? .acts(isAlarm: isAlarm) : isAlarm ? .has(last) : .idle
    case .done: return []
    }
    return [state]
  }

  /// What the thread may find in the kernel or in a heap of timers.
  private func finds(_ before: State) -> [State] {
    var all: [State] = []
    func add(_ change: (inout State) -> Void) {
      var state = before
      change(&state)
      all.append(state)
    }
    for (g, place) in before.places.enumerated() {
      switch place {
      case .waiting(.netpoll) where before.newsLeft > 0:
        add {
          ($0.newsLeft, $0.places[g], $0.netpoll) = (before.newsLeft - 1, .claimed(.netpoll), .readies(g))
        }
      case .waiting(.sleep): add { ($0.places[g], $0.netpoll) = (.claimed(.sleep), .readies(g)) }
      case .waiting(.select) where before.isTimed[g]:
        add { ($0.isTimed[g], $0.places[g], $0.netpoll) = (false, .claimed(.select), .readies(g)) }
      case .leaving(.select) where before.isTimed[g] && !before.isEnded[g]:
        add { ($0.isTimed[g], $0.isEnded[g]) = (false, true) }
      default: break
      }
    }
    let begins = { (isAlarm: Bool) -> Helper in
      flaw == .countedOutFirst ? .countsOut(isAlarm: isAlarm) : .acts(isAlarm: isAlarm)
    }
    if before.hasAlarm { add { ($0.hasAlarm, $0.netpoll) = (false, begins(true)) } }
    if before.hasTimeout { add { ($0.hasTimeout, $0.netpoll) = (false, begins(false)) } }
    return all
  }

  // MARK: the other actors

  /// The foreign thread ends G 0's wait or does not, and then ends itself.
  func foreignSteps(_ before: State) -> [State] {
    var state = before
    switch before.foreign {
    case .idle:
      var leaves = before
      leaves.foreign = .done
      guard before.places[0] == .waiting(.inside) else { return [leaves] }
      (state.places[0], state.foreign) = (.claimed(.inside), .readies(0))
      return [leaves, state]
    case .readies(let g):
      count(.readied, .inside, on: foreignLane, &state)
      (state.places[g], state.foreign) = (.inHand, .queues(g))
    case .queues(let g): (state.places[g], state.foreign) = (.queued, .countsOut(isAlarm: false))
    case .countsOut: state.foreign = .done
    default: return []
    }
    return [state]
  }

  /// The gc thread takes an idle P off the list, and puts it back.
  func flusherSteps(_ before: State) -> [State] {
    var state = before
    if let p = before.flusher {
      (state.flusher, state.isIdle[p]) = (nil, true)
      return [state]
    }
    guard before.flushesLeft > 0, let p = before.isIdle.firstIndex(of: true) else { return [] }
    (state.flusher, state.isIdle[p], state.flushesLeft) = (p, false, before.flushesLeft - 1)
    return [state]
  }

  func callSteps(_ before: State) -> [State] {
    before.places.indices.filter { before.places[$0] == .inCall }.map {
      var state = before
      state.places[$0] = .queued
      return state
    }
  }
}
