// Goroutines and Swift's own concurrency: a G awaits an async function, and async code runs a G.
// ExecutorTests has the third part, tasks on our Ps.
import Glibc
import Region
import Synchronization
import TestSupport
import Testing

@testable import MPG

struct Refused: Error, Equatable { let number: Int }

/// Sleeps, and ends at the latest when its task is cancelled.
func sleepForAges() async throws(CancellationError) {
  do { try await Task.sleep(for: .seconds(100_000)) } catch { throw CancellationError() }
}

/// Runs in a child process: like `inRuntime`, for a body that uses Swift's thread pool. The pool's threads
/// were the harness's, and count as bystanders until now; the body makes them part of the program.
func inRuntimeWithTasks(procs: Int, _ body: sending @escaping () throws -> Void)
  -> Never
{
  inRuntime(procs: procs) {
    unsafe Outside.bystanders = 0
    try body()
  }
}

/// The number of Gs that wait for `reason` now, as readers of the region see it.
func waiting(for reason: WaitReason) -> Int {
  (0..<Int(sched.shared[.gSlots].acquired)).count { slot in
    let status = GStatus(word: G(slot: UInt32(slot)).shared[.status].acquired)
    return status.state == .waiting && status.reason == reason
  }
}

@Suite("A G awaits an async function")
struct AwaitTests {
  @Test("10,000 awaits of 100 Gs all come back with their value", arguments: [1, 2, 4])
  func valuesArrive(procs: Int) async {
    await #expect(processExitsWith: .success) { [procs = procs as Int] in
      inRuntimeWithTasks(procs: procs) {
        let counts = Counts(10_000)
        let all = WaitGroup()
        all.add(100)
        for first in 0..<100 {
          go {
            for round in 0..<100 {
              let number = first * 100 + round
              let back = MPG.await {
                if number % 3 == 0 { await Task.yield() }
                return number
              }
              counts.add(back)
            }
            all.done()
          }
        }
        all.wait()
        check(counts.areAll(1), "each value once")
        checkEqual(waiting(for: .await), 0, "Gs that still wait")
      }
    }
  }

  @Test("it parks the G, for the reason await, and neither thread nor P")
  func onlyTheGWaits() async {
    await #expect(processExitsWith: .success) {
      inRuntimeWithTasks(procs: 1) {
        let (numbers, source) = AsyncStream.makeStream(of: Int.self)
        let sum = Channel<Int>()
        go { sum.send(MPG.await { await numbers.reduce(0, +) }) }
        while waiting(for: .await) == 0 { yield() }
        for number in 1...10 { source.yield(number) }
        source.finish()
        checkEqual(sum.receive(), 55, "the sum")
      }
    }
  }

  @Test("what the function throws comes out, with its type")
  func errors() async {
    await #expect(processExitsWith: .success) {
      inRuntimeWithTasks(procs: 2) {
        do throws(Refused) {
          try MPG.await { () async throws(Refused) in throw Refused(number: 7) }
          check(false, "an error")
        } catch {
          checkEqual(error.number, 7, "the error's number")
        }
      }
    }
  }

  @Test(
    "cancelling the G's scope cancels the task; the G waits for what the task makes of it",
    arguments: [1, 2, 4])
  func cancellation(procs: Int) async {
    await #expect(processExitsWith: .success) { [procs = procs as Int] in
      inRuntimeWithTasks(procs: procs) {
        let ends = Channel<Int>()
        withCancellation { scope in
          for _ in 0..<50 {
            go {  // a G that gives up
              do { try MPG.await(sleepForAges) } catch { ends.send(1) }
            }
            go {  // a G that gets a result all the same
              ends.send(MPG.await { (try? await sleepForAges()) == nil ? 2 : 0 })
            }
          }
          while waiting(for: .await) < 100 { MPG.sleep(.milliseconds(1)) }
          scope.cancel()
          checkEqual((0..<100).reduce(0) { sum, _ in sum + (ends.receive() ?? 0) }, 150, "the ends")
        }
      }
    }
  }

  @Test(
    "a G that is cancelled already runs the function in a cancelled task, and a race ends one way or the other"
  )
  func cancelledAlready() async {
    await #expect(processExitsWith: .success) {
      inRuntimeWithTasks(procs: 2) {
        let ends = Counter()
        let all = WaitGroup()
        for round in 0..<500 {
          all.add(1)
          go {
            withCancellation { scope in
              go { scope.cancel() }
              if round % 2 == 0 { yield() }
              let slept = MPG.await { () async -> Bool in
                await Task.yield()
                return (try? await sleepForAges()) != nil
              }
              check(!slept, "a sleep that is cut off")
            }
            ends.add(1)
            all.done()
          }
        }
        all.wait()
        checkEqual(ends.value, 500, "ends")
      }
    }
  }

  @Test("outside of a G, and inside blocking, one line says so", arguments: [false, true])
  func misuse(inBlocking: Bool) async throws {
    let folder = try TemporaryFolder(on: .disk)
    let result = await #expect(processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]) {
      [inBlocking = inBlocking as Bool, path = folder.path as String] in
      TemporaryFolder.useForRegions(path)
      if !inBlocking { MPG.await {} }
      inRuntimeWithTasks(procs: 1) { blocking { MPG.await {} } }
    }
    let words = standardError(of: result)
    #expect(words.contains("mpg: MPG.await was called \(inBlocking ? "inside blocking" : "outside of a G")"))
  }
}

