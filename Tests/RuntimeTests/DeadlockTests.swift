// Deadlocks. A program in which nothing can ever happen again ends with code 2, whatever its heaps of timers
// contain. A program in which something can still happen goes on. DeadlockModel explores every order of the
// steps.
import CMPG
import Glibc
import TestSupport
import Testing

@testable import MPG

@Suite("Deadlocks")
struct DeadlockTests {
  /// Ways to leave a timer behind that can wake nobody, or to leave none.
  enum Leftover: String, CaseIterable, Codable, Sendable {
    case stoppedAlarm, wonSelect, stoppedTicker, stoppedUnderWaiter, unheardTicker, unheardAfter, droppedAfter
    case cancelledSleep, deadlineTakenAway, deadlineForNobody, timeoutForNobody, endedTimeout

    /// Leaves it behind; called in a G.
    func leave() throws {
      let hour = Duration.seconds(3600)
      switch self {
      case .stoppedAlarm: Alarm(after: hour) {}.stop()
      case .wonSelect:
        let won = Channel<Int>(capacity: 1)
        go { won.send(1) }
        select {
          $0.receive(from: won) { _ in }
          $0.after(hour) {}
        }
      case .stoppedTicker: Ticker(every: hour).stop()
      case .stoppedUnderWaiter:
        let ticker = Ticker(every: hour)
        go { ticker.channel.receive() }
        while parked(.chanReceive) == 0 { yield() }
        ticker.stop()
      case .unheardTicker: hold(Ticker(every: .microseconds(1)))
      case .unheardAfter: hold(after(hour))
      case .droppedAfter: _ = after(hour)
      case .cancelledSleep:
        withCancellation { scope in
          go { try? sleepOrCancelled(hour) }
          while parked(.sleep) == 0 { yield() }
          scope.cancel()
        }
      case .deadlineTakenAway:
        let pipe = try Pipe()
        pipe.readEnd.setDeadline(.after(hour), for: .read)
        pipe.readEnd.setDeadline(nil, for: .read)
        hold(pipe)
      case .deadlineForNobody:
        let pipe = try Pipe()
        pipe.readEnd.setDeadline(.after(hour), for: .read)
        hold(pipe)
      case .timeoutForNobody:
        withCancellation(timeout: .milliseconds(100)) { _ in _ = Channel<Int>().receive() }
      case .endedTimeout: withCancellation(timeout: hour) { _ in }
      }
    }

    /// Keeps an object as long as the process lives.
    private func hold(_ object: AnyObject) { unsafe _ = Unmanaged.passRetained(object) }
  }

  @Test(
    "a timer that is over, or that nobody waits for, does not hide a deadlock", arguments: Leftover.allCases)
  func leftoversHideNothing(leftover: Leftover) async {
    let result = await #expect(processExitsWith: .exitCode(2), observing: [\.standardErrorContent]) {
      [leftover = leftover as Leftover] in
      inRuntime(procs: 2) {
        alarm(120)
        try leftover.leave()
        _ = Channel<Int>().receive()
      }
    }
    let text = standardError(of: result)
    #expect(text.contains("mpg: all goroutines are asleep: deadlock"))
    #expect(text.contains("goroutine 1 [channel receive, "))
  }

  @Test("a timer that will wake somebody is no deadlock, on Ps that are stopped meanwhile too")
  func timersAreWaitedFor() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 4) {
        let (gone, ticker) = (Channel<Void>(), Ticker(every: .milliseconds(150)))
        for _ in 0..<4 {
          Alarm(after: .milliseconds(200)) { gone.send(()) }
          gone.receive()
          select {
            $0.receive(from: gone) { _ in }
            $0.after(.milliseconds(200)) {}
          }
          ticker.channel.receive()
          after(.milliseconds(150)).receive()
          setProcs(1)
          setProcs(4)
        }
      }
    }
  }

  @Test("a G that reads what another process writes is no deadlock, whenever it writes")
  func readersOfOthersLive() async {
    await #expect(processExitsWith: .success) {
      var ends: [Int32] = [0, 0]
      check(unsafe mpg_pipe(&ends) == 0, "a pipe")
      let writer = spawnWriter(to: ends[1])
      close(ends[1])
      let end = ends[0]
      inRuntime(procs: 1) {
        let pipe = try Pollable(fd: end)
        var byte: UInt8 = 0
        for _ in 0..<300 {
          while unsafe Glibc.read(end, &byte, 1) != 1 { try pipe.wait(.read) }
        }
        kill(writer, SIGKILL)
      }
    }
  }

  @Test("with stderr a pipe that nobody reads, a deadlock ends the process all the same")
  func fullPipes() async {
    await #expect(processExitsWith: .exitCode(2)) {
      inRuntime(procs: 1) {
        alarm(120)
        fillStandardError()
        _ = Channel<Int>().receive()
      }
    }
  }
}

/// A shell that writes a byte about every 12 ms until it is killed.
private func spawnWriter(to fd: Int32) -> pid_t {
  var actions = unsafe posix_spawn_file_actions_t()
  unsafe posix_spawn_file_actions_init(&actions)
  unsafe posix_spawn_file_actions_adddup2(&actions, fd, 1)
  let script = "while sleep 0.01; do printf x; done"
  let words: [UnsafeMutablePointer<CChar>?] = unsafe [strdup("sh"), strdup("-c"), strdup(script), nil]
  let environment: [UnsafeMutablePointer<CChar>?] = unsafe [strdup("PATH=/usr/bin:/bin"), nil]
  var child = pid_t()
  let error = unsafe posix_spawn(&child, "/bin/sh", &actions, nil, words, environment)
  checkEqual(error, 0, "what posix_spawn says")
  return child
}
