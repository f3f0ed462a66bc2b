// Shortages: for a while the system refuses threads, memory or file space, and nothing is lost.
import CFaults
import CMPG
import Glibc
import Region
import TestSupport
import Testing

@testable import MPG

private let forEver: Int64 = 1 << 40

/// Starts Gs that are all parked at once, so that each needs a stack of its own; returns when all have ended.
private func crowd(_ count: Int) {
  let gate = Channel<Void>()
  let all = WaitGroup()
  let arrived = WaitGroup()
  all.add(count)
  arrived.add(count)
  for _ in 0..<count {
    go {
      arrived.done()
      _ = gate.receive()
      all.done()
    }
  }
  arrived.wait()
  gate.close()
  all.wait()
}

private func counted(_ kind: Shortage) -> UInt64 { sched.shared[kind.counter].ordered }

@Suite("Shortages")
struct ShortageTests {
  @Test("while no thread can be started one P does all the work; when one can be, the others join in")
  func threads() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 4) {
        cfault_arm(CFAULT_PTHREAD_CREATE, 1, forEver, EAGAIN)
        let all = WaitGroup()
        let ran = Counter()
        all.add(1000)
        for _ in 0..<1000 {
          go {
            yield()
            ran.add(1)
            all.done()
          }
        }
        all.wait()
        checkEqual(ran.value, 1000, "Gs that ran")
        check(counted(.thread) > 0, "thread shortages counted")
        checkEqual(sched.shared[.spinningMs].ordered, 0, "Ms counted as spinning, though there are none")

        cfault_disarm()
        // Neither G yields, so the other G needs another thread. Nothing else is submitted, so only the
        // second look can start it.
        let met = Counter()
        go { met.add(1) }
        while met.value == 0 { mpg_relax() }
      }
    }
  }

  @Test("on one P, with its thread in a system call, the others wait for a thread and run when there is one")
  func noThreadAtAll() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 1) {
        var ends: [Int32] = [0, 0]
        check(unsafe pipe(&ends) == 0, "a pipe")
        let (end, other) = (ends[0], ends[1])
        let result = Channel<Int>(capacity: 1)
        cfault_arm(CFAULT_PTHREAD_CREATE, 1, 4, EAGAIN)
        go {
          var byte: UInt8 = 0
          result.send(blocking { unsafe read(end, &byte, 1) })
        }
        // From now on, timers wake this G. It needs a thread, and starting that thread fails four times.
        while counted(.thread) < 4 { MPG.sleep(.milliseconds(1)) }
        var byte: UInt8 = 7
        check(unsafe write(other, &byte, 1) == 1, "a byte written")
        checkEqual(result.receive(), 1, "bytes read")
        checkEqual(cfault_disarm(), 4, "threads that were refused")
      }
    }
  }

  @Test(
    "Gs for which there is no stack wait, and have their turn when there is one",
    arguments: [CFAULT_MMAP.rawValue, CFAULT_MADVISE.rawValue])
  func stacks(_ call: UInt32) async {
    await #expect(processExitsWith: .success) { [call = call as UInt32] in
      inRuntime(procs: 2) {
        cfault_arm(cfault_call(rawValue: call), 1, 8, ENOMEM)
        crowd(6_000)  // more than fit into the address space that is reserved at once
        checkEqual(cfault_disarm(), 8, "stacks that were refused")
        // For address space, four amounts are tried before it counts as a shortage.
        check(counted(.stack) >= (call == CFAULT_MMAP.rawValue ? 2 : 8), "stack shortages counted")
        check(!sched.hasStackless, "no G left aside")
        while statistics().live > 1 { yield() }  // the last Gs are about to end
      }
    }
  }

  @Test("of stacks of which some cannot be guarded those that can are used, the others later")
  func someUnguarded() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 1) {
        cfault_arm(CFAULT_MADVISE, 11, 1, ENOMEM)
        crowd(5_000)
        checkEqual(cfault_disarm(), 1, "stacks that were refused")
        checkEqual(counted(.stack), 1, "stack shortages")
        check(!sched.hasStackless, "no G left aside")
      }
    }
  }

  @Test("while no stack can be made at all, Gs run one after another on those that there are")
  func stacksAreHandedOn() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 1) {
        cfault_arm(CFAULT_MADVISE, 1, forEver, ENOMEM)
        let all = WaitGroup()
        let ran = Counter()
        all.add(10_000)
        for _ in 0..<10_000 {
          go {
            ran.add(1)
            yield()  // so that many have begun at once
            all.done()
          }
        }
        all.wait()
        checkEqual(ran.value, 10_000, "Gs that ran")
        check(counted(.stack) > 0, "stack shortages counted")
      }
    }
  }

  @Test("a kernel without guard regions gets guard pages")
  func oldKernel() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 1) {
        cfault_arm(CFAULT_MADVISE, 1, 1, EINVAL)
        crowd(200)
        checkEqual(cfault_disarm(), 1, "refusals")
        checkEqual(counted(.stack), 0, "stack shortages")
      }
    }
  }

  @Test("Gs beyond the room in the region run, unlisted, and it is counted")
  func table() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 2) {
        cfault_arm(CFAULT_FALLOCATE, 1, forEver, ENOSPC)
        crowd(3000)
        check(counted(.region) > 0, "region shortages counted")
        checkEqual(sched.shared[.gListed].relaxed, UInt64(RegionFile.slotBatch), "slots listed")
        while statistics().live > 1 { yield() }  // the last Gs are about to end
      }
    }
  }

  @Test("threads beyond the room in the region are started once there is room")
  func blocksOfMs() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 1) {
        cfault_arm(CFAULT_FALLOCATE, 1, 3, ENOSPC)
        let all = WaitGroup()
        all.add(8)
        for _ in 0..<8 {
          go {
            _ = blocking { usleep(300_000) }  // eight threads at once
            all.done()
          }
        }
        all.wait()
        checkEqual(cfault_disarm(), 3, "refusals")
        checkEqual(counted(.region), 3, "region shortages counted")
      }
    }
  }

  @Test("a shortage is told once, in one line that says what, and why")
  func words() async throws {
    let result = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
      inRuntime(procs: 1) {
        cfault_arm(CFAULT_MADVISE, 1, 5, ENOMEM)
        crowd(200)
        while sched.shortages.isDue { MPG.sleep(.milliseconds(1)) }
      }
    }
    let text = standardError(of: result)
    let lines = text.split(separator: "\n").filter { $0.hasPrefix("mpg: ") }
    #expect(lines == ["mpg: no memory for a further stack (ENOMEM); it is tried again, and nothing is lost"])
  }

  @Test("without threads for itself the runtime gives up in words, after two seconds")
  func boot() async throws {
    let result = await #expect(processExitsWith: .exitCode(1), observing: [\.standardErrorContent]) {
      cfault_arm(CFAULT_PTHREAD_CREATE, 1, forEver, EAGAIN)
      inRuntime(procs: 1) {}
    }
    let text = standardError(of: result)
    #expect(text.contains("mpg: cannot start the runtime's own threads: errno 11; "))
  }
}
