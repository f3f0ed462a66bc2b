import Foundation
import Region
import Synchronization
import Testing

@testable import Exports
@testable import History
@testable import Host
@testable import Insight
@testable import Inspector
@testable import Observed
@testable import RegionSource

@Suite("Catching all Gs at one instant")
struct ConsistencyTests {
  /// Runs the double collect over the given passes. Returns the words that it took, and whether they are
  /// consistent.
  private func collect(_ passes: [[UInt64]], limit: Int = 10, isLate: () -> Bool = { false }) throws
    -> (words: [UInt64], isConsistent: Bool, passes: Int)
  {
    var (latest, earlier): ([UInt64], [UInt64]) = ([], [])
    var next = 0
    let isConsistent = try doubleCollect(
      &latest, &earlier, passes: limit, isLate: isLate,
      read: { (words: inout [UInt64]) throws(LayoutProblem) in
        words = passes[min(next, passes.count - 1)]
        next += 1
      })
    return (latest, isConsistent, next)
  }

  @Test("two equal passes in a row are an instant, whatever came before")
  func equalPasses() throws {
    let quiet = try collect([[1, 2]])
    #expect(quiet.isConsistent && quiet.passes == 2)

    let busy = try collect([[1, 2], [2, 2], [2, 3], [2, 3], [9, 9]])
    #expect(busy.isConsistent && busy.words == [2, 3] && busy.passes == 4)
  }

  @Test("passes that are equal but not neighbours are no instant")
  func neighboursOnly() throws {
    let result = try collect([[1], [2], [1], [2], [1], [2], [1], [2], [1], [2]])
    #expect(!result.isConsistent && result.passes == 10)
  }

  @Test("when time is up the last pass is taken, and said to be none")
  func patienceEnds() throws {
    let result = try collect([[1], [2], [3], [3]], isLate: { true })
    #expect(!result.isConsistent && result.words == [2])
  }

  @Test("a lane that appears between two passes is a difference")
  func newLane() throws {
    let result = try collect([[2, 1, 7], [2, 2, 7, 0], [2, 2, 7, 0]])
    #expect(result.isConsistent && result.passes == 3)
  }

  /// One G goes round: ready → running → parked → ready. Two lanes write the moves in turn, as when one P
  /// parks the G and another P readies it. At every instant the G is in exactly one state.
  @Test("a consistent snapshot shows a G in exactly one state, however fast it moves")
  func oneStateAtATime() throws {
    let region = RegionFixture()
    region.count(.created, on: 0)
    let source = try region.source()
    let writer = Roundabout(region)
    writer.start()
    defer { writer.stop() }

    var consistent = 0
    while consistent < 2000 || writer.rounds < 2000 {
      let snapshot = try source.snapshot()
      #expect(snapshot.gs.sumOfStates == snapshot.gs.live && snapshot.gs.live == 1)
      guard snapshot.isConsistent else { continue }
      consistent += 1
      let states = [snapshot.gs.runnable, snapshot.gs.running, snapshot.gs.waiting[.chanReceive] ?? 0]
      #expect(states.sorted() == [0, 0, 1])
    }
  }

  @Test("an inconsistent snapshot still adds up, since all states come from the same words")
  func tornStillAddsUp() throws {
    var tally = Lanes.Tally(parked: [0, 5, 0], readied: [0, 0, 9])
    (tally.created, tally.started, tally.yielded, tally.exited) = (10, 3, 0, 8)

    let gs = try Snapshot.Gs(tally, reasons: [WaitReason.none, .netpollRead, .netpollWrite])

    #expect(gs.waiting[.netpollWrite] == -9)
    #expect(gs.sumOfStates == gs.live && gs.live == 2)
  }

  @Test("Gs that wait for a reason of a newer version are counted as other")
  func unknownReason() throws {
    var tally = Lanes.Tally(parked: [0, 0, 6], readied: [0, 0, 4])
    (tally.created, tally.started) = (6, 8)

    let gs = try Snapshot.Gs(tally, reasons: [WaitReason.none, .sleep, nil])

    #expect(gs.waiting(in: .other) == 2 && gs.sumOfStates == gs.live)
  }
}

/// A thread that moves one G round and round. It is no task, because it must run beside the test.
private final class Roundabout: Sendable {
  private let region: RegionFixture
  private let count = Atomic(0)
  private let isOver = Atomic(false)
  private let ended = DispatchSemaphore(value: 0)

  init(_ region: RegionFixture) { self.region = region }

  var rounds: Int { count.load(ordering: .relaxed) }

  func start() { Thread.detachNewThread { self.goRound() } }

  /// Stops the thread, and returns when the thread will not touch the region again.
  func stop() {
    isOver.store(true, ordering: .relaxed)
    ended.wait()
  }

  private func goRound() {
    let started = region.word(LaneField.started, 0)
    let parked = region.word(LaneField.parked, 0, Int(WaitReason.chanReceive.rawValue))
    let readied = region.word(LaneField.readied, 1, Int(WaitReason.chanReceive.rawValue))
    var pause = 0
    while !isOver.load(ordering: .relaxed) {
      for word in [started, parked, readied] {
        word.publish(word.relaxed + 1)
        pause = (pause * 7 + 3) % 4001  // from nothing to some microseconds
        for _ in 0..<pause { atomicMemoryFence(ordering: .acquiring) }
      }
      count.add(1, ordering: .relaxed)
    }
    ended.signal()
  }
}
