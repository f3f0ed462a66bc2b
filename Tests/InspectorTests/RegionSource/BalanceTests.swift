// A consistent snapshot adds up. A region in the middle of a move is not at rest, even while nothing in it
// changes.
import Glibc
import Region
import Testing

@testable import Exports
@testable import History
@testable import Insight
@testable import Inspector
@testable import Observed
@testable import RegionSource

@Suite("What adds up")
struct BalanceTests {
  /// P 0 runs G 7 on M 1, and P 1 searches on M 2. One or two Gs stand in each kind of queue; one G was
  /// preempted, one was set aside, and one is in a call on M 3.
  private func region() -> RegionFixture {
    let region = RegionFixture(procs: 2, ms: 5)
    region[PField.status, 0] = region.raw(PStatus.running)
    (region[PField.m, 0], region[PField.g, 0]) = (2, 7)
    region[PField.status, 1] = region.raw(PStatus.spinning)
    region[PField.m, 1] = 3
    for (m, state) in [(1, MState.running), (2, .spinning), (3, .syscall), (4, .parked)] {
      region[MField.state, m] = region.raw(state)
    }
    (region[MField.p, 1], region[MField.g, 1], region[MField.p, 2], region[MField.g, 3]) = (1, 7, 2, 9)
    (region[PField.lrqHead, 0], region[PField.lrqTail, 0], region[PField.runnext, 1]) = (40, 42, 5)
    (region[SchedField.grqDepth], region[SchedField.stackless]) = (2, 1)
    // 8 Gs were created and 3 of them started, so 5 are runnable. Of the 3, one was preempted and one is in a
    // call.
    region.count(.created, on: 0, by: 8)
    region.count(.started, on: 0, by: 3)
    region.count(.preempted, on: 0, by: 1)
    region.count(.syscalls, on: 1, by: 1)
    return region
  }

  private func isConsistent(_ region: RegionFixture) throws -> Bool {
    try RegionFile(path: region.path, process: region.process).open().snapshot().isConsistent
  }

  @Test("a region at rest is consistent")
  func even() throws {
    let region = region()
    #expect(try isConsistent(region))
    let snapshot = try region.snapshot()
    #expect(snapshot.gs.runnable == 5 && snapshot.gs.preempted == 1 && snapshot.gs.stackless == 1)
  }

  @Test("each move that is half made is seen", arguments: HalfMove.all)
  func uneven(_ move: HalfMove) throws {
    let region = region()
    move.make(region)
    #expect(try !isConsistent(region), "\(move.what)")
  }

  @Test("what is half made is waited for")
  func waits() throws {
    // A busy machine may keep the mover from its CPU for longer than a snapshot waits, but not every time.
    let wasWaitedFor = try (0..<20).contains { _ in
      let region = region()
      region[SchedField.grqDepth] -= 1
      let mover = MoveEnder(region)
      mover.start()
      defer { mover.join() }
      return try isConsistent(region)
    }
    #expect(wasWaitedFor)
  }
}

/// A move of which one store has been made and the next has not.
struct HalfMove: Sendable, CustomTestStringConvertible {
  let what: String
  let make: @Sendable (RegionFixture) -> Void
  var testDescription: String { what }

  init(_ what: String, _ make: @escaping @Sendable (RegionFixture) -> Void) {
    (self.what, self.make) = (what, make)
  }

  static let all = [
    HalfMove("a G was readied, and is on no queue yet") { $0.count(.readied, on: 1, reason: .sleep, by: 1) },
    HalfMove("a G was taken from an LRQ, and does not run yet") { $0[PField.lrqHead, 0] += 1 },
    HalfMove("a G was taken from the GRQ") { $0[SchedField.grqDepth] -= 1 },
    HalfMove("a G was taken from runnext") { $0[PField.runnext, 1] = 0 },
    HalfMove("a G left, and its P says that it runs") { $0.count(.exited, on: 0, by: 1) },
    HalfMove("a P says whom it runs, its M does not") { $0[MField.g, 1] = 0 },
    HalfMove("a P has let go of its M, and it not of the P") { $0[PField.m, 1] = 0 },
    HalfMove("an M took a P that is still idle") { $0[PField.status, 1] = $0.raw(PStatus.idle) },
    HalfMove("an M holds a P and sleeps") { $0[MField.state, 2] = $0.raw(MState.parked) },
    HalfMove("an M is in a call that its G is not") { $0[MField.state, 4] = $0.raw(MState.syscall) },
    HalfMove("an M runs a G without a P") {
      ($0[MField.state, 4], $0[MField.g, 4]) = ($0.raw(MState.running), 11)
    },
  ]
}

/// Completes the move after two milliseconds.
private final class MoveEnder: @unchecked Sendable {
  private let region: RegionFixture
  private var thread = pthread_t()

  init(_ region: RegionFixture) { self.region = region }

  func start() {
    unsafe pthread_create(
      &thread, nil,
      { argument in
        usleep(2_000)
        let mover = unsafe Unmanaged<MoveEnder>.fromOpaque(argument!).takeUnretainedValue()
        mover.region[SchedField.grqDepth] += 1
        return nil
      }, Unmanaged.passUnretained(self).toOpaque())
  }

  func join() { pthread_join(thread, nil) }
}
