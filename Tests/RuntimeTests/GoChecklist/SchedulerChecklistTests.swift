// Behaviours that Go's own scheduler tests pin and no other suite here did. docs/go-tests.md has the whole
// list.
import CMPG
import Glibc
import Region
import TestSupport
import Testing

@testable import MPG

@Suite("Checklist: scheduler")
struct SchedulerChecklistTests {
  @Test(
    "as many Gs as there are Ps run at one time: each waits for the others without giving way",
    arguments: [2, 4])
  func psRunAtOnce(procs: Int) async {
    await #expect(processExitsWith: .success) { [procs = procs as Int] in
      inRuntime(procs: procs) {
        let turn = Counter()
        let all = WaitGroup()
        all.add(procs)
        for me in 0..<procs {
          go {
            for round in 0..<10 {
              let mine = round * procs + me
              while turn.value != mine { sched_yield() }  // the thread may give up its CPU; the G keeps its P
              turn.add(1)
            }
            all.done()
          }
        }
        all.wait()
        checkEqual(turn.value, 10 * procs, "turns")
      }
    }
  }

  @Test("a G that gives way all the time lets another one end its loop, on one P, also in a task's job")
  func yieldsMakeProgress() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 1) {
        let stop = Counter()
        let ended = Channel<Int>(capacity: 2)
        go {
          while stop.value == 0 { yield() }
          ended.send(1)
        }
        let job = Task(executorPreference: MPG.taskExecutor) {
          let thread = mpg_tid()
          while stop.value == 0 { yield() }
          return mpg_tid() == thread
        }
        for _ in 0..<100 { yield() }
        stop.add(1)
        checkEqual(ended.receive(), 1, "the end of the loop")
        check(MPG.await { await job.value }, "the job to stay on its thread")
      }
    }
  }

  @Test(
    "a timer goes off though Gs keep their P busy: with yields, and with values that they hand each other",
    arguments: [false, true])
  func timersAreFair(withChannels: Bool) async {
    await #expect(processExitsWith: .success) { [withChannels = withChannels as Bool] in
      inRuntime(procs: 1) {
        let stop = Counter()
        let all = WaitGroup()
        all.add(2)
        let (there, back) = (Channel<Int>(), Channel<Int>())
        go {
          while stop.value == 0 {
            if withChannels {
              there.send(1)
              _ = back.receive()
            } else {
              yield()
            }
          }
          there.close()
          all.done()
        }
        go {
          if withChannels {
            for number in there { back.send(number) }
          } else {
            while stop.value == 0 { yield() }
          }
          all.done()
        }
        checkEqual(MPG.after(.milliseconds(2)).receive() != nil, true, "a value of the timer")
        MPG.sleep(.milliseconds(2))
        stop.add(1)
        all.wait()
      }
    }
  }

  @Test("short sleeps end while much longer ones wait, though the kernel was told of those first")
  func earlierTimersBreakTheWait() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 2) {
        for _ in 0..<10 { go { MPG.sleep(.seconds(100_000)) } }
        while waiting(for: .sleep) < 10 { yield() }
        for _ in 0..<50 { MPG.sleep(.milliseconds(2)) }  // the whole process sleeps in between
      }
    }
  }

  @Test("on one P a hog and two Gs that hand each other the P both go on, with preemption")
  func hogAndPingPong() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 1, preemption: true) {
        let (stop, hogged, played) = (Counter(), Counter(), Counter())
        let all = WaitGroup()
        all.add(2)
        let (there, back) = (Channel<Int>(), Channel<Int>())
        go {
          while stop.value == 0 { hogged.add(1) }
          all.done()
        }
        go {
          for number in there { back.send(number) }
          all.done()
        }
        while played.value < 20_000 || hogged.value < 20_000 {
          there.send(1)
          played.add(back.receive() ?? 0)
        }
        stop.add(1)
        there.close()
        all.wait()
      }
    }
  }

  @Test("with as many Ps as there can be every G runs once, and they all come to rest")
  func mostPs() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: Capacity.ps) {
        let counts = Counts(20_000)
        let all = WaitGroup()
        all.add(20_000)
        for name in 0..<20_000 {
          go {
            if name % 7 == 0 { yield() }
            counts.add(name)
            all.done()
          }
        }
        all.wait()
        check(counts.areAll(1), "each G once")
        while Int(sched.shared[.idlePs].ordered) < Capacity.ps - 1 { MPG.sleep(.milliseconds(1)) }
      }
    }
  }

  @Test("a number of Ps that cannot be is refused in one line", arguments: [0, -1, 1025])
  func impossiblePs(procs: Int) async {
    let result = await #expect(processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]) {
      [procs = procs as Int] in
      inRuntime(procs: procs) {}
    }
    let words = standardError(of: result)
    #expect(words.contains("mpg: \(procs) procs; there can be 1 to 1024\n"))
  }

  @Test("the number of live Gs is right when they start, while they wait, and when they have ended")
  func liveGs() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 4) {
        let gate = Channel<Int>()
        checkEqual(statistics().live, 1, "the main G alone")
        for _ in 0..<1000 { go { _ = gate.receive() } }
        checkEqual(statistics().live, 1001, "all of them")
        while waiting(for: .chanReceive) < 1000 { yield() }
        checkEqual(statistics().live, 1001, "all of them, parked")
        gate.close()
        while statistics().live > 1 { yield() }
      }
    }
  }

  @Test("what lies on the stack of a G that is parked, and deep, outlives a collection of stacks")
  func parkedStacksAreLeftAlone() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 2) {
        let (gate, sums) = (Channel<Int>(), Channel<Int>())
        for seed in 0..<20 { go { sums.send(deepSum(100, seed, gate)) } }
        while waiting(for: .chanReceive) < 20 { yield() }
        let before = sched.shared[.gcCycles].acquired
        let burst = Channel<Int>()
        for _ in 0..<2000 { go { _ = burst.receive() } }
        while waiting(for: .chanReceive) < 2020 { yield() }  // each on a stack of its own
        burst.close()
        while sched.shared[.gcCycles].acquired == before { MPG.sleep(.milliseconds(1)) }
        gate.close()
        let found = (0..<20).map { _ in sums.receive() ?? 0 }
        checkEqual(found.sorted(), (0..<20).map { 100 * 101 / 2 + 101 * $0 }, "the sums")
      }
    }
  }
}

/// Calls itself `depth` times and parks at the bottom. On the way back it adds up what each frame has kept.
@inline(never)
private func deepSum(_ depth: Int, _ seed: Int, _ gate: Channel<Int>) -> Int {
  var kept = (depth, seed, depth &* seed)
  return unsafe withUnsafeMutablePointer(to: &kept) { frame in
    let below = depth == 0 ? gate.receive() ?? 0 : deepSum(depth - 1, seed, gate)
    return unsafe below + frame.pointee.0 + frame.pointee.1
  }
}
