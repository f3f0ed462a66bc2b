// Safety nets: any crash names the goroutine that ran, a deadlock is found, and SIGQUIT lists all goroutines.
import Glibc
import TestSupport
import Testing

@testable import MPG

@inline(never)
private func deeper(_ n: Int) -> Int {
  var pad = (n, n, n, n, n, n, n, n)
  return unsafe withUnsafeBytes(of: &pad) { _ in deeper(n + 1) } + pad.3
}

@Suite("Safety nets")
struct SafetyTests {
  @Test("a stack overflow names the goroutine and where it was spawned")
  func overflow() async {
    let result = await #expect(
      processExitsWith: .signal(SIGSEGV), observing: [\.standardErrorContent]
    ) {
      inRuntime(procs: 2) {
        go { print(deeper(1)) }
        MPG.sleep(.seconds(60))
      }
    }
    #expect(
      standardError(of: result).contains(
        /mpg: goroutine 2 \(.* at SafetyTests\.swift:\d+\): stack overflow, 256 KiB used/)
    )
  }

  @Test("a trap names the goroutine")
  func trap() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      inRuntime(procs: 1) {
        go { preconditionFailure("planted") }
        MPG.sleep(.seconds(60))
      }
    }
    #expect(
      standardError(of: result).contains(
        /mpg: goroutine 2 \(.* at SafetyTests\.swift:\d+\): a trap, on M/))
  }

  @Test("an error that leaves a goroutine names it")
  func uncaught() async {
    let result = await #expect(
      processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]
    ) {
      inRuntime(procs: 1) {
        go { throw SystemError(call: "planted", errno: EIO) }
        MPG.sleep(.seconds(60))
      }
    }
    #expect(
      standardError(of: result).contains(
        /mpg: an error left goroutine 2 \(.* at SafetyTests\.swift:\d+\): planted: EIO/))
  }

  @Test("when all goroutines are asleep for good, each is listed with its reason, and the exit code is 2")
  func deadlock() async {
    let result = await #expect(
      processExitsWith: .exitCode(2), observing: [\.standardErrorContent]
    ) {
      inRuntime(procs: 2) {
        let (a, b) = (Channel<Int>(), Channel<Int>())
        go { a.send(1) }
        _ = b.receive()
      }
    }
    let text = standardError(of: result)
    #expect(text.contains("mpg: all goroutines are asleep: deadlock"))
    #expect(text.contains("goroutine 1 [channel receive, "))
    #expect(text.contains("goroutine 2 [channel send, "))
  }

  @Test("goroutines that wait for a socket, a timer, a signal or a system call are no deadlock")
  func noDeadlock() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 2) {
        let signals = try Signals([SIGUSR1])
        go { _ = signals.next() }
        MPG.sleep(.milliseconds(300))
        let done = Channel<Bool>()
        go {
          blocking { _ = usleep(300_000) }
          done.send(true)
        }
        checkEqual(done.receive(), true, "the word after the call")
      }
    }
  }

  @Test("SIGQUIT lists all goroutines, and the process goes on")
  func quit() async {
    let result = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
      inRuntime(procs: 1) {
        let end = Channel<Bool>()
        go { _ = end.receive() }
        yield()
        kill(getpid(), SIGQUIT)
        MPG.sleep(.milliseconds(200))
        end.send(true)
      }
    }
    let text = standardError(of: result)
    #expect(text.contains("mpg: SIGQUIT: all goroutines"))
    #expect(text.contains("goroutine 2 [channel receive, "))
    #expect(text.contains(/\] .* at SafetyTests\.swift:\d+/))
  }

  @Test("while the words of SIGQUIT find no room, hogs are stopped, and the next report comes when there is")
  func quitHoldsUpNobody() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 1) {
        alarm(120)
        fillStandardError()
        for _ in 0..<100 { go { _ = Channel<Int>().receive() } }
        yield()
        kill(getpid(), SIGQUIT)
        MPG.sleep(.milliseconds(100))
        // Without sysmon, this G keeps the only P for good.
        let isOver = Counter()
        go {
          MPG.sleep(.milliseconds(1))
          isOver.add(1)
        }
        while isOver.value == 0 {}
      }
    }
  }

  @Test(
    "a fault, and the runtime's last words, do not wait for who does not read them",
    arguments: [SIGSEGV, SIGABRT])
  func lastWords(signal: Int32) async {
    await #expect(processExitsWith: .signal(signal)) { [signal = signal as Int32] in
      inRuntime(procs: 1) {
        alarm(120)
        fillStandardError()
        if signal == SIGSEGV { raise(signal) } else { fatal("planted") }
      }
    }
  }
}
