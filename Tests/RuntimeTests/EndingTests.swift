// Threads that a burst of system calls has left behind end, and their Ms go on with other threads.
import CMPG
import Glibc
import Region
import TestSupport
import Testing

@testable import MPG

/// Runs in a child process: makes that many Gs be inside `blocking` at one moment, and waits until none is.
private func callAtOnce(_ count: Int) {
  let (inside, done) = (WaitGroup(), WaitGroup())
  inside.add(count)
  done.add(count)
  let gate = UnsafeMutablePointer<UInt32>.allocate(capacity: 1)
  unsafe gate.initialize(to: 0)
  let word = UInt(bitPattern: gate)
  for _ in 0..<count {
    go {
      inside.done()
      blocking {
        while unsafe mpg_futex_wait(UnsafePointer<UInt32>(bitPattern: word), 0, -1) == EINTR {}
      }
      done.done()
    }
  }
  inside.wait()
  while laneSum(.syscalls) - laneSum(.syscallsReturned) - laneSum(.syscallsQueued) < UInt64(count) {
    MPG.sleep(.milliseconds(1))
  }
  unsafe gate.pointee = 1
  unsafe mpg_futex_wake(gate, .max)
  done.wait()
}

private func count(_ state: MState) -> Int {
  var found = 0
  for id in 0..<Int(sched.shared[.mCount].acquired)
  where sched.region.m(id)[.state].acquired == UInt64(state.rawValue) { found += 1 }
  return found
}

@Suite("Threads that end")
struct EndingTests {
  @Test("after 300 system calls at once all but a few threads end, the next burst goes on with their Ms")
  func burst() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 2) {
        let others = (Outside.threads ?? 0) - statistics().threads
        for _ in 0..<2 {
          callAtOnce(300)
          check(statistics().threads >= 300, "300 threads, found \(statistics().threads)")
          let kept = sched.idleMsKept + 3 + 2  // plus the runtime's own, and those that hold Ps
          var rounds = 0
          while statistics().threads > kept || (Outside.threads ?? 0) > kept + others {
            MPG.sleep(.milliseconds(20))
            rounds += 1
            check(rounds < 3_000, "at most \(kept) threads, found \(statistics().threads)")
          }
          check(statistics().threads > 3, "the runtime to have threads left")
          check(count(.exited) > 250, "the others to say that they have left")
        }
        check(
          sched.shared[.mCount].acquired < 400, "Ms to be used again, found \(sched.shared[.mCount].acquired)"
        )
        checkAllEnded()
      }
    }
  }

  @Test("a deadlock is reported though threads have ended, and none while they have not")
  func deadlock() async {
    let result = await #expect(processExitsWith: .exitCode(2), observing: [\.standardErrorContent]) {
      inRuntime(procs: 2) {
        callAtOnce(50)
        while statistics().threads > sched.idleMsKept + 5 { MPG.sleep(.milliseconds(20)) }
        _ = Channel<Int>().receive()
      }
    }
    let text = standardError(of: result)
    #expect(text.contains("mpg: all goroutines are asleep: deadlock"))
  }

  @Test("while threads end and begin all the time no call is lost")
  func churn() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 2) {
        let ended = Counter()
        for _ in 0..<20 {
          callAtOnce(40)
          // Do what the gc thread does, without its patience. Meanwhile only this M may act in its place.
          ended.add(endIdleMsNow())
        }
        check(ended.value > 200, "threads to end, found \(ended.value)")
        checkAllEnded()
      }
    }
  }
}

/// Runs in a child process, in a G: makes all idle Ms but a few end; returns how many.
private func endIdleMsNow() -> Int {
  let m = enterRuntime("a test")
  defer { leaveRuntime() }
  sched.watchIdleMs()
  return sched.endIdleMs(by: m).ended
}
