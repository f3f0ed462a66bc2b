// Slices: no G keeps a P by making calls, by handing over, or by yielding. The tests count turns instead of
// time, so a busy machine makes no difference.
import CMPG
import Glibc
import Region
import TestSupport
import Testing

@testable import MPG

@Suite("Slices")
struct SliceTests {
  @Test("a G that computes and makes short system calls in turn is stopped like one that only computes")
  func callsEndNoSlice() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 1) {
        let (stop, ended) = (Counter(), Counter())
        go {
          let limit = cpuNanoseconds() + 5_000_000_000
          while stop.value == 0, cpuNanoseconds() < limit {
            compute(microseconds: 300)
            blocking { _ = getppid() }
          }
          ended.add(1)
        }
        for _ in 0..<20 { MPG.sleep(.milliseconds(1)) }
        checkEqual(ended.value, 0, "ends of the other G before 20 sleeps were over")
        stop.add(1)
      }
    }
  }

  @Test("two Gs that hand each other the P share one slice, and do not keep the LRQ waiting")
  func runnextInheritsTheSlice() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 1) {
        let (there, back, legs, turns) = (Channel<Int>(), Channel<Int>(), Counter(), Counter())
        go { while let leg = there.receive() { pass(leg, to: back, legs) } }
        go { while let leg = back.receive() { pass(leg, to: there, legs) } }
        there.send(0)
        let victims = 10
        for _ in 0..<victims {
          go {
            while true {
              MPG.sleep(.milliseconds(1))
              turns.add(1)
            }
          }
        }
        while legs.value < 400 { MPG.sleep(.milliseconds(1)) }
        // If slices were not inherited, the LRQ would get one turn in 61 legs.
        check(turns.value > 400, "more turns of the sleepers than legs of the pair, found \(turns.value)")
      }
    }
  }

  @Test("a G that is started from runnext has no slice of its own; others have")
  func sliceNumbers() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 1, preemption: false) {
        let box = Channel<UInt64>()
        func slice() -> UInt64 {
          defer { leaveRuntime() }
          return enterRuntime("test").p.slice
        }
        let before = slice()
        go { box.send(slice()) }
        checkEqual(box.receive(), before, "the slice of the G that was readied")
        MPG.yield()
        check(slice() > before, "a new slice after a turn in the LRQ")
      }
    }
  }

  @Test("Gs that yield do not keep the GRQ and the network waiting: a busy P looks there by time")
  func yieldersShare() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 1) {
        let (stop, yields, worst) = (Counter(), Counter(), Counter())
        let (pipes, all) = (try (0..<20).map { _ in try Pipe() }, WaitGroup())
        let written = pipes.map { _ in Counter() }  // the number of yields when the last byte was written
        all.add(pipes.count)
        for _ in 0..<10 {
          go {
            while stop.value == 0 {
              compute(microseconds: 300)
              yields.add(1)
              MPG.yield()
            }
          }
        }
        for (pipe, written) in zip(pipes, written) {
          go {
            while try pipe.read() == 1 { worst.raise(to: yields.value - written.value) }
            all.done()
          }
        }
        while yields.value < 100 { MPG.yield() }
        for _ in 0..<10 {
          for (pipe, written) in zip(pipes, written) {
            written.set(yields.value)
            pipe.write(1)
          }
          let next = yields.value + 200
          while yields.value < next { MPG.yield() }
        }
        for pipe in pipes { pipe.write(0) }
        all.wait()
        stop.add(1)
        // If the twenty Gs ran one by one, each after at least 61 turns, there would be at least 1,220
        // yields.
        check(
          worst.value < 150, "each reader to run within some rounds of ten Gs, found \(worst.value) yields")
      }
    }
  }
}

/// Runs one leg of the hand-over.
private func pass(_ leg: Int, to other: Channel<Int>, _ legs: Counter) {
  compute(microseconds: 800)
  legs.add(1)
  other.send(leg + 1)
}

/// The CPU time of this thread, in nanoseconds.
func cpuNanoseconds() -> Int64 { mpg_thread_cpu(mpg_tid()) }

/// Uses the CPU of its thread for this long.
@inline(never)
func compute(microseconds: Int64) {
  let end = cpuNanoseconds() + microseconds * 1000
  while cpuNanoseconds() < end { for _ in 0..<100 { mpg_relax() } }
}
