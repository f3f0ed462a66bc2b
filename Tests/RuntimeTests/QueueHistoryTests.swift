// Queues follow from events: a storm is recorded, and at each keyframe the queues that are rebuilt step by
// step equal the target's own.
import Glibc
import Inspector
import Region
import TestSupport
import Testing

@testable import MPG

/// Kinds of events without which the rebuilt queues, or the holders of Ps and Gs, must be wrong.
private let needed: [EventKind] = [
  .goCreate, .goStart, .goPark, .goReady, .goYield, .goExit, .goPreempt, .goSyscall, .goSyscallExit, .steal,
  .overflow, .grqTake, .procStart, .procStop, .procRetire, .retake,
]

/// By how much an event changes the GRQ's depth.
private func grqChange(_ event: Event) -> Int {
  let place = Place(bits: event.arg & ~Place.gMask)
  return switch event.kind {
  case .overflow: Int(event.count)
  case .procRetire: Int(event.arg)
  case .grqTake: -Int(event.count)
  case .goSyscallExit where event.detail != 0: 0
  case .goCreate, .goReady, .goYield, .goPreempt, .goSyscallExit: place.queue == .grq ? 1 : 0
  default: 0
  }
}

@Suite("Queues and events")
struct QueueHistoryTests {
  @Test(
    "the queues rebuilt from the events of a storm are those of each keyframe; without any one kind they are not"
  )
  func storms() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 4, stackKiB: askingStack) {
        let watch = blocking { QueueWatch() }
        try storm(milliseconds: 6_000)
        // On a machine that has much else to do, the thread that follows may not have had its turns.
        for _ in 0..<20 where watch.segments < 12 { try storm(milliseconds: 2_000) }
        let history = try blocking { try watch.stop() }
        blocking {
          var truth = QueueTruth(history, isThorough: true)
          truth.walk(history, segments: 6)
          print(
            truth.events, "events,", truth.keyframes, "keyframes,", truth.unsettled, "unsettled,",
            truth.incomplete, "incomplete", truth.kinds.map { "\($0.key) \($0.value)" }.sorted())
          check(
            truth.problems.isEmpty,
            "no difference, found \(truth.count): \(truth.problems.joined(separator: "\n"))")
          check(
            truth.events >= 100_000 && truth.keyframes >= 8,
            "a storm, found \(truth.events) events, \(truth.keyframes) keyframes")
          for kind in needed {
            check(truth.kinds[kind, default: 0] > 0, "events of kind \(kind)")
            let mutant = QueueTruth(history, skipping: kind)
            check(mutant.count > 0, "a difference without \(kind)")
          }
        }
      }
    }
  }

  @Test("in the order of their times no record takes more from the GRQ than those before it have put there")
  func spills() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 3, stackKiB: askingStack) {
        for _ in 0..<60 {
          // More Gs than an LRQ holds, while other Ps wait for work.
          let some = WaitGroup()
          some.add(900)
          for _ in 0..<900 { go { some.done() } }
          some.wait()
        }
        let events = try blocking {
          let history = try History.blackBox(RegionFolders.standard.target(pid: getpid()))
          return Player(history)?.lastEvents(ofEachLane: 200_000).values.flatMap { $0 } ?? []
        }
        var (depth, taken, wrong) = (0, 0, 0)
        // Of two events at one moment, the event that puts Gs on the GRQ comes first.
        let changes = events.map { (time: $0.time, gs: grqChange($0)) }
        for change in changes.sorted(by: { ($0.time, -$0.gs) < ($1.time, -$1.gs) }) {
          depth += change.gs
          if change.gs < 0 { taken += 1 }
          if depth < 0 { wrong += 1 }
        }
        check(taken > 40, "Gs to be taken from the GRQ, found \(taken) times")
        check(wrong == 0, "never fewer than none, found \(wrong) times")
      }
    }
  }

  @Test(
    "at rest the queues as the records have them are the queues themselves", arguments: [1, 2, 255, 300, 900])
  func atRest(_ spawned: Int) async {
    await #expect(processExitsWith: .success) { [spawned] in
      inRuntime(procs: 1, preemption: false, stackKiB: askingStack) {
        yield()
        for _ in 0..<spawned { go {} }
        let snapshot = try lookFromOutside()
        let (lrq, next, grq) = (sched.p(0).lrq.depth, sched.p(0).lrq.hasNext, sched.grqDepth)
        checkEqual(lrq + (next ? 1 : 0) + grq, spawned, "Gs on queues")
        checkEqual(snapshot.inHands, 0, "Gs in hands")
        checkEqual(snapshot.ps[0].lrq, lrq, "the LRQ")
        checkEqual(snapshot.ps[0].runnext, next, "runnext")
        checkEqual(snapshot.grq, grq, "the GRQ")
        checkEqual(snapshot.ps[0].g, currentM("a test").g?.id, "the G that runs")
        checkEqual(snapshot.ps[0].m, currentM("a test").id, "the M that holds the P")
      }
    }
  }
}
