// The scheduler as an executor of Swift tasks. Jobs are Gs of kind task, and may park. After the park, the
// thread, the current task and the open accesses are the same as before.
import CMPG
import Glibc
import Region
import Synchronization
import TestSupport
import Testing

@testable import MPG

private enum Local { @TaskLocal static var number = 0 }

/// Accesses to its property are checked at run time.
private final class Box: @unchecked Sendable {
  // Safe because: each box is used by one task.
  var value = 0
}

private actor Till {
  private(set) var sum = 0
  /// Parks while the job holds the actor.
  func take(_ channel: Channel<Int>) -> Bool {
    guard let number = channel.receive() else { return false }
    sum += number
    return true
  }
}

/// Parks while the caller's access to `target` is open.
@inline(never)
private func add(_ channel: Channel<Int>, to target: inout Int) -> Bool {
  guard let number = channel.receive() else { return false }
  target += number
  return true
}

/// The kind and the name of the running G, as the region has them.
private var myself: (kind: GKind?, name: String) {
  guard let g = M.current?.g else { return (nil, "no G") }
  return (g.status.kind, g.entryName)
}

/// The address of the task that Swift's runtime believes to run on this thread.
private var currentTask: Int { unsafe withUnsafeCurrentTask { unsafe $0?.hashValue ?? 0 } }

