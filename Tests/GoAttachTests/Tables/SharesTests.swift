// Long lists of goroutines, which several threads read.
import Glibc
import Host
import Synchronization
import Testing

@testable import GoAttach

@Suite("Shares of a long list")
struct SharesTests {
  @Test(
    "each goroutine is in one share, in the list's order; a short list has one share",
    arguments: [
      0, 1, 8191, 16_383, 16_384, 16_385, 100_000, 100_003,
    ])
  func shares(count: Int) {
    let parts = GoProgram.inShares(count) { $0 }
    #expect(parts.flatMap(Array.init) == Array(0..<count))
    #expect(parts.count == (count < 16_384 ? 1 : 2))
  }

  @Test("threads that share a task stand back as far as is asked; the caller does not")
  func niceness() {
    @Sendable func own() -> Int32 { getpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0) }
    let before = own()
    let seen = OwnThread.share(3, niceness: 10) { index in (index, own()) }
    #expect(seen.map(\.0) == [0, 1, 2])
    #expect(seen.map(\.1) == [10, 10, 10] || before > 10)
    #expect(own() == before)
  }

  @Test("stacks of several lists are joined: equal ones are one, and each goroutine keeps its own")
  func joined() {
    func stack(_ pc: UInt64) -> GoStack { GoStack(pcs: [pc, 1], end: .top) }
    let parts = [
      GoStacks(outcomes: [.stack(1), .moved, .stack(0)], distinct: [stack(7), stack(8)]),
      GoStacks(outcomes: [.running, .stack(0), .stack(1)], distinct: [stack(8), stack(9)]),
    ]
    let joined = GoStacks(joining: parts)
    #expect(joined.distinct == [stack(7), stack(8), stack(9)])
    #expect(joined.outcomes == [.stack(1), .moved, .stack(0), .running, .stack(1), .stack(2)])
    #expect(GoStacks(joining: [parts[0]]).outcomes == parts[0].outcomes)
  }
}
