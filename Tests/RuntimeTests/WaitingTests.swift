// Wait groups, sleep, and descriptors: a waiting G wakes up when it should, and for the right reason.
import Glibc
import Region
import TestSupport
import Testing

@testable import MPG

@Suite("Waiting")
struct WaitingTests {
  @Test("a wait group lets its waiters go when nothing is under way, and may be used again")
  func waitGroupsWait() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 2) {
        let (group, log, all) = (WaitGroup(), Counts(50), WaitGroup())
        group.wait()  // nothing to wait for
        for _ in 0..<3 {
          group.add(2)
          all.add(50)
          for name in 0..<50 {
            go {
              group.wait()
              log.add(name)
              all.done()
            }
          }
          while parked(.waitGroup) < 50 { yield() }
          group.done()
          check(parked(.waitGroup) == 50, "all to wait while one is under way")
          group.done()
          all.wait()
        }
        check(log.areAll(3), "each waiter to have gone three times")
      }
    }
  }

  @Test("no sleep ends early", arguments: Backend.available)
  func sleepsAreNotShort(netpoll: NetpollKind) async {
    await #expect(processExitsWith: .success) { [netpoll = netpoll as NetpollKind] in
      inRuntime(procs: 1, netpoll: netpoll) {
        let (all, clock) = (WaitGroup(), ContinuousClock())
        let delays = [30, 5, 60, 15, 45]
        all.add(delays.count)
        for delay in delays {
          go {
            let start = clock.now
            sleep(.milliseconds(delay))
            check(clock.now - start >= .milliseconds(delay), "a sleep of \(delay) ms not to end early")
            all.done()
          }
        }
        all.wait()
      }
    }
  }

  @Test("to sleep for no time, or less, is to yield")
  func sleepingForNothingYields() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 1) {
        let log = Log()
        go { log.append(1) }
        sleep(.zero)
        checkEqual(log.names, [1], "that the other G went first")
        go { log.append(2) }
        sleep(.seconds(-1))
        checkEqual(log.names, [1, 2], "that the other G went first")
      }
    }
  }

  @Test("ten thousand Gs sleep and all wake, on several Ps", arguments: Backend.available)
  func manySleepersWake(netpoll: NetpollKind) async {
    await #expect(processExitsWith: .success) { [netpoll = netpoll as NetpollKind] in
      inRuntime(procs: 4, netpoll: netpoll) {
        let (counts, all) = (Counts(10_000), WaitGroup())
        all.add(10_000)
        for name in 0..<10_000 {
          go {
            sleep(.microseconds((name * 7919) % 20_000))
            counts.add(name)
            all.done()
          }
        }
        all.wait()
        check(counts.areAll(1), "each to have woken once")
      }
    }
  }

  @Test(
    "a G that reads from a descriptor parks until there is something, and reads it all",
    arguments: Backend.available)
  func readersPark(netpoll: NetpollKind) async {
    await #expect(processExitsWith: .success) { [netpoll = netpoll as NetpollKind] in
      inRuntime(procs: 2, netpoll: netpoll) {
        let (pipe, done) = (try Pipe(), Channel<Int>())
        go {
          var sum = 0
          while let byte = try pipe.read() { sum += Int(byte) }
          done.send(sum)
        }
        for byte in 1...100 {
          while parked(.netpollRead) == 0 { yield() }
          pipe.write(UInt8(byte))
        }
        pipe.closeWriteEnd()
        checkEqual(done.receive(), 5050, "the sum of the bytes")
      }
    }
  }

  @Test(
    "a deadline ends a wait that is going on, and those after it, until it is set anew",
    arguments: Backend.available)
  func deadlinesEndWaits(netpoll: NetpollKind) async {
    await #expect(processExitsWith: .success) { [netpoll = netpoll as NetpollKind] in
      inRuntime(procs: 1, netpoll: netpoll) {
        let (pipe, clock) = (try Pipe(), ContinuousClock())
        let start = clock.now
        pipe.readEnd.setDeadline(.after(.milliseconds(20)), for: .read)
        checkEqual(failure { try pipe.readEnd.wait(.read) }, .timedOut, "how the wait ends")
        check(clock.now - start >= .milliseconds(20), "it not to end early")
        checkEqual(failure { try pipe.readEnd.wait(.read) }, .timedOut, "how the next wait ends")
        pipe.readEnd.setDeadline(nil, for: .read)
        pipe.write(5)
        checkEqual(try pipe.read(), 5, "the byte")
      }
    }
  }

  @Test(
    "a deadline that is moved later, while a G waits, does not end the wait at the old moment",
    arguments: Backend.available)
  func deadlinesMove(netpoll: NetpollKind) async {
    await #expect(processExitsWith: .success) { [netpoll = netpoll as NetpollKind] in
      inRuntime(procs: 1, netpoll: netpoll) {
        let (pipe, clock) = (try Pipe(), ContinuousClock())
        let start = clock.now
        pipe.readEnd.setDeadline(.after(.milliseconds(500)), for: .read)
        go { pipe.readEnd.setDeadline(.after(.milliseconds(1000)), for: .read) }
        checkEqual(failure { try pipe.readEnd.wait(.read) }, .timedOut, "how the wait ends")
        check(clock.now - start >= .milliseconds(1000), "it not to end at the old moment")
      }
    }
  }

  @Test(
    "closing ends a wait that is going on, and every wait after, and twice does no harm",
    arguments: Backend.available)
  func closingEndsWaits(netpoll: NetpollKind) async {
    await #expect(processExitsWith: .success) { [netpoll = netpoll as NetpollKind] in
      inRuntime(procs: 2, netpoll: netpoll) {
        let (pipe, ended) = (try Pipe(), Channel<Pollable.Failure?>())
        go { ended.send(failure { try pipe.readEnd.wait(.read) }) }
        while parked(.netpollRead) == 0 { yield() }
        pipe.readEnd.close()
        checkEqual(ended.receive(), .closed, "how the wait ends")
        checkEqual(failure { try pipe.readEnd.wait(.read) }, .closed, "how the next wait ends")
        pipe.readEnd.close()
        checkEqual(sched.shared[.netpollFds].relaxed, 0, "descriptors registered")
      }
    }
  }
}
