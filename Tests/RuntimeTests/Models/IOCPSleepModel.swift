// A model of breaking the netpoll thread's wait on a completion port. The actors are two breakers that have something for
// the thread to see, the thread on its way to sleep and back, an M that takes packets without waiting, and a socket whose
// packets end the wait too. See Sources/CIOCP/iocp.c §4 and §5.
//
// The wait ends when the port has a packet, and takes all that are there. A packet goes to one taker.
//
// Promise: the thread never sleeps on while there is something that it has not seen.

/// A safeguard that the model leaves out, to show that it is needed.
enum IOCPSleepFlaw: CaseIterable, Sendable {
  /// The thread gives up the lock while it sleeps.
  case sleepWithoutLock
  /// The thread does not look at `broken` before it sleeps.
  case noFlag
  /// The breaker posts first, and sets `broken` afterwards.
  case postBeforeFlag
  /// The breaker sets `broken`, and posts nothing.
  case noPost
  /// `broken` is cleared after the thread has looked at everything.
  case clearAfterLook
  /// The M that takes the packet of a breaker clears `broken`.
  case lookerClears
}

struct IOCPSleepModel: Model {
  let flaw: IOCPSleepFlaw?
  var breaks = 2
  var news = 1

  enum Thread: Hashable { case look, clear, lock, takeFlag, sleep, clearFlag, unlock, justTake }
  enum Breaker: Hashable { case idle, show, flag, post }

  struct State: Hashable {
    /// `shown`: things for the thread to see. `seen`: those that it has seen.
    var shown = 0
    var seen = 0
    var broken = false
    /// Packets in the port: those of breakers, and those of the socket.
    var posted = 0
    var completed = 0
    var isLocked = false
    var thread = Thread.look
    var breakers = [Breaker.idle, .idle]
    var breaksLeft: Int
    var newsLeft: Int
  }

  var start: State { State(breaksLeft: breaks, newsLeft: news) }
  func wrong(_ state: State) -> String? { nil }

  func wrongAtRest(_ state: State) -> String? {
    state.seen < state.shown ? "the thread sleeps beside \(state.shown - state.seen) things to see" : nil
  }

  func steps(from state: State) -> [State] {
    threadSteps(state) + breakerSteps(state) + mSteps(state) + socketSteps(state)
  }

  private func takeAll(_ state: inout State) { (state.posted, state.completed) = (0, 0) }
}

// MARK: the thread

extension IOCPSleepModel {
  private func threadSteps(_ before: State) -> [State] {
    var state = before
    switch before.thread {
    case .look:
      state.seen = before.shown
      state.thread = flaw == .clearAfterLook ? .clear : .lock
    case .clear: (state.broken, state.thread) = (false, .lock)
    case .lock:
      guard !before.isLocked else { return [] }
      (state.isLocked, state.thread) = (true, .takeFlag)
    case .takeFlag:
      state.thread = before.broken && flaw != .noFlag ? .justTake : .sleep
      if flaw != .noFlag { state.broken = false }
      if flaw == .sleepWithoutLock { state.isLocked = false }
    case .justTake:
      takeAll(&state)
      state.thread = .unlock
    case .sleep:
      guard before.posted + before.completed > 0 else { return [] }
      takeAll(&state)
      state.thread = .clearFlag
    case .clearFlag: (state.broken, state.thread) = (false, .unlock)
    case .unlock: (state.isLocked, state.thread) = (false, .look)
    }
    return [state]
  }
}

// MARK: breakers, an M that does not wait, and a socket

extension IOCPSleepModel {
  private func breakerSteps(_ before: State) -> [State] {
    var all: [State] = []
    for index in before.breakers.indices {
      var state = before
      switch before.breakers[index] {
      case .idle:
        guard before.breaksLeft > 0 else { continue }
        (state.breaksLeft, state.breakers[index]) = (before.breaksLeft - 1, .show)
      case .show:
        state.shown += 1
        state.breakers[index] = flaw == .postBeforeFlag ? .post : .flag
      case .flag:
        state.broken = true
        let posts = !before.broken && flaw != .noPost && flaw != .postBeforeFlag
        state.breakers[index] = posts ? .post : .idle
      case .post:
        state.posted += 1
        state.breakers[index] = flaw == .postBeforeFlag ? .flag : .idle
      }
      all.append(state)
    }
    return all
  }

  private func mSteps(_ before: State) -> [State] {
    guard !before.isLocked, before.posted + before.completed > 0 else { return [] }
    var state = before
    if flaw == .lookerClears, before.posted > 0 { state.broken = false }
    takeAll(&state)
    return [state]
  }

  private func socketSteps(_ before: State) -> [State] {
    guard before.newsLeft > 0 else { return [] }
    var state = before
    (state.newsLeft, state.completed) = (before.newsLeft - 1, before.completed + 1)
    return [state]
  }
}
