// Channels that deliver times, tickers, alarms.
import Region
import TestSupport
import Testing

@testable import MPG

@Suite("Tickers and alarms")
struct TickerTests {
  @Test("a channel of after receives one value, not early")
  func afterIsNotEarly() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 1) {
        let clock = ContinuousClock()
        let start = clock.now
        let channels = [30, 10, 20].map { after(.milliseconds($0)) }
        for (channel, delay) in zip(channels, [30, 10, 20]) {
          channel.receive()
          check(clock.now - start >= .milliseconds(delay), "the value of \(delay) ms not to come early")
        }
        after(.zero).receive()
        after(.seconds(-1)).receive()
      }
    }
  }

  @Test("a ticker keeps its pace, and drops ticks for a receiver that is slow")
  func tickersDropTicks() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 2) {
        let clock = ContinuousClock()
        let start = clock.now
        let ticker = Ticker(every: .milliseconds(10))
        for _ in 0..<5 { ticker.channel.receive() }
        check(clock.now - start >= .milliseconds(50), "five ticks not to come early")
        sleep(.milliseconds(100))  // ten ticks, of which one waits
        let late = clock.now
        for _ in 0..<12 { ticker.channel.receive() }
        // One tick waited, one may have been late, and ten came at their pace.
        check(clock.now - late >= .milliseconds(90), "missed ticks not to be made up for")
      }
    }
  }

  @Test("a ticker that is stopped ticks no more, and ticks again after a reset")
  func tickersStop() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 2) {
        let ticker = Ticker(every: .milliseconds(1))
        ticker.channel.receive()
        sleep(.milliseconds(5))
        ticker.stop()
        func isSilent(for time: Duration) -> Bool {
          select {
            $0.receive(from: ticker.channel) { _ in false }
            $0.after(time) { true }
          }
        }
        check(isSilent(for: .milliseconds(50)), "no tick after the stop")
        ticker.stop()
        ticker.reset(every: .milliseconds(2))
        ticker.channel.receive()
        ticker.channel.receive()
        ticker.reset(every: .seconds(3600))
        check(isSilent(for: .milliseconds(50)), "no tick of the old pace")
        checkEqual(timersAlive(), 1, "timers counted")
      }
    }
  }

  @Test("an alarm goes off once, in a G of its own that may park")
  func alarmsGoOff() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 2) {
        let (results, clock) = (Channel<Int>(), ContinuousClock())
        let start = clock.now
        for delay in [20, 5, 10] {
          Alarm(after: .milliseconds(delay)) {  // nobody holds the alarm
            check(clock.now - start >= .milliseconds(delay), "it not to go off early")
            sleep(.microseconds(1))
            results.send(delay)
          }
        }
        checkEqual((0..<3).compactMap { _ in results.receive() }.sorted(), [5, 10, 20], "what went off")
      }
    }
  }

  @Test("stop says whether it came in time, and reset whether the alarm was still to go off")
  func stopTells() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 2) {
        let runs = Channel<Void>(capacity: 10)
        let alarm = Alarm(after: .seconds(3600)) { runs.send(()) }
        check(alarm.stop(), "the stop to come in time")
        check(!alarm.stop(), "the second stop to find nothing")
        check(!alarm.reset(after: .seconds(3600)), "the reset to find it stopped")
        check(alarm.reset(after: .milliseconds(1)), "the reset to find it armed")
        runs.receive()
        check(!alarm.stop(), "the stop to come too late")
        check(!alarm.reset(after: .milliseconds(1)), "the reset to find that it went off")
        runs.receive()
        checkEqual(timersAlive(), 0, "timers counted")
      }
    }
  }

  @Test("alarms that are stopped while they may go off run exactly if stop said so", arguments: [1, 2, 4])
  func stopRaces(procs: Int) async {
    await #expect(processExitsWith: .success) { [procs = procs as Int] in
      inRuntime(procs: procs) {
        let (ran, stopped, all) = (Counter(), Counter(), WaitGroup())
        all.add(10)
        for name in 0..<10 {
          go {
            var dice = Dice(UInt64(name))
            for _ in 0..<300 {
              let alarm = Alarm(after: .microseconds(Int(dice.next() % 60))) { ran.add(1) }
              for _ in 0..<dice.next() % 3 { yield() }
              if dice.next() % 4 == 0 { alarm.reset(after: .microseconds(Int(dice.next() % 60))) }
              if alarm.stop() { stopped.add(1) }
            }
            all.done()
          }
        }
        all.wait()
        let settled = Alarm(after: .milliseconds(20)) {}
        sleep(.milliseconds(50))
        check(!settled.stop(), "later alarms to have gone off")
        check(
          ran.value + stopped.value >= 3_000, "none to be lost, \(ran.value) ran, \(stopped.value) stopped")
        checkEqual(timersAlive(), 0, "timers counted")
      }
    }
  }

  @Test("timers that are stopped do not pile up")
  func stoppedTimersAreSwept() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 1) {
        let alarm = Alarm(after: .seconds(3600)) {}
        let channel = Channel<Int>(capacity: 1)
        for round in 0..<100_000 {
          alarm.reset(after: .seconds(3600 + round % 10))
          if round % 2 == 0 {
            go { channel.send(round) }
            select {
              $0.receive(from: channel) { _ in }
              $0.after(.seconds(3600)) {}
            }
          }
        }
        checkEqual(timersAlive(), 1, "timers counted")
        let entries = sched.p(0).timers.entries
        check(entries < 500, "few entries in the heap, not \(entries)")
      }
    }
  }
}

