// Which Gs stand on which queue follows from events: a storm is recorded, and whoever is said to stand somewhere starts
// from there.
import Glibc
import Inspector
import Region
import TestSupport
import Testing

@testable import MPG

/// Kinds of events without which the rebuilt contents must be wrong.
private let needed: [EventKind] = [
  .goCreate, .goStart, .goReady, .goYield, .goPreempt, .goSyscallExit, .steal, .overflow, .grqTake,
]

@Suite("Gs on queues")
struct QueueContentsTests {
  @Test(
    "as many Gs stand on the queues of a storm as the account says, and they start from where they are said to be"
  )
  func storms() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 4, stackKiB: askingStack) {
        let watch = blocking { QueueWatch() }
        try storm(milliseconds: 4_000)
        let history = try blocking { try watch.stop() }
        blocking {
          let truth = NameTruth(history)
          print(
            truth.events, "events,", truth.windows, "windows; starts:", truth.starts, "batched:",
            truth.batched)
          check(
            truth.problems.isEmpty,
            "no difference, found \(truth.count): \(truth.problems.joined(separator: "\n"))")
          check(truth.events >= 50_000, "a storm, found \(truth.events) events")
          check(
            truth.starts.named * 3 >= truth.starts.all,  // on a busy machine more records are of one moment
            "many Gs have their names, found \(truth.starts.named) of \(truth.starts.all)")
          checkStages(history)
          for kind in needed {
            check(NameTruth(history, skipping: kind).count > 0, "a difference without \(kind)")
          }
        }
      }
    }
  }

  @Test("at rest they are the Gs in the slots of the LRQ, in order", arguments: [1, 2, 255, 300, 900])
  func atRest(_ spawned: Int) async {
    await #expect(processExitsWith: .success) { [spawned] in
      inRuntime(procs: 1, preemption: false, stackKiB: askingStack) {
        yield()
        for _ in 0..<spawned { go {} }
        let history = try History.blackBox(RegionFolders.standard.target(pid: getpid()))
        guard let queues = Player(history)?.queues else { return check(false, "contents") }
        let (p, slots) = (queues.queues(ofP: 0), slots(ofP: 0))
        checkEqual(p.next, slots.next, "runnext")
        checkEqual(p.lrq, slots.lrq, "the LRQ")
        checkEqual(queues.count.all, spawned, "Gs on queues")
        checkEqual(queues.count.unnamed, 0, "Gs without a name")
        checkEqual(queues.grq.count, sched.grqDepth, "the GRQ")
      }
    }
  }
}

/// In a child process: at many moments of a history the stage's queues are as long as its gauges say, and no G stands at
/// two places. The stage of now is that of the newest moment.
private func checkStages(_ history: History) {
  guard var player = Player(history) else { return check(false, "a history") }
  var (stages, moves) = (0, 0)
  player.seekToStart()
  while !player.isAtEnd, stages < 40 {
    player.advance(by: 97_000_000)
    let stage = Stage(player)
    (stages, moves) = (stages + 1, moves + stage.moves.count)
    guard let queues = stage.queues, player.missing == 0 else { continue }
    for p in stage.snapshot.ps {
      // The record of a G that finds no room comes before the record of the spill that takes it along.
      checkEqual(min(queues.queues(ofP: p.id).lrq.count, Capacity.lrq), p.lrq ?? -1, "the LRQ of P\(p.id)")
    }
    checkEqual(queues.grq.count, stage.snapshot.grq ?? -1, "the GRQ")
    var standing = stage.snapshot.ps.compactMap(\.g)
    for p in queues.ps { standing += (p.next + p.lrq).compactMap { $0 } }
    standing += queues.grq.compactMap(\.g)
    checkEqual(Set(standing).count, standing.count, "Gs that stand at one place")
  }
  check(stages > 20 && moves > stages, "stages with moves, found \(moves) in \(stages)")
  player.seekToNewest()
  var maker = StageMaker()
  check(
    maker.stage(of: history, StageQuestion()) == Stage(player),
    "the stage of now is that of the newest moment")
}

/// The ids of the Gs in a P's `runnext` and in the slots of its LRQ, read from the region.
private func slots(ofP id: Int) -> (next: [UInt64?], lrq: [UInt64?]) {
  let block = sched.p(id).shared
  let next = block[.runnext].acquired
  let positions = block[.lrqHead].acquired..<block[.lrqTail].acquired
  return (
    next == 0 ? [] : [G(slot: UInt32(next - 1)).id],
    positions.map { position in
      let place = Int(position % UInt64(Capacity.lrq))
      let word = block[.lrq, place / 2].acquired
      return G(slot: UInt32(truncatingIfNeeded: place % 2 == 0 ? word : word >> 32)).id
    }
  )
}
