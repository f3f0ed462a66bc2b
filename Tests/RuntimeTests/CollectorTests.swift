// The gc thread: how often it starts to work.
import TestSupport
import Testing

@testable import MPG

@Suite("The gc thread")
struct CollectorTests {
  @Test("what a cycle cannot take back is not tried again with every G that ends")
  func cyclesAreSpaced() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 2) {
        // One of each 32 Gs stays. So the others' descriptors are many, but no group of descriptors is idle
        // as a whole.
        let (stay, leave) = (Channel<Void>(), Channel<Void>())
        for number in 0..<20_000 { go { _ = (number % 32 == 0 ? stay : leave).receive() } }
        while waiting(for: .chanReceive) < 20_000 { MPG.sleep(.milliseconds(1)) }
        leave.close()
        while statistics().live > 626 { MPG.sleep(.milliseconds(1)) }
        MPG.sleep(.seconds(3))  // until the gc thread has forgotten the burst

        let (cycles, start) = (sched.shared[.gcCycles].acquired, ContinuousClock.now)
        while ContinuousClock.now - start < .seconds(1) { burst(500) }
        let passed = (ContinuousClock.now - start) / .seconds(1)
        let more = sched.shared[.gcCycles].acquired - cycles

        check(more > 0, "a cycle, though there is much to take back")
        check(Double(more) <= passed * 5 + 1, "a cycle in 200 ms at most, found \(more) in \(passed) s")
        stay.close()
      }
    }
  }
}
