// Holding, stepping and slowing: what a controller sees, and what the program under it sees.
import Foundation
import Region
import TestSupport
import Testing

@testable import History
@testable import Inspector
@testable import MPG
@testable import Observed
@testable import RegionSource

/// Runs `body` with a controller of this process, on a thread of its own, while the calling G waits outside of the
/// runtime. The scheduler runs free afterwards.
private func withController(_ body: sending @escaping (Controller) throws -> Void) throws {
  let done = DispatchSemaphore(value: 0)
  nonisolated(unsafe) var result: Result<Void, any Error> = .success(())
  nonisolated(unsafe) let body = body
  Thread.detachNewThread {
    unsafe result = Result { unsafe try body(Controller(RegionFolders.standard.target(pid: getpid()))) }
    done.signal()
  }
  blocking { done.wait() }
  try unsafe result.get()
}

/// In a child process: boots a runtime that can be paced.
private func inPacedRuntime(procs: Int, _ body: sending @escaping () throws -> Void) -> Never {
  unsafe setenv("MPG_CONTROL", "1", 1)
  inRuntime(procs: procs, body)
}

/// Waits, on a thread that may block, until `isSo`; fails after a minute.
private func until(_ what: String, _ isSo: () -> Bool) {
  for _ in 0..<60_000 where !isSo() { usleep(1000) }
  check(isSo(), what)
}

/// Gs that make every kind of decision that a gate can hold: spawns and overflows, yields, hand-overs, sleeps.
private func startStorm(_ isOver: Counter) {
  for index in 0..<2 {
    go {
      while isOver.value == 0 {
        let some = WaitGroup()
        some.add(300)
        for _ in 0..<300 { go { some.done() } }
        some.wait()
        MPG.sleep(.microseconds(300 + 100 * index))
      }
    }
    let (there, back) = (Channel<Int>(), Channel<Int>())
    go {
      while isOver.value == 0 {
        there.send(1)
        _ = back.receive()
        yield()
      }
      there.close()
    }
    go { while let token = there.receive() { back.send(token) } }
  }
}

/// The type of the model of the past, whose name is taken here by the protocol of the exhaustive models.
private func type<T>(of _: (Player) -> T) -> T.Type { T.self }
private let pastModel = type(of: { $0.model })

/// Waits until every thread of a held scheduler is at the gate or asleep, and returns that snapshot.
private func settled(_ inspector: Inspector) throws -> Snapshot {
  var last = try inspector.snapshot()
  for _ in 0..<100_000 {
    usleep(50)
    let next = try inspector.snapshot()
    if next.account != nil, next.isConsistent, next.trace.events == last.trace.events, next.pace == last.pace
    {
      return next
    }
    last = next
  }
  return last
}

/// Whether every thread that runs a G or searches for one waits at the gate.
private func isAtRest(_ snapshot: Snapshot) -> Bool {
  let waiting = Set(snapshot.pace?.waiting ?? [])
  return snapshot.ms.allSatisfy { ![.running, .spinning].contains($0.state) || waiting.contains($0.id) }
}

/// Holds the scheduler, and returns the snapshot in which every thread has come to the gate.
private func heldAtRest(_ controller: Controller, _ inspector: Inspector) throws -> Snapshot {
  check(try controller.send(.hold).pace == .held, "held")
  var held = try settled(inspector)
  // A thread that had no CPU comes to the gate late.
  for _ in 0..<2000 where !isAtRest(held) { held = try settled(inspector) }
  check(isAtRest(held), "every thread at the gate")
  return held
}

/// A snapshot of a held scheduler behind which there is no record that was drained already.
private func start(_ inspector: Inspector) throws -> Snapshot {
  for _ in 0..<2000 {
    try inspector.drain()
    let snapshot = try settled(inspector)
    var late = 0
    try inspector.drain { late += $1.count }
    if late == 0, isAtRest(snapshot) { return snapshot }
  }
  return try settled(inspector)
}

/// The snapshot after a step, what the step's events make of the snapshot before it, and how many they are. A thread that
/// had no CPU may write the rest of its step late.
private func follow(
  _ inspector: Inspector, from before: Snapshot, _ reasons: [WaitReason?]
) throws -> (after: Snapshot, model: Snapshot, written: Int) {
  var (after, model, written) = (try settled(inspector), pastModel.init(before, reasons: reasons), 0)
  for round in 0..<2000 {
    if round > 0 { after = try settled(inspector) }
    try inspector.drain { lane, records in
      for record in records { model.apply(record, on: lane) }
      written += records.count
    }
    if Int(after.trace.events! - before.trace.events!) == written { break }
  }
  return (after, model.state, written)
}

