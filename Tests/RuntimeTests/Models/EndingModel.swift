// A model of one M whose thread ends, and of the thread that is this M next: E1 to E6 of Ending §3. Meanwhile
// another actor wants an M, and takes this one from either list: of idle Ms, or of Ms without a thread.
// Sysmon may ask whatever thread is this M to stop.
//
// The promise: a thread takes up every P that was handed over, no M is two threads, and a thread that is no M
// any more is not asked to stop.

/// A safeguard that the model leaves out, to show that it is needed.
enum EndingFlaw: CaseIterable, Sendable {
  /// E2 wakes the thread first and tells it afterwards.
  case wokenBeforeTold
  /// E5 comes before E4.
  case takenBackBeforeForgotten
  /// The thread still writes to ring and region (E3) after it has given the M back (E5).
  case saysSoAfterwards
  /// The thread ends by itself after a time, and does not look at the list under the lock.
  case endsByItself
}

struct EndingModel: Model {
  let flaw: EndingFlaw?

  enum Place: Hashable { case idle, taken, unstarted }

  /// The steps of the thread that is the M at first. `says`: it writes to ring and region; `saysLate`: it
  /// does so too late.
  enum Thread: Hashable { case asleep, decides, says, forgets, gives, saysLate, gone, runs }

  enum Collector: Hashable { case cut, tell, wake, done }

  /// The actor that wants an M.
  enum Waker: Hashable { case take, prepare, wake, starts, done }

  struct State: Hashable {
    var place = Place.idle
    var isTold = false
    var hasP = false
    var isWoken = false
    /// Whether the first thread still knows the M, and its handler the stop word.
    var knows = true
    var thread = Thread.asleep
    var newThread = false
    var collector = Collector.cut
    var waker = Waker.take
    /// What went wrong in a step.
    var problem: String?
  }

  var start: State { State() }

  func wrong(_ state: State) -> String? {
    if let problem = state.problem { return problem }
    if state.newThread, state.knows { return "two threads are one M, and either answers for its stop word" }
    return nil
  }

  func wrongAtRest(_ state: State) -> String? {
    if state.waker == .done, state.thread != .runs, !state.newThread { return "a P is lost" }
    return nil
  }

  func steps(from state: State) -> [State] {
    collectorSteps(state) + wakerSteps(state) + threadSteps(state)
  }

  private func collectorSteps(_ before: State) -> [State] {
    var state = before
    switch before.collector {
    case .cut:  // E1
      if flaw == .endsByItself { return [] }
      guard before.place == .idle else { return [] }
      state.place = .taken
      state.collector = flaw == .wokenBeforeTold ? .wake : .tell
    case .tell:  // E2
      state.isTold = true
      state.collector = flaw == .wokenBeforeTold ? .done : .wake
    case .wake:
      state.isWoken = true
      state.collector = flaw == .wokenBeforeTold ? .tell : .done
    case .done: return []
    }
    return [state]
  }

  private func wakerSteps(_ before: State) -> [State] {
    var state = before
    switch before.waker {
    case .take:
      switch before.place {
      case .idle: state.waker = .prepare
      case .unstarted: state.waker = .starts
      case .taken: return []  // the waker takes another M
      }
      state.place = .taken
    case .prepare:
      state.hasP = true
      state.waker = .wake
    case .wake:
      state.isWoken = true
      state.waker = .done
    case .starts:
      state.newThread = true
      state.waker = .done
    case .done: return []
    }
    return [state]
  }

  private func threadSteps(_ before: State) -> [State] {
    var state = before
    switch before.thread {
    case .asleep: return asleepSteps(before)
    case .decides:
      if before.isTold {
        state.thread = .says
      } else if before.hasP {
        state.thread = .runs
      } else {
        state.problem = "it was woken with nothing to do"
      }
    case .says:  // E3
      state.thread = flaw == .takenBackBeforeForgotten ? .gives : .forgets
    case .forgets:  // E4
      state.knows = false
      state.thread = flaw == .takenBackBeforeForgotten ? .gone : .gives
    case .gives: give(&state)
    case .saysLate:
      if before.newThread { state.problem = "a thread that is gone writes into the ring of another" }
      state.thread = .gone
    case .gone, .runs: return []  // E6
    }
    return [state]
  }

  private func asleepSteps(_ before: State) -> [State] {
    var all: [State] = []
    if flaw == .endsByItself, before.place == .idle {
      // The thread has looked at the list and goes. Only after that is it taken off the list.
      var state = before
      (state.isTold, state.thread) = (true, .says)
      all.append(state)
    }
    guard before.isWoken else { return all }
    var state = before
    (state.isWoken, state.thread) = (false, .decides)
    return all + [state]
  }

  /// E5.
  private func give(_ state: inout State) {
    if flaw == .endsByItself, state.place != .idle {
      state.problem = "a P was handed over to an M that ends"
    }
    state.place = .unstarted
    state.thread =
      switch flaw {
      case .takenBackBeforeForgotten: .forgets
      case .saysSoAfterwards: .saysLate
      default: .gone
      }
  }
}
