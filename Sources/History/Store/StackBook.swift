// Stacks that records name by number, so that each is kept once however many events have it.
import Observed

/// The stacks of a history. A value; copies share their content.
package struct StackBook: Sendable {
  /// The stacks, by number.
  package private(set) var all: [CallStack] = []
  /// The number of a G's stack, by the G's id, if the source told the stack before the G had an
  /// event.
  package var first: [UInt64: Int] = [:]

  package init() {}

  /// Adds a stack, and returns its number.
  package mutating func add(_ stack: CallStack) -> Int {
    all.append(stack)
    return all.count - 1
  }

  package var isEmpty: Bool { all.isEmpty }

  package subscript(number: Int) -> CallStack? { all.indices.contains(number) ? all[number] : nil }
}