@Suite("Pace")
struct PaceTests {
  @Test("a held scheduler makes no decision, and goes on when the connection ends")
  func hold() async {
    await #expect(processExitsWith: .success) {
      inPacedRuntime(procs: 3) {
        let (isOver, turns) = (Counter(), Counter())
        startStorm(isOver)
        go {
          while isOver.value == 0 {
            turns.add(1)
            yield()
          }
        }
        try withController { controller in
          let inspector = try Inspector.attach(to: getpid())
          usleep(20_000)
          let held = try heldAtRest(controller, inspector)
          let before = turns.value
          usleep(100_000)
          let later = try inspector.snapshot()
          checkEqual(turns.value, before, "turns while held")
          checkEqual(later.switches, held.switches, "starts of Gs while held")
          checkEqual(later.gs, held.gs, "Gs while held")
          checkEqual(later.account, held.account, "queues while held")
          check(later.isConsistent && later.pace?.state == .held, "what is seen is one instant")
          check(later.pace?.waiting.isEmpty == false, "threads at the gate")
          controller.close()
          until("turns after the connection ended") { turns.value > before }
          checkEqual(try inspector.snapshot().pace?.state, .free, "the pace afterwards")
        }
        isOver.add(1)
      }
    }
  }

  @Test("each single step changes exactly what its events say")
  func steps() async {
    let count = Int(ProcessInfo.processInfo.environment["MPG_STEPS"] ?? "") ?? 3_000
    await #expect(processExitsWith: .success) { [count = count as Int] in
      inPacedRuntime(procs: 3) {
        let isOver = Counter()
        startStorm(isOver)
        try withController { controller in
          let inspector = try Inspector.attach(to: getpid())
          usleep(20_000)
          try controller.send(.hold)
          var before = try start(inspector)
          let (made, reasons) = (before.pace?.steps ?? 0, inspector.reasons)
          var (stepped, events, most) = (0, 0, 0)
          for _ in 0..<count {
            if try controller.send(.step(p: nil)).stepped != nil { stepped += 1 }
            let (after, model, written) = try follow(inspector, from: before, reasons)
            (events, most) = (events + written, max(most, written))
            checkEqual(Int(after.trace.events! - before.trace.events!), written, "records of a step")
            checkEqual(model.account, after.account, "queues after a step")
            var (rebuilt, found) = (model.gs, after.gs)
            (rebuilt.tasks, found.tasks) = (nil, nil)
            (rebuilt.waiting, found.waiting) = (
              rebuilt.waiting.filter { $0.value != 0 }, found.waiting.filter { $0.value != 0 }
            )
            checkEqual(rebuilt, found, "Gs after a step")
            before = after
          }
          check(stepped > count * 9 / 10, "steps taken, found \(stepped) of \(count)")
          checkEqual(Int((before.pace?.steps ?? 0) - made), stepped, "steps that the region counts")
          print(stepped, "steps,", events, "events, at most", most, "in one")
        }
        isOver.add(1)
      }
    }
  }

  @Test("the P that is named takes the step")
  func chosen() async {
    await #expect(processExitsWith: .success) {
      inPacedRuntime(procs: 2) {
        let isOver = Counter()
        for _ in 0..<6 { go { while isOver.value == 0 { yield() } } }
        try withController { controller in
          let inspector = try Inspector.attach(to: getpid())
          usleep(20_000)
          try controller.send(.hold)
          for round in 0..<40 {
            let p = round % 2
            let before = try settled(inspector)
            var state = try controller.send(.step(p: p))
            // Without a CPU, the P's thread may not be at the gate yet.
            for _ in 0..<200 where state.stepped == nil { state = try controller.send(.step(p: p)) }
            let after = try settled(inspector)
            checkEqual(state.stepped?.p, p, "the P of the step")
            checkEqual(after.ps[1 - p].ticks, before.ps[1 - p].ticks, "starts on the other P")
          }
        }
        isOver.add(1)
      }
    }
  }

  @Test("a slowed scheduler makes as many decisions as it may, and no more")
  func slow() async {
    await #expect(processExitsWith: .success) {
      inPacedRuntime(procs: 2) {
        let isOver = Counter()
        for _ in 0..<4 { go { while isOver.value == 0 { yield() } } }
        try withController { controller in
          let inspector = try Inspector.attach(to: getpid())
          checkEqual(try controller.send(.slow(200)).rate, 200, "the rate")
          usleep(50_000)
          let start = try inspector.snapshot()
          usleep(500_000)
          let end = try inspector.snapshot()
          let (steps, passed) = (
            Int(end.pace!.steps - start.pace!.steps), Double(end.time - start.time) / 1e9
          )
          // A step more at each end, and what the thread made up for when it had no CPU.
          check(
            steps > 0 && Double(steps) <= passed * 200 + 22, "200 a second, found \(steps) in \(passed) s")
          checkEqual(end.pace?.rate, 200, "the rate that is shown")
        }
        isOver.add(1)
      }
    }
  }

  @Test("while the scheduler is held no sleep ends; afterwards the rest of it is slept")
  func sleepers() async {
    await #expect(processExitsWith: .success) {
      inPacedRuntime(procs: 1) {
        let woken = Counter()
        go {
          MPG.sleep(.seconds(2))
          woken.add(1)
        }
        yield()
        try withController { controller in
          try controller.send(.hold)
          usleep(2_500_000)
          checkEqual(woken.value, 0, "sleeps that ended while the scheduler was held")
        }
        blocking { until("the sleep ends") { woken.value == 1 } }
      }
    }
  }

  @Test("a step of a scheduler in which everybody sleeps goes to the next timer")
  func nextTimer() async {
    await #expect(processExitsWith: .success) {
      inPacedRuntime(procs: 1) {
        let woken = Counter()
        go {
          MPG.sleep(.seconds(100))
          woken.add(1)
        }
        yield()
        try withController { controller in
          try controller.send(.hold)
          for _ in 0..<200 where woken.value == 0 { try controller.send(.step(p: nil)) }
          checkEqual(woken.value, 1, "a sleep of 100 s, stepped over")
        }
      }
    }
  }

  @Test("a G that computes on and on is stopped by the signal while the scheduler is held")
  func hogs() async {
    await #expect(processExitsWith: .success) {
      inPacedRuntime(procs: 2) {
        let (isOver, sum) = (Counter(), Counter())
        go { while isOver.value == 0 { sum.add(1) } }
        yield()
        try withController { controller in
          let inspector = try Inspector.attach(to: getpid())
          try controller.send(.hold)
          var state = try inspector.snapshot()
          for _ in 0..<10_000 where state.gs.preempted == 0 {
            usleep(5_000)
            state = try inspector.snapshot()
          }
          checkEqual(state.gs.preempted, 1, "the hog stands still")
          let before = sum.value
          usleep(50_000)
          checkEqual(sum.value, before, "what it counts meanwhile")
        }
        let before = sum.value
        blocking { until("it goes on when the scheduler is free") { sum.value > before } }
        isOver.add(1)
      }
    }
  }

  @Test("the P of a system call is taken when sysmon gets its turn")
  func calls() async {
    await #expect(processExitsWith: .success) {
      inPacedRuntime(procs: 1) {
        let (isOver, turns) = (Counter(), Counter())
        go { blocking { while isOver.value == 0 { usleep(1000) } } }
        go {
          while isOver.value == 0 {
            turns.add(1)
            yield()
          }
        }
        try withController { controller in
          usleep(20_000)
          try controller.send(.hold)
          let before = turns.value
          for _ in 0..<400 where turns.value < before + 3 { try controller.send(.step(p: nil)) }
          check(turns.value >= before + 3, "turns beside a call, found \(turns.value - before)")
          try controller.send(.release)
          checkEqual(
            unsafe Pace.record!.pointee.underWay, 0, "turns that are still under way in a free scheduler")
          isOver.add(1)
        }
      }
    }
  }

  @Test("a second controller is refused with a clear line, and the first one stays")
  func second() async {
    await #expect(processExitsWith: .success) {
      inPacedRuntime(procs: 1) {
        try withController { controller in
          do throws(ControlError) {
            _ = try Controller(try! RegionFolders.standard.target(pid: getpid()))
            check(false, "a refusal")
          } catch {
            checkEqual(
              error, .refused("process \(getpid()) controls this scheduler already"),
              "what the second is told")
          }
          checkEqual(try controller.send(.state).pace, .free, "the first one's connection")
        }
      }
    }
  }

  @Test("a child that is forked while the scheduler is held lives on, and holds nobody")
  func fork() async {
    await #expect(processExitsWith: .success) {
      inPacedRuntime(procs: 2) {
        let (isOver, turns) = (Counter(), Counter())
        go {
          while isOver.value == 0 {
            turns.add(1)
            yield()
          }
        }
        try withController { controller in
          let inspector = try Inspector.attach(to: getpid())
          _ = try heldAtRest(controller, inspector)
          let before = turns.value
          // The child has copies of the sockets for as long as it lives: until it is killed, or for a minute.
          guard let child = forked({ sleep(60) }) else { return check(false, "a child") }
          usleep(20_000)
          checkEqual(turns.value, before, "turns while held")
          check(try controller.send(.step(p: nil)).pace == .held, "held after a step")
          controller.close()
          until("turns after the connection ended") { turns.value > before + 100 }
          checkEqual(waitpid(child, nil, WNOHANG), 0, "the child, which lives")
          kill(child, SIGKILL)
          checkEqual(waitpid(child, nil, 0), child, "the child's end")
        }
        isOver.add(1)
      }
    }
  }

  @Test("without control there is no socket, and the error says what to do")
  func none() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 1, stackKiB: askingStack) {
        do throws(ControlError) {
          _ = try Controller(try! blocking { try RegionFolders.standard.target(pid: getpid()) })
          check(false, "a refusal")
        } catch {
          check("\(error)".contains("MPG_CONTROL=1"), "the cure, found \(error)")
        }
        checkEqual(sched.shared[.pace].relaxed, UInt64(Pacing.none.rawValue), "the pace in the region")
      }
    }
  }
}
