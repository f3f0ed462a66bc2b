// A model of breaking the netpoll thread's wait on io_uring. The actors are a breaker that has something for
// the thread to see, the thread on its way to sleep and back, and an M that takes completions without
// waiting. See Uring §4 and §5.
//
// The kernel's wait ends when the completion ring has something. While the watch of the eventfd is armed, it
// posts a completion with each write. A watch that is armed after a write posts at once. The kernel may end
// the watch with any completion.
//
// Promise: the thread never sleeps on while there is something that it has not seen.

/// A safeguard that the model leaves out, to show that it is needed.
enum UringSleepFlaw: CaseIterable, Sendable {
  /// The thread gives up the lock while it sleeps.
  case sleepWithoutLock
  /// The thread does not look at `broken` before it sleeps.
  case noFlag
  /// The breaker writes to the eventfd first, and sets `broken` afterwards.
  case writeBeforeFlag
  /// The breaker sets `broken`, and writes nothing to the eventfd.
  case noWrite
  /// The watch of the eventfd is never set up anew.
  case neverWatchedAnew
  /// `broken` is cleared after the thread has looked at everything.
  case clearAfterLook
}

struct UringSleepModel: Model {
  let flaw: UringSleepFlaw?
  var breaks = 2
  var ends = 2

  enum Thread: Hashable {
    case look, clear, lock, takeFlag
    case watch(Bool)
    case sleep, clearFlag, take
  }
  enum Breaker: Hashable { case idle, show, flag, write }
  enum Owner: Hashable { case nobody, thread, m }

  struct State: Hashable {
    /// `shown`: things for the thread to see. `seen`: those that it has seen.
    var shown = 0
    var seen = 0
    var broken = false
    /// Whether the eventfd was ever written to.
    var written = false
    /// `armed`: whether the kernel watches the eventfd. `believed`: whether the thread believes so.
    var armed = false
    var believed = false
    /// Completions in the ring; true for the watch's last one.
    var completions: [Bool] = []
    var owner = Owner.nobody
    var thread = Thread.look
    var breaker = Breaker.idle
    var breaksLeft: Int
    var endsLeft: Int
  }

  var start: State { State(breaksLeft: breaks, endsLeft: ends) }
  func wrong(_ state: State) -> String? { nil }

  func wrongAtRest(_ state: State) -> String? {
    state.seen < state.shown ? "the thread sleeps beside \(state.shown - state.seen) things to see" : nil
  }

  func steps(from state: State) -> [State] { threadSteps(state) + breakerSteps(state) + mSteps(state) }

  /// The kernel posts a completion of the eventfd's watch. The watch goes on, or ends.
  private func posts(_ before: State) -> [State] {
    var (state, last) = (before, before)
    state.completions.append(false)
    guard before.endsLeft > 0 else { return [state] }
    last.completions.append(true)
    (last.armed, last.endsLeft) = (false, before.endsLeft - 1)
    return [state, last]
  }
}

// MARK: the thread

extension UringSleepModel {
  private func threadSteps(_ before: State) -> [State] {
    var state = before
    switch before.thread {
    case .look:
      state.seen = before.shown
      state.thread = flaw == .clearAfterLook ? .clear : .lock
    case .clear: (state.broken, state.thread) = (false, .lock)
    case .lock:
      guard before.owner == .nobody else { return [] }
      (state.owner, state.thread) = (.thread, .takeFlag)
    case .takeFlag:
      state.thread = .watch(before.broken && flaw != .noFlag)
      state.broken = false
    case .watch(let isBroken):
      if flaw == .sleepWithoutLock { state.owner = .nobody }
      state.thread = isBroken ? .take : .sleep
      let isNeeded = !before.believed && !(flaw == .neverWatchedAnew && before.endsLeft < ends)
      guard isNeeded else { break }
      (state.believed, state.armed) = (true, true)
      return before.written ? posts(state) : [state]
    case .sleep:
      guard !before.completions.isEmpty else { return [] }
      state.thread = .clearFlag
    case .clearFlag: (state.broken, state.thread) = (false, .take)
    case .take:
      take(&state)
      if state.owner == .thread { state.owner = .nobody }
      state.thread = .look
    }
    return [state]
  }

  private func take(_ state: inout State) {
    if state.completions.contains(true) { state.believed = false }
    state.completions = []
  }
}

// MARK: the breaker, and an M that does not wait

extension UringSleepModel {
  private func breakerSteps(_ before: State) -> [State] {
    var state = before
    switch before.breaker {
    case .idle:
      guard before.breaksLeft > 0 else { return [] }
      (state.breaksLeft, state.breaker) = (before.breaksLeft - 1, .show)
    case .show:
      state.shown += 1
      state.breaker = flaw == .writeBeforeFlag ? .write : .flag
    case .flag:
      state.broken = true
      let goesOn = !before.broken && flaw != .noWrite && flaw != .writeBeforeFlag
      state.breaker = goesOn ? .write : .idle
    case .write:
      state.written = true
      state.breaker = flaw == .writeBeforeFlag ? .flag : .idle
      return before.armed ? posts(state) : [state]
    }
    return [state]
  }

  private func mSteps(_ before: State) -> [State] {
    guard before.owner == .nobody, !before.completions.isEmpty else { return [] }
    var state = before
    take(&state)
    return [state]
  }
}
