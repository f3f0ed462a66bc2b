// Deadlines of descriptors, with every backend. A deadline ends the waits that it should, when it should, and
// no others.
import Glibc
import Region
import TestSupport
import Testing

@testable import MPG

@Suite("Deadlines of descriptors")
struct DeadlineTests {
  @Test(
    "a deadline in the past ends the wait that is going on, and fails each later one at once",
    arguments: Backend.available)
  func pastDeadlines(netpoll: NetpollKind) async {
    await #expect(processExitsWith: .success) { [netpoll = netpoll as NetpollKind] in
      inRuntime(procs: 2, netpoll: netpoll) {
        let (pair, ended) = (try SocketPair(), Channel<Pollable.Failure?>())
        for past in [Duration.zero, .seconds(-1), .nanoseconds(1)] {
          go { ended.send(failure { try pair.near.wait(.read) }) }
          while parked(.netpollRead) == 0 { yield() }
          pair.near.setDeadline(.after(past), for: .read)
          checkEqual(ended.receive() ?? nil, .timedOut, "how the wait ends")
          checkEqual(failure { try pair.near.wait(.read) }, .timedOut, "how the next wait ends")
          pair.near.setDeadline(nil, for: .read)
        }
        pair.give()
        checkEqual(failure { try pair.near.wait(.read) }, nil, "how a wait without a deadline ends")
        check(pair.take(), "the byte to be there")
      }
    }
  }

  @Test(
    "a deadline that is moved nearer while a G waits ends the wait at the new moment",
    arguments: Backend.available)
  func nearerDeadlines(netpoll: NetpollKind) async {
    await #expect(processExitsWith: .success) { [netpoll = netpoll as NetpollKind] in
      inRuntime(procs: 1, netpoll: netpoll) {
        let (pair, clock) = (try SocketPair(), ContinuousClock())
        let start = clock.now
        pair.near.setDeadline(.after(.seconds(100_000)), for: .read)
        go { pair.near.setDeadline(.after(.milliseconds(30)), for: .read) }
        checkEqual(failure { try pair.near.wait(.read) }, .timedOut, "how the wait ends")
        check(clock.now - start >= .milliseconds(30), "it not to end early")
      }
    }
  }

  @Test("reading and writing have deadlines of their own", arguments: Backend.available)
  func directionsAreIndependent(netpoll: NetpollKind) async {
    await #expect(processExitsWith: .success) { [netpoll = netpoll as NetpollKind] in
      inRuntime(procs: 2, netpoll: netpoll) {
        let (pair, written, read) = (
          try SocketPair(), Channel<Pollable.Failure?>(), Channel<Pollable.Failure?>()
        )
        pair.fill()
        pair.near.setDeadline(.after(.milliseconds(20)), for: .read)
        go { written.send(failure { while !pair.isWritable { try pair.near.wait(.write) } }) }
        go { read.send(failure { try pair.near.wait(.read) }) }
        checkEqual(read.receive() ?? nil, .timedOut, "how the wait to read ends")
        while parked(.netpollWrite) != 1 { yield() }  // the G may begin its wait late, and must stay in it
        pair.drain()
        checkEqual(written.receive() ?? nil, nil, "how the wait to write ends")

        pair.near.setDeadline(nil, for: .read)
        pair.near.setDeadline(.after(.milliseconds(5)), for: .write)
        go { read.send(failure { try pair.near.wait(.read) }) }
        while failure({ try pair.near.wait(.write) }) != .timedOut {}
        while parked(.netpollRead) != 1 { yield() }
        pair.give()
        checkEqual(read.receive() ?? nil, nil, "how the wait to read ends")
      }
    }
  }

  @Test(
    "news that comes before the deadline leaves nothing behind: the next wait has its own time",
    arguments: Backend.available)
  func deadlinesAreRenewed(netpoll: NetpollKind) async {
    await #expect(processExitsWith: .success) { [netpoll = netpoll as NetpollKind] in
      inRuntime(procs: 2, netpoll: netpoll) {
        let pair = try SocketPair()
        let written = Channel<Void>()
        go {
          for _ in 0..<200 {
            while parked(.netpollRead) == 0 { yield() }
            pair.give()
            written.receive()
          }
        }
        for _ in 0..<200 {
          pair.near.setDeadline(.after(.seconds(1000)), for: .read)
          while !pair.take() { checkEqual(failure { try pair.near.wait(.read) }, nil, "how the wait ends") }
          written.send(())
        }
        check(
          sched.p(0).shared[.timers].relaxed + sched.p(1).shared[.timers].relaxed <= 1, "one timer at most")
      }
    }
  }

  @Test("deadlines that are replaced by earlier ones do not pile up", arguments: Backend.available)
  func replacedDeadlinesAreSwept(netpoll: NetpollKind) async {
    await #expect(processExitsWith: .success) { [netpoll = netpoll as NetpollKind] in
      inRuntime(procs: 1, netpoll: netpoll) {
        let pair = try SocketPair()
        for round in 0..<100_000 {
          pair.near.setDeadline(.after(.seconds(200_000 - round)), for: round % 2 == 0 ? .read : .write)
        }
        checkEqual(sched.p(0).shared[.timers].relaxed, 2, "timers counted")
        let entries = sched.p(0).timers.entries
        check(entries < 200, "few entries in the heap, not \(entries)")
      }
    }
  }

  @Test(
    "close, deadline and news race for one wait: it ends once, for one of these reasons",
    arguments: [1, 2, 4], Backend.available)
  func racesEndOnce(procs: Int, netpoll: NetpollKind) async {
    await #expect(processExitsWith: .success) { [procs = procs as Int, netpoll = netpoll as NetpollKind] in
      inRuntime(procs: procs, netpoll: netpoll) {
        let all = WaitGroup()
        for round in 0..<600 {
          let pair = try SocketPair()
          all.add(2)
          go {
            defer { all.done() }
            while !pair.take() {
              guard let how = failure({ try pair.near.wait(.read) }) else { continue }
              check(how == .closed || how == .timedOut, "closed or timed out, not \(how)")
              break
            }
            pair.near.setDeadline(nil, for: .read)
            while failure({ try pair.near.wait(.read) }) != .closed { yield() }
          }
          go {
            defer { all.done() }
            for _ in 0..<round % 7 { yield() }
            pair.near.close()
          }
          pair.near.setDeadline(.after(.microseconds(round % 50)), for: .read)
          if round % 3 == 0 { pair.give() }
          if round % 16 == 0 { all.wait() }
          let (near, far) = (pair.near.fd, pair.far)
          if round % 16 == 0 { _ = (close(near), close(far)) }
        }
        all.wait()
        checkEqual(sched.shared[.netpollFds].relaxed, 0, "descriptors registered")
      }
    }
  }

  @Test(
    "many connections whose deadlines change all the time: each wait ends with news or with time, none early",
    arguments: [1, 4], Backend.available)
  func fluctuatingDeadlines(procs: Int, netpoll: NetpollKind) async {
    await #expect(processExitsWith: .success) { [procs = procs as Int, netpoll = netpoll as NetpollKind] in
      inRuntime(procs: procs, netpoll: netpoll) {
        let (all, timeouts, news) = (WaitGroup(), Counter(), Counter())
        let pairs = try (0..<200).map { _ in try SocketPair() }
        all.add(pairs.count)
        for (name, pair) in pairs.enumerated() {
          go {
            defer { all.done() }
            let clock = ContinuousClock()
            var dice = Dice(UInt64(name) + 1)
            for round in 0..<20 {
              let patience = Duration.microseconds(Int(dice.next() % 3000))
              let start = clock.now
              pair.near.setDeadline(.after(patience), for: .read)
              if dice.next() % 2 == 0 { go { pair.give() } }
              if round % 5 == 0 { pair.near.setDeadline(.after(patience * 2), for: .read) }
              do throws(Pollable.Failure) {
                try pair.near.wait(.read)
                news.add(1)
              } catch {
                checkEqual(error, .timedOut, "how the wait ends")
                check(clock.now - start >= patience, "it not to end early")
                timeouts.add(1)
              }
            }
          }
        }
        all.wait()
        checkEqual(timeouts.value + news.value, 4000, "waits that ended")
        check(timeouts.value > 0 && news.value > 0, "both kinds of endings")
      }
    }
  }
}
