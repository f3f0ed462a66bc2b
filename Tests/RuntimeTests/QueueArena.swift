// Local run queues without a runtime, over memory of their own.
import Region

@testable import MPG

/// Blocks of Ps with a run queue in each. An arena is never freed, because queues are handles that keep
/// nothing alive.
///
/// Safe because: threads reach the memory only through queues and words, whose accesses are atomic.
@safe struct QueueArena: @unchecked Sendable {
  private let base: UnsafeMutableRawPointer
  private let capacity: Int

  /// - Parameter position: the start of every queue's head and tail.
  init(queues: Int, capacity: Int = Capacity.lrq, position: UInt64 = 0) {
    self.capacity = capacity
    let bytes = queues * PField.stride * 8
    unsafe base = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: Layout.page)
    unsafe base.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
    for index in 0..<queues {
      block(index)[.lrqHead].set(position)
      block(index)[.lrqTail].set(position)
    }
  }

  func block(_ index: Int) -> Block<PField> { unsafe Block(at: base + index * PField.stride * 8) }

  func queue(_ index: Int) -> LocalRunQueue {
    let slots = unsafe base + index * PField.stride * 8 + PField.lrq.rawValue * 8
    return unsafe LocalRunQueue(block: block(index), slots: slots, capacity: capacity)
  }
}

extension LocalRunQueue {
  /// Takes everything out of the queue, first to last.
  func drained() -> [UInt32] {
    var slots: [UInt32] = []
    while let g = pop() { slots.append(g.slot) }
    return slots
  }
}
