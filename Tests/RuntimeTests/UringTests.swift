// io_uring under shortage: rings so small that the kernel ends watches and pushers must wait. Nothing may be
// lost.
import Glibc
import Region
import TestSupport
import Testing

@testable import MPG

@Suite("io_uring", .enabled(if: Backend.available.contains(.ioUring)))
struct UringTests {
  @Test("a completion ring that is far too small costs watches set up anew, and no news", arguments: [1, 4])
  func smallCompletionRings(procs: Int) async {
    await #expect(processExitsWith: .success) { [procs = procs as Int] in
      let rings = RingSizes(submissions: 4, completions: 8)
      inRuntime(procs: procs, netpoll: .ioUring, rings: rings) {
        let (pipes, all) = (try (0..<100).map { _ in try Pipe() }, WaitGroup())
        let sum = Counter()
        for _ in 0..<20 {
          all.add(pipes.count)
          for pipe in pipes {
            go {
              sum.add(Int(try pipe.read() ?? 0))
              all.done()
            }
          }
          while parked(.netpollRead) < pipes.count { yield() }
          for pipe in pipes { pipe.write(1) }
          all.wait()
        }
        checkEqual(sum.value, 20 * pipes.count, "bytes read")
        check(sched.shared[.netpollRearms].relaxed > 0, "watches set up anew")
      }
    }
  }

  @Test(
    "timers and deadlines are kept though the completion that breaks the wait may be held back",
    arguments: [1, 4])
  func breaksSurviveOverflow(procs: Int) async {
    await #expect(processExitsWith: .success) { [procs = procs as Int] in
      let rings = RingSizes(submissions: 4, completions: 8)
      inRuntime(procs: procs, netpoll: .ioUring, rings: rings) {
        let (pairs, all) = (try (0..<50).map { _ in try SocketPair() }, WaitGroup())
        all.add(pairs.count * 2)
        for (name, pair) in pairs.enumerated() {
          go {
            defer { all.done() }
            for round in 0..<30 {
              pair.near.setDeadline(.after(.microseconds((name * 37 + round * 101) % 2000)), for: .read)
              let how = failure { try pair.near.wait(.read) }
              check(how == nil || how == .timedOut, "news or a time-out")
              while pair.take() {}
            }
          }
          go {
            defer { all.done() }
            for round in 0..<30 {
              MPG.sleep(.microseconds((name * 53 + round * 71) % 1500))
              pair.give()
            }
          }
        }
        all.wait()
      }
    }
  }

  @Test(
    "registering and closing more at once than the submission ring holds goes through", arguments: [1, 4])
  func smallSubmissionRings(procs: Int) async {
    await #expect(processExitsWith: .success) { [procs = procs as Int] in
      inRuntime(procs: procs, netpoll: .ioUring, rings: RingSizes(submissions: 2, completions: 4)) {
        let all = WaitGroup()
        for _ in 0..<20 {
          all.add(50)
          for _ in 0..<50 {
            go {
              defer { all.done() }
              let pair = try SocketPair()
              go { pair.give() }
              while !pair.take() { try pair.near.wait(.read) }
              pair.near.close()
            }
          }
          all.wait()
        }
        checkEqual(sched.shared[.netpollFds].relaxed, 0, "descriptors registered")
      }
    }
  }
}