@Suite("Tasks on our Ps")
struct ExecutorTests {
  @Test("10,000 tasks run as Gs of kind task, each job one", arguments: [1, 2, 4])
  func tasksRun(procs: Int) async {
    await #expect(processExitsWith: .success) { [procs = procs as Int] in
      inRuntimeWithTasks(procs: procs) {
        let tasks = hasThreadSanitizer ? 2000 : 10_000  // the thread sanitizer bears some 8,000 Gs
        let counts = Counts(tasks)
        let all = WaitGroup()
        all.add(tasks)
        for number in 0..<tasks {
          Task(executorPreference: MPG.taskExecutor) {
            check(myself == (.task, "Task"), "a G of kind task, named Task; found \(myself)")
            await Task.yield()
            // A foreign thread resumes the task after this sleep.
            if number % 100 == 0 { try await Task.sleep(for: .microseconds(number)) }
            check(myself == (.task, "Task"), "a G of kind task again")
            counts.add(number)
            all.done()
          }
        }
        all.wait()
        check(counts.areAll(1), "each task once")
        while sched.shared[.tasksCreated].acquired != sched.shared[.tasksExited].acquired { yield() }
        let jobs = sched.shared[.tasksCreated].acquired
        check(jobs >= UInt64(2 * tasks + tasks / 100), "at least two jobs of each task")
      }
    }
  }

  @Test("a job may do all that a G may, and goes on on its thread as its task", arguments: [1, 2, 4])
  func jobsPark(procs: Int) async {
    await #expect(processExitsWith: .success) { [procs = procs as Int] in
      inRuntimeWithTasks(procs: procs) {
        let (there, back) = (Channel<Int>(), Channel<Int>())
        let (mutex, turns) = (MPG.Mutex(), Counter())
        let tasks = (0..<8).map { name in
          Task(executorPreference: MPG.taskExecutor) {
            await Local.$number.withValue(name) {
              for round in 0..<100 {
                let (thread, task) = (mpg_tid(), currentTask)
                back.send((there.receive() ?? 0) + 1)
                if round % 10 == name { MPG.sleep(.microseconds(100)) }
                if round % 10 == 5 { yield() }
                if round % 25 == 7 { blocking { _ = usleep(1000) } }
                mutex.withLock { turns.add(1) }
                check(mpg_tid() == thread && currentTask == task && task != 0, "the same thread and task")
                checkEqual(Local.number, name, "the task-local")
                await Task.yield()
                check(currentTask == task, "the same task")
              }
            }
          }
        }
        go { for number in 0..<800 { there.send(number) } }
        var sum = 0
        for _ in 0..<800 { sum += back.receive() ?? 0 }
        checkEqual(sum, 800 * 801 / 2, "the sum")
        for task in tasks { MPG.await { await task.value } }
        checkEqual(turns.value, 800, "turns")
        checkEqual(currentTask == 0 || M.current?.id == 0, true, "no task to be left behind on a worker")
      }
    }
  }

  @Test("accesses that a job has open over a park close, and those of others on the way are not disturbed")
  func accessesSurviveParks() async {
    await #expect(processExitsWith: .success) {
      inRuntimeWithTasks(procs: 2) {
        let channels = (0..<16).map { _ in Channel<Int>() }
        let tasks = channels.map { channel in
          Task(executorPreference: MPG.taskExecutor) {
            let (box, other) = (Box(), Box())
            while add(channel, to: &box.value) {
              other.value += 1
              await Task.yield()
            }
            return box.value == 2 * other.value
          }
        }
        for _ in 0..<100 { for channel in channels { channel.send(2) } }
        for channel in channels { channel.close() }
        for task in tasks { check(MPG.await { await task.value }, "all additions") }
      }
    }
  }

  @Test("a job that accesses what it has open already is stopped, also after a park")
  func conflictsAreFound() async throws {
    let folder = try TemporaryFolder(on: .disk)
    let result = await #expect(processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]) {
      [path = folder.path as String] in
      TemporaryFolder.useForRegions(path)
      inRuntimeWithTasks(procs: 1) {
        let (box, channel) = (Box(), Channel<Int>())
        let task = Task(executorPreference: MPG.taskExecutor) {
          conflict(&box.value, with: box, after: channel)
        }
        channel.send(1)
        MPG.await { await task.value }
      }
    }
    let words = standardError(of: result)
    #expect(words.contains("imultaneous access"))
  }

  @Test(
    "child tasks run on our Ps too, and an actor that parks is entered by nobody else", arguments: [1, 2, 4])
  func groupsAndActors(procs: Int) async {
    await #expect(processExitsWith: .success) { [procs = procs as Int] in
      inRuntimeWithTasks(procs: procs) {
        let (till, channel) = (Till(), Channel<Int>(capacity: 4))
        go {
          for number in 1...400 { channel.send(number) }
          channel.close()
        }
        let sum = MPG.await {
          await withTaskExecutorPreference(MPG.taskExecutor) {
            await withTaskGroup { group in
              for _ in 0..<4 {
                group.addTask {
                  check(myself.kind == .task, "a child task on our Ps")
                  while await till.take(channel) {}
                }
              }
            }
            async let sum = till.sum
            return await sum
          }
        }
        checkEqual(sum, 400 * 401 / 2, "the sum")
      }
    }
  }

  @Test("tasks, Gs and Swift's own pool may wait for each other in any order", arguments: [1, 2, 4])
  func nesting(procs: Int) async {
    await #expect(processExitsWith: .success) { [procs = procs as Int] in
      inRuntimeWithTasks(procs: procs) {
        let all = WaitGroup()
        all.add(20)
        for start in 0..<20 {
          go {
            let ours = Task(executorPreference: MPG.taskExecutor) {
              let inG = await MPG.run { MPG.await { await Task.detached { start + 1 }.value } }
              let inJob = MPG.await { await MPG.run { inG + 1 } }  // keeps the job's thread meanwhile
              return await Task(executorPreference: MPG.taskExecutor) { inJob + 1 }.value
            }
            checkEqual(MPG.await { await ours.value }, start + 3, "the value")
            all.done()
          }
        }
        all.wait()
      }
    }
  }

  @Test("a task that hogs its P is preempted, and others go on")
  func hogs() async {
    await #expect(processExitsWith: .success) {
      inRuntimeWithTasks(procs: 1) {
        let stop = Counter()
        let tasks = (0..<3).map { _ in
          Task(executorPreference: MPG.taskExecutor) {
            var (turns, thread) = (0, mpg_tid())
            while stop.value == 0 {
              turns &+= 1
              if turns % 1_000_000 == 0 { yield() }  // enters the runtime too
              check(mpg_tid() == thread, "the same thread")
              thread = mpg_tid()
            }
            return turns
          }
        }
        for _ in 0..<20 { MPG.sleep(.milliseconds(1)) }
        stop.add(1)
        for task in tasks { check(MPG.await { await task.value } > 0, "turns") }
        checkEqual(laneSum(.preempted), laneSum(.resumed), "preemptions and resumptions")
      }
    }
  }

  // Only a few tasks at a time. Preemption may stop a G inside malloc, and a burst that makes the runtime's
  // pools grow needs malloc's lock (Preempt §6).
  @Test("with preemption, beside a hog, Gs await, tasks run Gs, and jobs park")
  func preemption() async {
    await #expect(processExitsWith: .success) {
      inRuntimeWithTasks(procs: 1) {
        let (stop, turns) = (Counter(), Counter())
        let hogs = WaitGroup()
        hogs.add(1)
        go {
          while stop.value == 0 { turns.add(1) }
          hogs.done()
        }
        let channel = Channel<Int>()
        var number = 0
        while number < 10 || laneSum(.preempted) == 0 {
          let sent = number
          number += 1
          let job = Task(executorPreference: MPG.taskExecutor) {
            await MPG.run { sent } + (channel.receive() ?? 0)
          }
          channel.send(sent)
          checkEqual(MPG.await { await job.value }, 2 * sent, "the value")
        }
        stop.add(1)
        hogs.wait()
        checkEqual(laneSum(.preempted), laneSum(.resumed), "preemptions and resumptions")
      }
    }
  }

  @Test("a task is cancelled while its job is parked: the job goes on, as in any task")
  func cancellation() async {
    await #expect(processExitsWith: .success) {
      inRuntimeWithTasks(procs: 1) {
        let channel = Channel<Int>()
        let task = Task(executorPreference: MPG.taskExecutor) {
          let number = channel.receive()
          return Task.isCancelled ? number : nil
        }
        while waiting(for: .chanReceive) == 0 { yield() }
        task.cancel()
        channel.send(5)
        checkEqual(MPG.await { await task.value }, 5, "the number, in a cancelled task")
      }
    }
  }

  @Test("jobs that park hold up threads, not Ps, and give the threads back")
  func threadsComeBack() async {
    await #expect(processExitsWith: .success) {
      inRuntimeWithTasks(procs: 2) {
        let gate = Channel<Int>()
        for _ in 0..<3 {
          let tasks = (0..<40).map { _ in Task(executorPreference: MPG.taskExecutor) { gate.receive() ?? 0 } }
          while waiting(for: .chanReceive) < 40 { MPG.sleep(.milliseconds(1)) }
          for number in 0..<40 { gate.send(number) }
          var sum = 0
          for task in tasks { sum += MPG.await { await task.value } }
          checkEqual(sum, 780, "the sum")
        }
        // 40 homes, 2 Ms that went on, the runtime's own, and the lent M. The later rounds used the homes of
        // the first.
        check(
          sched.shared[.mCount].acquired <= 52, "no more than 52 Ms, found \(sched.shared[.mCount].acquired)")
      }
    }
  }
}

/// Parks, then reads the property to which the caller's access is open.
@inline(never)
private func conflict(_ target: inout Int, with box: Box, after channel: Channel<Int>) {
  target += channel.receive() ?? 0
  target += box.value
}