extension TickerTests {
  @Test("a ticker that nobody waits for has no timer, and one tick for who comes")
  func unheardTickersCostNothing() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 2) {
        let ticker = Ticker(every: .milliseconds(1))
        checkEqual(timersAlive(), 0, "timers before anybody waits")
        ticker.channel.receive()
        ticker.channel.receive()
        sleep(.milliseconds(20))  // by then the last entry has fired and found nobody
        checkEqual(timersAlive(), 0, "timers after the last one who waited")
        var ticks = 0
        while select({
          $0.receive(from: ticker.channel) { _ in true }
          $0.otherwise { false }
        }) { ticks += 1 }
        check(ticks >= 1, "a tick to be there")
        ticker.reset(every: .seconds(3600))
        select {
          $0.receive(from: ticker.channel) { _ in check(false, "no tick before its time") }
          $0.otherwise {}
        }
      }
    }
  }

  @Test("several that wait for one ticker get a tick each, in the order in which they came")
  func waitersTakeTurns() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 2) {
        let (ticker, order) = (Ticker(every: .milliseconds(100)), Channel<Int>(capacity: 3))
        for name in 0..<3 {
          go {
            if name == 1 { try? ticker.channel.receiveOrCancelled() } else { ticker.channel.receive() }
            order.send(name)
          }
          while parks(.chanReceive) <= name { yield() }  // on a busy machine, a tick may have come already
        }
        checkEqual((0..<3).compactMap { _ in order.receive() }, [0, 1, 2], "who had a tick")
        ticker.stop()
        checkEqual(timersAlive(), 0, "timers counted")
      }
    }
  }

  @Test(
    "who waits to send into a ticker's channel goes on when it is stopped or reset", arguments: [true, false])
  func sendersGoOn(stops: Bool) async {
    await #expect(processExitsWith: .success) { [stops = stops as Bool] in
      inRuntime(procs: 2) {
        let (ticker, done) = (Ticker(every: .seconds(3600)), WaitGroup())
        ticker.channel.send(())
        for _ in 0..<3 {
          done.add(1)
          go {
            ticker.channel.send(())
            done.done()
          }
        }
        while parked(.chanSend) < 3 { yield() }
        if stops { ticker.stop() } else { ticker.reset(every: .seconds(3600)) }
        done.wait()
        select {
          $0.receive(from: ticker.channel) { _ in check(false, "nothing in the channel") }
          $0.otherwise {}
        }
      }
    }
  }

  @Test("a channel of after that nobody has any more is gone, long before it is due")
  func droppedChannelsGo() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 1) {
        weak var dropped: Channel<Void>?
        for isWaitedFor in [false, true] {
          var channel: Channel<Void>? = after(.seconds(3600))
          dropped = channel
          if isWaitedFor {
            select {
              if let channel { $0.receive(from: channel) { _ in } }
              $0.after(.milliseconds(1)) {}
            }
          }
          channel = nil
          check(dropped == nil, "the channel to be gone")
        }
        checkEqual(timersAlive(), 0, "timers counted")
      }
    }
  }

  @Test("timers that are stopped leave the heap though no new ones come")
  func stoppedTimersLeave() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 1) {
        let alarms = (0..<10_000).map { Alarm(after: .seconds(3600 + $0)) {} }
        checkEqual(timersAlive(), 10_000, "timers counted")
        for alarm in alarms { alarm.stop() }
        checkEqual(timersAlive(), 0, "timers counted")
        let entries = sched.p(0).timers.entries
        check(entries < 200, "few entries in the heap, not \(entries)")
      }
    }
  }
}

/// The number of timers that will do something, over all Ps.
private func timersAlive() -> Int {
  (0..<sched.psMade).reduce(0) { $0 + Int(truncatingIfNeeded: sched.p($1).shared[.timers].relaxed) }
}
