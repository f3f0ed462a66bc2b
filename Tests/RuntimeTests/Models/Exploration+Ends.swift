// Exploring to the end: checks all that `explore` checks, and also that from every state an end can be
// reached.
//
// A protocol that tries again and again never comes to rest while somebody tries in vain. So a state is wrong
// too if no state at rest can be reached from it: whatever the scheduling, the actors then go round in
// circles for ever.

extension Model {
  /// Visits every state, or stops at the first wrong one. Then looks for states from which no end can be
  /// reached.
  func exploreToTheEnd() -> Exploration {
    var found = Exploration()
    var numbers: [State: Int] = [start: 0]
    var states = [start]
    var before: [[Int]] = [[]]
    var ends: [Int] = []
    var open = [0]
    while let number = open.popLast() {
      found.states += 1
      found.flaw = wrong(states[number])
      let next = steps(from: states[number])
      if next.isEmpty, found.flaw == nil {
        ends.append(number)
        found.flaw = wrongAtRest(states[number])
      }
      if found.flaw != nil { return found }
      for state in next {
        if let known = numbers[state] {
          before[known].append(number)
          continue
        }
        numbers[state] = states.count
        open.append(states.count)
        states.append(state)
        before.append([number])
      }
    }
    found.atRest = ends.count
    if leading(to: ends, before) < states.count { found.flaw = "goes round in circles for ever" }
    return found
  }

  /// The number of states from which one of `ends` can be reached. `before[n]` are the states that lead to n.
  private func leading(to ends: [Int], _ before: [[Int]]) -> Int {
    var seen = Set(ends)
    var open = ends
    while let number = open.popLast() {
      for earlier in before[number] where seen.insert(earlier).inserted { open.append(earlier) }
    }
    return seen.count
  }
}
