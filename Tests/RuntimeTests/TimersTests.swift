// The timers of one P, without a runtime: which are due, in which order, and what other threads see of them.
import Region
import TestSupport
import Testing

@testable import MPG

@Suite("Timers")
struct TimersTests {
  private let block: Block<PField>
  private let timers: Timers

  init() {
    block = QueueArena(queues: 1).block(0)
    timers = Timers(block)
  }

  private func add(_ when: UInt64, _ target: UInt64) {
    timers.lock.lock()
    timers.insert(Timer(when: when, target: target, kind: .wake, generation: 0))
    timers.lock.unlock()
  }

  @Test("what is due comes out in the order of its moments, and nothing that is not due yet")
  func dueTimersComeInOrder() {
    var dice = Dice(11)
    let moments = (0..<300).map { _ in dice.next() % 1000 }
    for (target, when) in moments.enumerated() { add(when, UInt64(target)) }

    let due = timers.takeDue(at: 500, limit: 1000)

    #expect(due.map(\.when) == moments.filter { $0 <= 500 }.sorted())
    #expect(due.allSatisfy { moments[Int($0.target)] == $0.when })
    #expect(timers.takeDue(at: 500).isEmpty)
    #expect(timers.takeDue(at: .max, limit: 1000).count == moments.count { $0 > 500 })
  }

  @Test("the earliest moment and the number of timers stand in the region")
  func earliestIsPublished() {
    #expect(timers.next == .max)
    add(70, 1)
    add(30, 2)
    add(50, 3)
    #expect(block[.nextTimer].relaxed == 30)
    #expect(block[.timers].relaxed == 3)

    _ = timers.takeDue(at: 50)

    #expect(block[.nextTimer].relaxed == 70)
    #expect(block[.timers].relaxed == 1)
    _ = timers.takeDue(at: 70)
    #expect(timers.next == .max)
    #expect(block[.timers].relaxed == 0)
  }

  @Test("no more are taken at once than the limit, the earliest first, and the rest stays")
  func limitsHold() {
    for when in (0..<10 as Range<UInt64>).reversed() { add(when, when) }

    #expect(timers.takeDue(at: 100, limit: 4).map(\.when) == [0, 1, 2, 3])
    #expect(timers.next == 4)
    #expect(timers.takeDue(at: 100).map(\.when) == [4, 5, 6, 7, 8, 9])
  }
}
