// No wake-up is lost: stress on the booted runtime. A lost wake-up shows as a G that waits for ever, and so
// as a child that hangs until it is ended. SpinningModelTests and PollModelTests explore every interleaving
// of small models.
import CMPG
import Glibc
import Region
import Synchronization
import TestSupport
import Testing

@testable import MPG

@Suite("Wake-ups")
struct WakeUpTests {
  @Test("ten million times a G parks and is made ready, and not once in vain")
  func millionsOfParks() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 2) {
        let pairs = 8
        // The thread sanitizer makes each exchange a hundred times slower.
        let exchanges = (hasThreadSanitizer ? 60_000 : 6_000_000) / pairs
        let all = WaitGroup()
        all.add(pairs * 2)
        for _ in 0..<pairs {
          let (there, back) = (Channel<Int>(), Channel<Int>())
          go {
            for ball in there { back.send(ball + 1) }
            back.close()
            all.done()
          }
          go {
            for ball in 0..<exchanges {
              there.send(ball)
              check(back.receive() == ball + 1, "the ball to come back")
            }
            there.close()
            all.done()
          }
        }
        all.wait()
        let (parks, readies) = (Moves.all().parked, Moves.all().readied)
        check(parks >= exchanges * pairs * 10 / 6, "more than \(parks) parks")
        checkEqual(readies, parks, "Gs made ready")
      }
    }
  }

  @Test("a G that is spawned beside an idle P runs there, though its own P never looks again")
  func spawnedBesideAnIdleP() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 2) {
        var dice = Dice(1)
        for cycle in 1...UInt64(isOptimised ? 50_000 : 5_000) {
          let ran = Flag()
          go { ran.raise(cycle) }
          ran.awaitWithoutParking(cycle)
          idle(dice.next() % 2000)  // so that the other M is caught at every stage of going to sleep
        }
      }
    }
  }

  @Test("a G that is made ready beside an idle P runs there, though its own P never looks again")
  func readiedBesideAnIdleP() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 2) {
        let (channel, ran) = (Channel<UInt64>(), Flag())
        go { for cycle in channel { ran.raise(cycle) } }
        var dice = Dice(2)
        for cycle in 1...UInt64(isOptimised ? 50_000 : 5_000) {
          channel.send(cycle)
          ran.awaitWithoutParking(cycle)
          idle(dice.next() % 2000)
        }
      }
    }
  }

  @Test("news from a descriptor reaches its G beside an idle P, though nobody else looks at the network")
  func newsBesideAnIdleP() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 2) {
        let (pipe, ran) = (try Pipe(), Flag())
        go { while let byte = try pipe.read() { ran.raise(ran.value + UInt64(byte)) } }
        var dice = Dice(3)
        for cycle in 1...UInt64(isOptimised ? 50_000 : 5_000) {
          pipe.write(1)
          ran.awaitWithoutParking(cycle)
          idle(dice.next() % 4000)
        }
      }
    }
  }

  @Test("a timer fires beside an idle P, though its own P never looks again")
  func timersBesideAnIdleP() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 2) {
        var dice = Dice(4)
        for cycle in 1...UInt64(isOptimised ? 10_000 : 2_000) {
          let (ran, delay) = (Flag(), Int(dice.next() % 20_000))
          go {
            sleep(.nanoseconds(delay))
            ran.raise(cycle)
          }
          yield()  // the G sleeps now, in this P's timers, unless the other P took it
          ran.awaitWithoutParking(cycle)
        }
      }
    }
  }

  @Test("when all Ms keep falling asleep and waking, all Gs are done in the end", arguments: [2, 3, 8])
  func burstsOfGs(procs: Int) async {
    await #expect(processExitsWith: .success) { [procs = procs as Int] in
      inRuntime(procs: procs, preemption: false) {
        var dice = Dice(5)
        let all = WaitGroup()
        for _ in 0..<(isOptimised ? 20_000 : 3_000) {
          let burst = Int(dice.next() % 12) + 1
          all.add(burst)
          for _ in 0..<burst { go { all.done() } }
          all.wait()
          idle(dice.next() % 3000)
        }
        let gauges = sched.shared
        // Preemption may want one more thread (Preempt §5).
        check(gauges[.mCount].relaxed <= UInt64(procs) + 3, "at most procs + 3 threads")
      }
    }
  }
}

/// Whether this build is optimised. If so, cycles are cheap, and there are more of them.
var isOptimised: Bool {
  #if DEBUG
    false
  #else
    true
  #endif
}

/// A number that one G raises, and that another awaits without giving up its P.
private final class Flag: Sendable {
  private let state = Atomic<UInt64>(0)
  var value: UInt64 { state.load(ordering: .acquiring) }
  func raise(_ value: UInt64) { state.store(value, ordering: .releasing) }
  func awaitWithoutParking(_ value: UInt64) { while self.value < value { mpg_relax() } }
}

/// Spins for `turns` turns without giving up the P.
private func idle(_ turns: UInt64) { for _ in 0..<turns { mpg_relax() } }
