// Stacks that records name by number, so that each is kept once however many events have it.
import Observed

/// The stacks of a history. A value; copies share their content.
package struct StackBook: Sendable {
  /// The stacks, by number.
  package private(set) var all: [CallStack] = []
  /// The number of a G's stack, by the G's id, if the source told the stack before the G had an
  /// event.
  package var first: [UInt64: Int] = [:]

  /// The labels of each G that was given any, as string ids, with the moment, in ticks, from which on it has each.
  package private(set) var labels: [UInt64: [(time: UInt64, name: UInt32)]] = [:]
  private var labelCount = 0

  /// No more labels are kept than this.
  private static let mostLabels = 1 << 16

  package init() {}

  /// Notes that a G has a label from a moment on. Moments must not go back.
  package mutating func label(_ g: UInt64, _ name: UInt32, from time: UInt64) {
    guard labels[g]?.last?.name != name, labelCount < Self.mostLabels else { return }
    labels[g, default: []].append((time, name))
    labelCount += 1
  }

  /// Adds a stack, and returns its number.
  package mutating func add(_ stack: CallStack) -> Int {
    all.append(stack)
    return all.count - 1
  }

  package var isEmpty: Bool { all.isEmpty }

  package subscript(number: Int) -> CallStack? { all.indices.contains(number) ? all[number] : nil }
}
