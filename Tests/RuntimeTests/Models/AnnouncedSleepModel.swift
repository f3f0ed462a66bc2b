// A model of a thread that announces its sleep, and of other threads that bring work and wake it if it
// sleeps. Netpoll's dedicated thread sleeps in two such ways:
//
//     Netpoll §3   announcement: `standby`      work: a P goes idle        wake: futex
//     Netpoll §4   announcement: `sleepUntil`   work: an earlier timer     wake: break the wait in the kernel
//
// Memory: a store that is not sequentially consistent may stay in its thread's store buffer while that thread
// goes on to load. The promise: at rest, the thread does not sleep while there is work.

/// A safeguard that the model leaves out, to show that it is needed.
enum AnnouncedSleepFlaw: CaseIterable, Sendable {
  /// The announcement is not sequentially consistent.
  case announceUnordered
  /// The store that brings the work is not sequentially consistent.
  case bringUnordered
  /// The thread does not look again after it announced its sleep.
  case noSecondLook
  /// The thread that brings work does not look whether the sleeper sleeps.
  case noWake
  /// A wake that comes before the sleep is forgotten.
  case forgottenWake
}

struct AnnouncedSleepModel: Model {
  let flaw: AnnouncedSleepFlaw?
  /// Threads that bring work. Each does so twice.
  var bringers = 2

  enum Sleeper: Hashable { case look, announce, lookAgain, fall, sleep, withdraw }
  enum Bringer: Hashable { case bring, check, wake }

  struct State: Hashable {
    var work = 0
    var isAnnounced = false
    /// Whether a wake waits: it ends the present sleep, or else the next.
    var isWoken = false
    var sleeper = Sleeper.look
    var isAnnouncementBuffered = false
    var bringers: [Bringer]
    var left: [Int]
    var buffered: [Int]
  }

  var start: State {
    State(
      bringers: Array(repeating: .bring, count: bringers), left: Array(repeating: 2, count: bringers),
      buffered: Array(repeating: 0, count: bringers))
  }

  func wrong(_ state: State) -> String? { nil }

  func wrongAtRest(_ state: State) -> String? {
    state.work > 0 ? "sleeps beside \(state.work) pieces of work" : nil
  }

  func steps(from state: State) -> [State] {
    var all = sleeperStep(state).map { [$0] } ?? []
    if state.isAnnouncementBuffered {
      var drained = state
      (drained.isAnnounced, drained.isAnnouncementBuffered) = (true, false)
      all.append(drained)
    }
    for index in state.bringers.indices {
      if let next = bringerStep(state, index) { all.append(next) }
      if state.buffered[index] > 0 {
        var drained = state
        drained.buffered[index] -= 1
        drained.work += 1
        all.append(drained)
      }
    }
    return all
  }

  private func sleeperStep(_ before: State) -> State? {
    var state = before
    switch before.sleeper {
    case .look:
      state.sleeper = before.work > 0 ? .look : .announce
      state.work = 0
    case .announce:
      if flaw == .announceUnordered { state.isAnnouncementBuffered = true } else { state.isAnnounced = true }
      state.sleeper = flaw == .noSecondLook ? .fall : .lookAgain
    case .lookAgain: state.sleeper = before.work > 0 ? .withdraw : .fall
    case .fall: state.sleeper = .sleep
    case .sleep:
      guard before.isWoken else { return nil }
      state.isWoken = false
      state.sleeper = .withdraw
    case .withdraw:
      (state.isAnnounced, state.isAnnouncementBuffered) = (false, false)
      state.sleeper = .look
    }
    return state
  }

  private func bringerStep(_ before: State, _ index: Int) -> State? {
    var state = before
    switch before.bringers[index] {
    case .bring:
      guard before.left[index] > 0 else { return nil }
      state.left[index] -= 1
      if flaw == .bringUnordered { state.buffered[index] += 1 } else { state.work += 1 }
      state.bringers[index] = flaw == .noWake ? .bring : .check
    case .check: state.bringers[index] = before.isAnnounced ? .wake : .bring
    case .wake:
      state.isWoken = flaw != .forgottenWake || before.sleeper == .sleep
      state.bringers[index] = .bring
    }
    return state
  }
}
