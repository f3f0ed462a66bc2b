// A model of the gate (Pace §4): threads that come to it, a control thread that holds, grants and releases, and a
// controller that may die at any moment.
//
// The promises: a thread goes on from the gate only when it was granted a turn, or when the scheduler is not paced; each
// turn goes to a thread that waits; and at rest, when no controller is left, no thread waits.

/// A safeguard that the model leaves out, to show that it is needed.
enum PaceFlaw: CaseIterable, Sendable {
  /// A thread looks at the mode before it takes the lock, and not again.
  case noSecondLook
  /// A release changes the mode, and lets nobody in the line through.
  case releaseLeavesLine
  /// A release lets the line through first and changes the mode afterwards, without the lock in between.
  case releaseInTwoParts
  /// A thread sleeps without looking whether its word still says that it waits.
  case sleepUnseen
  /// The control thread waits for the end of a step, and does not see meanwhile that the controller is gone.
  case deafDuringStep
  /// A thread that was let through stays in the line, and may be granted a second turn.
  case staysInLine
}

struct PaceModel: Model {
  let flaw: PaceFlaw?
  var threads = 2
  /// How many decisions each thread makes; and how many steps the controller asks for.
  var decisions = 2
  var grants = 2

  enum Thread: Hashable { case decide, look, lock, join, sleep, asleep }
  enum Control: Hashable { case serve, waitForStep, released, letThrough, changeMode }

  struct State: Hashable {
    var isOn = false
    var line: [Int] = []
    var words: [Bool]
    /// Whether a wake came for a thread that sleeps.
    var isWoken: [Bool]
    var threads: [Thread]
    var left: [Int]
    var turns: [Int]
    /// How many turns a thread took that nobody granted it while the scheduler was paced.
    var unasked = 0
    /// How many turns were granted to a thread that did not wait.
    var wasted = 0
    var lock: Int?
    var isControllerThere = true
    var control = Control.serve
    var grantsLeft: Int
    var stepped: Int?
  }

  var start: State {
    State(
      words: Array(repeating: false, count: threads), isWoken: Array(repeating: false, count: threads),
      threads: Array(repeating: .decide, count: threads), left: Array(repeating: decisions, count: threads),
      turns: Array(repeating: 0, count: threads), grantsLeft: grants)
  }

  func wrong(_ state: State) -> String? {
    state.unasked > 0 ? "a thread went on without a turn" : state.wasted > 0 ? "a turn was wasted" : nil
  }

  func wrongAtRest(_ state: State) -> String? {
    for (id, thread) in state.threads.enumerated() where thread != .decide || state.left[id] > 0 {
      return "thread \(id) waits for ever"
    }
    return nil
  }

  func steps(from state: State) -> [State] {
    var all: [State] = []
    for id in 0..<threads { if let next = threadStep(state, id) { all.append(next) } }
    if state.isControllerThere {
      var gone = state
      gone.isControllerThere = false  // it may be killed at any moment
      all.append(gone)
    }
    return all + controlSteps(state)
  }

  private func threadStep(_ before: State, _ id: Int) -> State? {
    var state = before
    switch before.threads[id] {
    case .decide:
      guard before.left[id] > 0 else { return nil }
      state.left[id] -= 1
      if state.stepped == id { state.stepped = nil }
      state.threads[id] = .look
    case .look: state.threads[id] = before.isOn ? .lock : .decide
    case .lock:
      guard before.lock == nil else { return nil }
      state.lock = id
      state.threads[id] = .join
    case .join:
      state.lock = nil
      if !before.isOn, flaw != .noSecondLook {
        state.threads[id] = .decide
      } else {
        state.line.append(id)
        state.words[id] = true
        state.threads[id] = .sleep
      }
    case .sleep:
      // The futex compares the word and falls asleep in one step.
      if before.words[id] || flaw == .sleepUnseen {
        state.threads[id] = .asleep
        state.isWoken[id] = false
      } else {
        state = goOn(state, id)
      }
    case .asleep:
      guard before.isWoken[id] else { return nil }
      state.isWoken[id] = false
      if before.words[id] { state.threads[id] = .sleep } else { state = goOn(state, id) }
    }
    return state
  }

  private func goOn(_ before: State, _ id: Int) -> State {
    var state = before
    state.threads[id] = .decide
    if state.turns[id] > 0 { state.turns[id] -= 1 } else if state.isOn { state.unasked += 1 }
    return state
  }

  private func controlSteps(_ before: State) -> [State] {
    switch before.control {
    case .serve: serve(before)
    case .waitForStep: waitForStep(before)
    case .letThrough: before.lock == nil ? [letThrough(before, then: .changeMode)] : []
    case .changeMode: before.lock == nil ? [changeMode(before)] : []
    case .released: []
    }
  }

  private func serve(_ before: State) -> [State] {
    guard before.isControllerThere else { return release(before) }
    guard before.lock == nil else { return [] }
    var all: [State] = []
    if !before.isOn {
      var held = before
      held.isOn = true
      all.append(held)
    }
    if before.isOn, before.grantsLeft > 0, let id = before.line.first {
      var granted = letThrough(before, id)
      granted.turns[id] += 1
      if !before.words[id] { granted.wasted += 1 }
      granted.grantsLeft -= 1
      granted.stepped = id
      granted.control = .waitForStep
      all.append(granted)
    }
    return all
  }

  private func waitForStep(_ before: State) -> [State] {
    if !before.isControllerThere, flaw != .deafDuringStep { return release(before) }
    guard before.stepped == nil else { return [] }
    var state = before
    state.control = .serve
    return [state]
  }

  private func letThrough(_ before: State, _ id: Int) -> State {
    var state = before
    if flaw != .staysInLine { state.line.removeAll { $0 == id } }
    state.words[id] = false
    if state.threads[id] == .asleep { state.isWoken[id] = true }
    return state
  }

  private func release(_ before: State) -> [State] {
    guard before.lock == nil else { return [] }
    if flaw == .releaseInTwoParts {
      var state = before
      state.control = .letThrough
      return [state]
    }
    return [changeMode(flaw == .releaseLeavesLine ? before : letThrough(before, then: .changeMode))]
  }

  private func letThrough(_ before: State, then next: Control) -> State {
    var state = before
    for id in before.line {
      state = letThrough(state, id)
      state.turns[id] += 1
    }
    state.line = []
    state.control = next
    return state
  }

  private func changeMode(_ before: State) -> State {
    var state = before
    state.isOn = false
    state.control = .released
    return state
  }
}
