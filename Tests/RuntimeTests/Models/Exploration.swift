// Looks at every execution of a small model: at all states that some interleaving of its actors reaches.
//
// A model has a state, and the steps that its actors could take next; each step is one access to shared
// memory. A protocol's promises are checked in every state (`wrong`) and in states in which no actor has a
// step left (`wrongAtRest`).

/// A protocol that is small enough to be explored completely.
protocol Model {
  associatedtype State: Hashable
  var start: State { get }
  /// The states that may come next, one for each step that an actor can take.
  func steps(from state: State) -> [State]
  /// What is wrong with the state, in words; nil: nothing.
  func wrong(_ state: State) -> String?
  /// What is wrong with the state if no actor has a step left; nil: nothing.
  func wrongAtRest(_ state: State) -> String?
}

/// The result of exploring a model.
struct Exploration {
  var states = 0
  /// The number of states in which no actor has a step left.
  var atRest = 0
  /// The first wrong thing that was found; nil: nothing is wrong.
  var flaw: String?
}

extension Model {
  /// Visits every state, or stops at the first wrong one.
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
