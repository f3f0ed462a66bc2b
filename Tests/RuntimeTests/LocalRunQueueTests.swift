// The real local run queue: order, capacity, and half of it to a thief. Under stress, each G is in exactly
// one place. LocalRunQueueModelTests explores every interleaving of a small queue.
import Foundation
import Region
import Synchronization
import TestSupport
import Testing

@testable import MPG

private func g(_ slot: Int) -> G { G(slot: UInt32(slot)) }

@Suite("Local run queue")
struct LocalRunQueueTests {
  @Test("Gs come out in the order in which they went in, also over the ring's end")
  func firstInFirstOut() {
    let queue = QueueArena(queues: 1, position: 250).queue(0)
    for slot in 0..<20 { #expect(queue.push(g(slot))) }

    #expect(queue.depth == 20)
    #expect(queue.drained() == (0..<20).map { UInt32($0) })
    #expect(queue.pop() == nil)
    #expect(queue.isEmpty)
  }

  @Test("256 Gs fit, not one more, and room is room again")
  func capacityIsExact() {
    let queue = QueueArena(queues: 1).queue(0)
    for slot in 0..<256 { #expect(queue.push(g(slot))) }

    #expect(!queue.push(g(256)))
    #expect(queue.depth == 256)
    #expect(queue.pop() == g(0))
    #expect(queue.push(g(256)))
    #expect(!queue.push(g(257)))
  }

  @Test("a steal takes half, rounded up, oldest first, and both sides keep their order", arguments: 1...256)
  func stealTakesHalfAndKeepsOrder(count: Int) throws {
    let arena = QueueArena(queues: 2, position: 77)
    let (victim, thief) = (arena.queue(0), arena.queue(1))
    for slot in 0..<count { _ = victim.push(g(slot)) }
    let half = (count + 1) / 2

    let stolen = try #require(thief.steal(from: victim))

    #expect(stolen.count == half)
    #expect(stolen.first == g(0))
    #expect(thief.drained() == (1..<half).map { UInt32($0) })
    #expect(victim.drained() == (half..<count).map { UInt32($0) })
  }

  @Test("there is nothing to steal from an empty queue, and nothing happens")
  func emptyQueuesAreNotStolenFrom() {
    let arena = QueueArena(queues: 2)

    #expect(arena.queue(1).steal(from: arena.queue(0)) == nil)
    #expect(arena.queue(1).stealNext(arena.queue(0).nextLink, from: arena.queue(0)) == nil)
    #expect(arena.queue(1).isEmpty)
  }

  @Test("runnext hands back what it held, is taken once, and makes the queue not empty")
  func nextIsExchanged() {
    let arena = QueueArena(queues: 2)
    let (queue, thief) = (arena.queue(0), arena.queue(1))

    #expect(queue.exchangeNext(g(0)) == nil)
    #expect(!queue.isEmpty)
    #expect(queue.hasNext)
    #expect(queue.exchangeNext(g(5)) == g(0))
    #expect(thief.stealNext(queue.nextLink, from: queue) == g(5))
    #expect(queue.popNext() == nil)
    #expect(queue.isEmpty)
  }

  @Test("what lies in a queue is where the specification says: slots of 32 bits, in file order")
  func slotsLieInTheRegion() {
    let arena = QueueArena(queues: 1, position: 255)
    let block = arena.block(0)
    for slot in [7, 8, 9] { _ = arena.queue(0).push(g(slot)) }
    _ = arena.queue(0).exchangeNext(g(11))

    #expect(block[.lrqHead].relaxed == 255)
    #expect(block[.lrqTail].relaxed == 258)
    #expect(block[.lrq, 127].relaxed >> 32 == 7)
    #expect(block[.lrq, 0].relaxed == 9 << 32 | 8)
    #expect(block[.runnext].relaxed == 12)
  }

  @Test(
    "under stress every G comes out once, whether popped, stolen, spilled or next in line",
    arguments: [4, 8, 256])
  func stressLosesNoG(capacity: Int) {
    let count = 200_000
    // On the way, positions pass 2^32, where 32 bits would wrap.
    let position: UInt64 = (1 << 32) - 50_000
    let arena = QueueArena(queues: 3, capacity: capacity, position: position)
    let taken = Tally(count: count)
    let isDone = Atomic<Bool>(false)

    withThreads(2) { thief in
      let queue = arena.queue(thief + 1)
      var dice = Dice(UInt64(thief))
      while true {
        let last = isDone.load(ordering: .acquiring)
        steal(into: queue, from: arena.queue(0), &dice, taken)
        if last, arena.queue(0).isEmpty, queue.isEmpty { return }
      }
    } while: {
      own(arena.queue(0), count: count, taken)
      isDone.store(true, ordering: .releasing)
    }

    #expect(taken.missing == 0)
    #expect(taken.twice == 0)
  }
}

/// The owner: pushes all Gs, some through `runnext`, and pops now and then.
private func own(_ queue: LocalRunQueue, count: Int, _ taken: Tally) {
  var dice = Dice(99)
  for slot in 0..<count {
    var next: G? = g(slot)
    if dice.next() % 4 == 0 { next = queue.exchangeNext(g(slot)) }
    while let g = next, !queue.push(g) {
      if let first = queue.pop() { taken.count(first) }
    }
    let choice = dice.next() % 4
    if choice == 0, let g = queue.popNext() { taken.count(g) }
    if choice == 1, let g = queue.pop() { taken.count(g) }
  }
}

/// A thief: steals half, now and then `runnext`, and runs all that it has stolen.
private func steal(
  into queue: LocalRunQueue, from victim: LocalRunQueue, _ dice: inout Dice, _ taken: Tally
) {
  if let (first, _) = queue.steal(from: victim) { taken.count(first) }
  if dice.next() % 2 == 0, let g = queue.stealNext(victim.nextLink, from: victim) { taken.count(g) }
  while let g = queue.pop() { taken.count(g) }
}

/// How often each G was taken.
///
/// Safe because: the cells are atomic and outlive the threads of the test that made them.
@safe private struct Tally: @unchecked Sendable {
  private let cells: UnsafeMutablePointer<Atomic<UInt8>>
  private let size: Int

  init(count: Int) {
    size = count
    unsafe cells = .allocate(capacity: count)
    for index in 0..<count { unsafe (cells + index).initialize(to: Atomic(0)) }
  }

  func count(_ g: G) { unsafe cells[Int(g.slot)].wrappingAdd(1, ordering: .relaxed) }
  private func times(_ index: Int) -> UInt8 { unsafe cells[index].load(ordering: .relaxed) }
  var missing: Int { (0..<size).count { times($0) == 0 } }
  var twice: Int { (0..<size).count { times($0) > 1 } }
}