@Suite("Async code runs a G")
struct RunTests {
  @Test(
    "10,000 runs from 100 tasks of Swift's own pool are 10,000 Gs",
    arguments: [1, 2, 4])
  func valuesArrive(procs: Int) async {
    await #expect(processExitsWith: .success) { [procs = procs as Int] in
      inRuntimeWithTasks(procs: procs) {
        let before = laneSum(.created)
        let counts = Counts(10_000)
        MPG.await {
          await withTaskGroup { group in
            for first in 0..<100 {
              group.addTask {
                for round in 0..<100 {
                  counts.add(
                    await MPG.run {
                      yield()
                      check(M.current?.g != nil, "to be on a G")
                      return first * 100 + round
                    })
                }
              }
            }
          }
        }
        check(counts.areAll(1), "each value once")
        checkEqual(laneSum(.created) - before, 10_000, "Gs made")
      }
    }
  }

  @Test("what the G throws comes out, with its type")
  func errors() async {
    await #expect(processExitsWith: .success) {
      inRuntimeWithTasks(procs: 2) {
        let number = MPG.await {
          do throws(Refused) {
            return try await MPG.run { () throws(Refused) -> Int in throw Refused(number: 8) }
          } catch { return error.number }
        }
        checkEqual(number, 8, "the error's number")
      }
    }
  }

  @Test("cancelling the task cancels the G's scope, and the Gs that it started", arguments: [1, 2, 4])
  func cancellation(procs: Int) async {
    await #expect(processExitsWith: .success) { [procs = procs as Int] in
      inRuntimeWithTasks(procs: procs) {
        let ends = Channel<Int>(capacity: 100)
        let tasks = (0..<50).map { _ in
          Task.detached {
            try await MPG.run {
              go {
                do { try MPG.sleepOrCancelled(.seconds(1000)) } catch { ends.send(1) }
              }
              try MPG.sleepOrCancelled(.seconds(1000))
            }
          }
        }
        while waiting(for: .sleep) < 100 { MPG.sleep(.milliseconds(1)) }
        for task in tasks { task.cancel() }
        for task in tasks {
          let result = MPG.await { await task.result }
          check(throws: CancellationError.self, result)
        }
        checkEqual((0..<50).reduce(0) { sum, _ in sum + (ends.receive() ?? 0) }, 50, "Gs below that ended")
      }
    }
  }

  @Test(
    "a task that was cancelled before runs the G in a cancelled scope, and its end cancels the Gs that it left"
  )
  func scopes() async {
    await #expect(processExitsWith: .success) {
      inRuntimeWithTasks(procs: 2) {
        let left = Channel<Bool>(capacity: 1)
        let wasCancelled = MPG.await {
          await Task.detached {
            unsafe withUnsafeCurrentTask { unsafe $0?.cancel() }
            return await MPG.run { isCancelled }
          }.value
        }
        check(wasCancelled, "a cancelled scope")
        MPG.await {
          await MPG.run {
            go { left.send((try? MPG.sleepOrCancelled(.seconds(1000))) == nil) }
          }
        }
        checkEqual(left.receive(), true, "the cut of the sleep")
      }
    }
  }

  @Test("a G that waits for a thread outside, which is busy elsewhere, is no deadlock")
  func noDeadlock() async {
    await #expect(processExitsWith: .success) {
      inRuntimeWithTasks(procs: 2) {
        let word = Channel<Int>()
        Task.detached {
          usleep(600_000)
          await MPG.run { word.send(1) }
        }
        checkEqual(word.receive(), 1, "the word")
        Task.detached {
          try await Task.sleep(for: .milliseconds(600))
          await MPG.run { word.send(2) }
        }
        checkEqual(word.receive(), 2, "the second word")
      }
    }
  }

  @Test("while no scheduler runs, one line says so", arguments: [false, true])
  func misuse(onExecutor: Bool) async {
    let result = await #expect(processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]) {
      [onExecutor = onExecutor as Bool] in
      if onExecutor { await Task(executorPreference: MPG.taskExecutor) {}.value }
      await MPG.run {}
    }
    let words = standardError(of: result)
    #expect(
      words.contains("mpg: MPG.\(onExecutor ? "taskExecutor" : "run") was used while no scheduler runs"))
  }
}

/// Runs in a child process: ends the child unless `result` is an error of that type.
func check<Success, Wanted: Error>(throws type: Wanted.Type, _ result: Result<Success, any Error>) {
  if case .failure(let error) = result, error is Wanted { return }
  check(false, "\(type) to be thrown, found \(result)")
}
