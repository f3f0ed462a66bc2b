import Testing
@testable import MPG

@Suite("x") struct XTests {
  @Test func first() async {
    await #expect(processExitsWith: .success) {
      print("threads", Outside.threads ?? -1)
      inRuntime(procs: 2) {
        let x = MPG.await { try? await Task.sleep(for: .milliseconds(5)); return 42 }
        checkEqual(x, 42, "x")
        let y = MPG.await { await MPG.run { MPG.sleep(.milliseconds(1)); return 43 } }
        checkEqual(y, 43, "y")
        let ch = Channel<Int>()
        Task(executorPreference: MPG.taskExecutor) { ch.send(44) }
        checkEqual(ch.receive(), 44, "z")
        Task(executorPreference: MPG.taskExecutor) { for i in 0..<1000 { ch.send(i); if i % 10 == 0 { await Task.yield() } } }
        for i in 0..<1000 {checkEqual(ch.receive(), i, "z") }
        print("threads", Outside.threads ?? -1)
      }
    }
  }
}
