// Swift actors whose jobs run on our Ps, and the error for actors whose jobs do not.
import Glibc
import Region
import Synchronization
import TestSupport
import Testing

@testable import MPG

private actor Till {
  private let executor = MPG.ActorExecutor()
  nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe executor.asUnownedSerialExecutor() }
  private(set) var sum = 0
  private var isInside = false

  /// Parks while the job holds the actor.
  func take(_ channel: Channel<Int>) {
    check(!isInside, "one job at a time")
    check(M.current?.g?.status.kind == .task, "to be on a G of kind task")
    isInside = true
    let before = pthread_self()
    sum += channel.receive() ?? 0
    check(pthread_self() == before, "a job to stay on its thread")
    isInside = false
  }

  func add(_ number: Int) { sum += number }
}

/// An actor without an executor of its own.
private actor Plain {
  func take(_ channel: Channel<Int>) { _ = channel.receive() }
}

@Suite("Actors on our Ps")
struct ActorExecutorTests {
  @Test(
    "the jobs of an actor with our executor run as Gs, one at a time, and may park, whoever calls",
    arguments: [1, 2, 4]
  )
  func jobsPark(procs: Int) async {
    await #expect(processExitsWith: .success) { [procs = procs as Int] in
      inRuntimeWithTasks(procs: procs) {
        let (till, channel, rounds) = (Till(), Channel<Int>(), 200)
        go { for _ in 0..<3 * rounds { channel.send(1) } }
        MPG.await {
          await withTaskGroup { group in
            group.addTask { for _ in 0..<rounds { await till.take(channel) } }
            group.addTask(executorPreference: MPG.taskExecutor) {
              for _ in 0..<rounds { await till.take(channel) }
            }
            group.addTask {
              for _ in 0..<rounds {
                await withTaskExecutorPreference(MPG.taskExecutor) { await till.take(channel) }
              }
            }
          }
        }
        checkEqual(MPG.await { await till.sum }, 3 * rounds, "the sum")
        while sched.shared[.tasksCreated].relaxed != sched.shared[.tasksExited].relaxed {
          MPG.sleep(.milliseconds(1))
        }
      }
    }
  }

  @Test("10,000 jobs of 100 tasks are each run once", arguments: [1, 4])
  func noneIsLost(procs: Int) async {
    await #expect(processExitsWith: .success) { [procs = procs as Int] in
      inRuntimeWithTasks(procs: procs) {
        let till = Till()
        MPG.await {
          await withTaskGroup { group in
            for number in 0..<100 { group.addTask { for _ in 0..<100 { await till.add(number) } } }
          }
        }
        checkEqual(MPG.await { await till.sum }, 4950 * 100, "the sum")
      }
    }
  }

  @Test("a channel in a job of another actor ends the process with words that say what to do")
  func plainActor() async {
    let result = await #expect(processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]) {
      inRuntimeWithTasks(procs: 2) {
        let (plain, channel) = (Plain(), Channel<Int>())
        MPG.await { await Task.detached { await plain.take(channel) }.value }
      }
    }
    let words = standardError(of: result)
    #expect(
      words.contains("mpg: Channel.receive was called outside of a G, in a job that a task or an actor runs"))
    #expect(words.contains("MPG.ActorExecutor"))
  }

  @Test("and on a thread of somebody else's, that it is none of ours")
  func foreignThread() async {
    let result = await #expect(processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]) {
      inRuntimeWithTasks(procs: 2) {
        withThreads(1) { _ in Channel<Int>().close() }
      }
    }
    let words = standardError(of: result)
    #expect(
      words.contains(
        "mpg: Channel.close was called outside of a G, on a thread that is none of the scheduler's"))
  }
}
