// Looking at every execution of a small model: all states that some interleaving of its actors reaches.
//
// A model is a state and the steps that its actors could take next, each step one access to shared memory.
// What a protocol promises is said of every state (`wrong`) and of those in which no actor has a step left
// (`wrongAtRest`).

/// A protocol made small enough to be looked at from all sides.
protocol Model {
  associatedtype State: Hashable
  var start: State { get }
  /// What can happen next: one successor for each actor that can take a step.
  func steps(from state: State) -> [State]
  /// What is wrong with the state, in words; nil: nothing.
  func wrong(_ state: State) -> String?
  /// What is wrong with it if nothing can happen any more.
  func wrongAtRest(_ state: State) -> String?
}

/// What exploring a model found.
struct Exploration {
  var states = 0
  /// States in which nothing can happen any more.
  var atRest = 0
  /// The first thing found wrong, if anything.
  var flaw: String?
}

extension Model {
  /// Visits every state, or stops at the first that is wrong.
  func explore() -> Exploration {
    var found = Exploration()
    var seen: Set<State> = [start]
    var open = [start]
    while let state = open.popLast() {
      found.states += 1
      found.flaw = wrong(state)
      if found.flaw != nil { return found }
      let next = steps(from: state)
      if next.isEmpty {
        found.atRest += 1
        found.flaw = wrongAtRest(state)
        if found.flaw != nil { return found }
      }
      for state in next where seen.insert(state).inserted { open.append(state) }
    }
    return found
  }
}
