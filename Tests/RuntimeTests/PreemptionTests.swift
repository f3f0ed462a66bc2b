// Preemption: a G that never yields does not stop the others, keeps its thread, and notices nothing.
import CMPG
import Glibc
import Region
import TestSupport
import Testing

@testable import MPG

/// Runs until `stop` is not 0, without a call that could yield. Returns a result, so that the compiler keeps
/// the loop.
@inline(never)
private func spin(until stop: Counter) -> UInt64 {
  var x: UInt64 = 1
  while stop.value == 0 {
    for _ in 0..<100_000 { x = x &* 6_364_136_223_846_793_005 &+ 1 }
  }
  return x
}

@Suite("Preemption")
struct PreemptionTests {
  @Test("on one P, Gs that loop for ever do not keep others from running, and go on where they were")
  func hogsShareOneP() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 1, preemption: true) {
        let stop = Counter()
        let moved = Counter()
        let all = WaitGroup()
        all.add(3)
        for _ in 0..<3 {
          go {
            let thread = mpg_tid()
            check(spin(until: stop) != 0, "a number")
            if mpg_tid() != thread { moved.add(1) }
            all.done()
          }
        }
        for _ in 0..<20 { MPG.sleep(.milliseconds(1)) }
        stop.add(1)
        all.wait()
        checkEqual(moved.value, 0, "hogs that changed their thread")
        check(laneSum(.preempted) > 0, "preemptions")
        checkEqual(laneSum(.preempted), laneSum(.resumed), "preemptions and resumptions")
      }
    }
  }

  @Test("while hogs are preempted, no more Gs run than there are Ps")
  func procsAreKept() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 2, preemption: true) {
        let stop = Counter()
        let all = WaitGroup()
        all.add(6)
        for _ in 0..<6 {
          go {
            check(spin(until: stop) != 0, "a number")
            all.done()
          }
        }
        for _ in 0..<50 {
          MPG.sleep(.milliseconds(1))
          let holders = (0..<Int(sched.shared[.mCount].acquired)).count {
            sched.region.m($0)[.p].acquired != 0
          }
          check(holders <= 2, "at most 2 Ms with a P, found \(holders)")
        }
        stop.add(1)
        all.wait()
      }
    }
  }

  @Test("Gs that are preempted anywhere in malloc stop nobody for good")
  func preemptedInMalloc() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 1, preemption: true) {
        let stop = Counter()
        let all = WaitGroup()
        all.add(4)
        for size in 1...4 {
          go {
            var total = 0
            while stop.value == 0 { total += [UInt8](repeating: 1, count: size * 20_000).count }
            check(total > 0, "allocations")
            all.done()
          }
        }
        for _ in 0..<100 { MPG.sleep(.milliseconds(1)) }
        stop.add(1)
        all.wait()
        check(laneSum(.preempted) > 0, "preemptions")
      }
    }
  }

  @Test("a G that loops over channel operations is preempted on its way out of the runtime")
  func cooperative() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 1, preemption: true) {
        let stop = Counter()
        let done = Channel<Bool>()
        go {
          let box = Channel<Int>(capacity: 1)
          while stop.value == 0 {
            box.send(1)
            _ = box.receive()
          }
          done.send(true)
        }
        for _ in 0..<20 { MPG.sleep(.milliseconds(1)) }
        stop.add(1)
        checkEqual(done.receive(), true, "the looping G's last word")
      }
    }
  }

  @Test(
    "a preempted G that holds a lock which every P waits for inside the runtime is lent time",
    arguments: [1, 2])
  func loans(procs: Int) async {
    await #expect(processExitsWith: .success) { [procs = procs as Int] in
      inRuntime(procs: procs) {
        let lock = ThreadLock()
        let (held, stop, all) = (Counter(), Counter(), WaitGroup())
        all.add(1 + procs)
        go {
          lock.lock()
          held.add(1)
          _ = spin(forMilliseconds: 60)
          lock.unlock()
          all.done()
        }
        while held.value == 0 { MPG.yield() }
        for _ in 0..<procs {
          go {
            // As if the runtime itself needed the lock: in here, nobody can be preempted.
            _ = enterRuntime("a test")
            lock.lock()
            lock.unlock()
            leaveRuntime()
            all.done()
          }
        }
        all.wait()
        stop.add(1)
        checkEqual(laneSum(.preempted), laneSum(.resumed), "preemptions and resumptions")
      }
    }
  }

  @Test("signals that nobody in the runtime sent are forgotten")
  func strays() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 2) {
        let all = WaitGroup()
        all.add(4)
        for _ in 0..<4 {
          go {
            for _ in 0..<500 {
              for m in 0..<Int(sched.shared[.mCount].acquired) {
                mpg_preempt_thread(Int32(truncatingIfNeeded: sched.region.m(m)[.tid].relaxed))
              }
              MPG.yield()
            }
            all.done()
          }
        }
        all.wait()
      }
    }
  }

  @Test(
    "a hog that is stopped again and again, beside two Gs that hand each other the P, keeps nobody waiting")
  func hogBesidePingPong() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 1) {
        let (there, back, stop) = (Channel<Int>(), Channel<Int>(), Counter())
        go { while true { back.send(there.receive() ?? 0) } }
        go {
          while true {
            there.send(1)
            _ = back.receive()
          }
        }
        go { _ = spin(until: stop) }
        for _ in 0..<200 { MPG.yield() }
        stop.add(1)
      }
    }
  }
}

/// A lock of the operating system, like malloc's.
///
/// Safe because: the mutex is never freed.
@safe final class ThreadLock: @unchecked Sendable {
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>

  init() {
    unsafe mutex = .allocate(capacity: 1)
    unsafe pthread_mutex_init(mutex, nil)
  }

  func lock() { unsafe _ = pthread_mutex_lock(mutex) }
  func unlock() { unsafe _ = pthread_mutex_unlock(mutex) }
}

/// Uses the CPU of its thread for this long.
@inline(never)
private func spin(forMilliseconds limit: Int64) -> UInt64 {
  var x: UInt64 = 1
  let start = mpg_thread_cpu(mpg_tid())
  while mpg_thread_cpu(mpg_tid()) - start < limit * 1_000_000 {
    for _ in 0..<10_000 { x = x &* 6_364_136_223_846_793_005 &+ 1 }
  }
  return x
}

/// The sum of a counter over all lanes.
func laneSum(_ field: LaneField) -> UInt64 {
  let ps = (0..<sched.psMade).map { sched.region.lane(p: $0) }
  let ms = (0..<Int(sched.shared[.mCount].acquired)).map { sched.region.lane(m: $0) }
  return (ps + ms).reduce(0) { $0 &+ $1.counters[field].acquired }
}
