// The answer to a question about a stack at a past moment: where in its code the G was at its last event.
import History
import Observed

extension Explainer {
  func explainStack(_ id: UInt64, _ answer: inout Explanation) {
    guard player.hasStacks else { return answer.add(.head, LiveExplainer.noStacks) }
    guard let g = evidence.goroutine(id) else {
      return answer.add(.head, "There is no G\(id) at this moment.")
    }
    answer.add(.head, nowText(of: g))
    tellStack(id, &answer)
  }

  /// Adds the stack of a G at its last event, if the history has that stack.
  func tellStack(_ id: UInt64, _ answer: inout Explanation) {
    guard let stack = player.stacks(of: .some([id]))?[id] else {
      if player.hasStacks { answer.add(.text, "No stack of it is known up to this moment.") }
      return
    }
    answer.add(.text, "Where it stood at the last thing it did, innermost call first:")
    answer.add(stack)
  }
}
