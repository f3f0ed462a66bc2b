// Threads that sleep in the kernel without having announced a system call: their P goes on, and their calls
// are not cut short. Also what the preemption signal does to system calls, and to library code that holds
// locks.
import CFaults
import CMPG
import Glibc
import Region
import TestSupport
import Testing

@testable import MPG

@Suite("Drift")
struct DriftTests {
  @Test(
    "a G that sleeps in the kernel outside of blocking does not hold up its P, and sleeps as long as it wants"
  )
  func rawSleep() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 1) {
        let (result, turns) = (Channel<(Int32, Int)>(), Counter())
        go {
          let before = turns.value
          var time = timespec(tv_sec: 0, tv_nsec: 400_000_000)
          let code = unsafe nanosleep(&time, nil)
          result.send((code, turns.value - before))
        }
        go {
          while true {
            MPG.sleep(.milliseconds(1))
            turns.add(1)
          }
        }
        guard let (code, others) = result.receive() else { return }
        checkEqual(code, 0, "the result of nanosleep")
        // If sysmon did not see the sleep, it would send its signal after 40 ms at the earliest, and the
        // others would wait as long.
        check(others > 20, "turns of another G meanwhile, found \(others)")
        check(laneSum(.syscalls) > 0, "the sleep to be counted as a system call")
        checkEqual(
          laneSum(.syscalls), laneSum(.syscallsReturned) + laneSum(.syscallsQueued), "calls and returns")
      }
    }
  }

  @Test("what was adrift and computes without end is stopped, and Gs never run on more than the Ps for long")
  func computesAfterSleep() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 1) {
        let (stop, all) = (Counter(), WaitGroup())
        all.add(3)
        for _ in 0..<3 {
          go {
            while stop.value == 0 {
              usleep(5_000)
              compute(microseconds: 20_000)
            }
            all.done()
          }
        }
        for _ in 0..<100 { MPG.sleep(.milliseconds(1)) }
        stop.add(1)
        all.wait()
        checkEqual(laneSum(.preempted), laneSum(.resumed), "preemptions and resumptions")
        checkEqual(
          laneSum(.syscalls), laneSum(.syscallsReturned) + laneSum(.syscallsQueued), "calls and returns")
      }
    }
  }

  @Test("where everybody waits for a lock of the system's, the G that was stopped with it goes on at once")
  func convoy() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 2) {
        let lock = ThreadLock()
        let (all, rounds) = (WaitGroup(), Counter())
        all.add(12)
        for _ in 0..<12 {
          go {
            for _ in 0..<15 {
              lock.lock()
              compute(microseconds: 2_000)
              lock.unlock()
              rounds.add(1)
            }
            all.done()
          }
        }
        all.wait()
        checkEqual(rounds.value, 180, "rounds")
        check(laneSum(.syscalls) > 0, "threads that waited for the lock to lose their P")
        checkEqual(laneSum(.preempted), laneSum(.resumed), "preemptions and resumptions")
      }
    }
  }

  @Test("though no thread can be started, a G that was stopped with a lock goes on when another waits for it")
  func convoyWithoutThreads() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 1) {
        let (lock, held, all) = (ThreadLock(), Counter(), WaitGroup())
        all.add(3)
        // Makes the runtime start a spare thread.
        go {
          while laneSum(.preempted) == 0 { compute(microseconds: 1_000) }
          all.done()
        }
        while laneSum(.preempted) == 0 { MPG.sleep(.milliseconds(1)) }
        cfault_arm(CFAULT_PTHREAD_CREATE, 1, 1 << 40, EAGAIN)
        go {
          lock.lock()
          held.add(1)
          compute(microseconds: 60_000)
          lock.unlock()
          all.done()
        }
        go {
          while held.value == 0 { MPG.yield() }
          lock.lock()
          lock.unlock()
          all.done()
        }
        all.wait()
        checkEqual(laneSum(.preempted), laneSum(.resumed), "preemptions and resumptions")
      }
    }
  }

  @Test("no call in blocking is cut short by preemption, and others run while it lasts")
  func callsAreNotCutShort() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 1) {
        let (stop, short) = (Counter(), Counter())
        let done = WaitGroup()
        done.add(1)
        go {
          for round in 0..<60 {
            MPG.sleep(.milliseconds(1))
            compute(microseconds: Int64(1000 + round * 20))  // about the moment of the request
            blocking {
              var time = timespec(tv_sec: 0, tv_nsec: 10_000_000)
              if unsafe nanosleep(&time, nil) != 0 { short.add(1) }
            }
          }
          done.done()
        }
        go {
          while stop.value == 0 {
            compute(microseconds: 200)
            MPG.yield()
          }
        }
        done.wait()
        stop.add(1)
        checkEqual(short.value, 0, "calls that were cut short")
      }
    }
  }

  @Test("a hog that never leaves a library with locks is stopped all the same")
  func hogInLibc() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 1) {
        let (stop, ended) = (Counter(), Counter())
        go {
          let size = 64 << 20
          let memory = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 4096)
          defer { unsafe memory.deallocate() }
          let limit = cpuNanoseconds() + 20_000_000_000
          while stop.value == 0, cpuNanoseconds() < limit { unsafe memset(memory, Int32(stop.value), size) }
          ended.add(1)
        }
        for _ in 0..<20 { MPG.sleep(.milliseconds(1)) }
        checkEqual(ended.value, 0, "ends of the hog before 20 sleeps were over")
        stop.add(1)
        while ended.value == 0 { MPG.yield() }
      }
    }
  }

  @Test("a thread that sleeps inside the runtime keeps its P: there it would be missed")
  func insideIsLeftAlone() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 1) {
        go { MPG.yield() }
        _ = enterRuntime("a test")
        usleep(100_000)
        leaveRuntime()
        checkEqual(laneSum(.syscalls), 0, "system calls")
      }
    }
  }
}
