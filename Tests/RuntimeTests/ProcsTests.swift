// The number of Ps changes while Gs run: nothing is lost, and the counts add up at every moment.
import Glibc
import Region
import Synchronization
import TestSupport
import Testing

@testable import MPG

/// Runs in a child process: sets the number of Ps at random, to 1…`most`, until `isOver`.
private func changeProcs(upTo most: Int, every pause: Duration, until isOver: @escaping @Sendable () -> Bool)
{
  var random = CheapRandom(seed: 42)
  while !isOver() {
    let wanted = 1 + random.next(below: most)
    setProcs(wanted)
    checkEqual(statistics().procs, wanted, "procs")
    MPG.sleep(pause)
  }
}

/// Runs in a child process: waits until the Ps beyond the number are stopped and cleaned up.
private func waitUntilRetired() {
  while sched.psOpen != sched.procs || sched.psBound != sched.procs { MPG.sleep(.milliseconds(1)) }
  for id in sched.procs..<sched.psMade {
    checkEqual(sched.p(id).shared[.status].acquired, UInt64(PStatus.stopped.rawValue), "the status of P\(id)")
    checkEqual(sched.p(id).lrq.depth, 0, "the queue of P\(id)")
    check(!sched.p(id).lrq.hasNext, "no runnext in P\(id)")
    checkEqual(sched.p(id).timers.entries, 0, "the timers of P\(id)")
  }
}

private let rounds = isOptimised ? 4_000 : 1_000

/// Runs in a child process: sends a token through a row of channels, again and again.
private func ring() {
  let channels = (0...16).map { _ in Channel<Int>() }
  for index in 0..<16 {
    go { while let token = channels[index].receive() { channels[index + 1].send(token + 1) } }
  }
  for round in 0..<rounds {
    channels[0].send(round)
    checkEqual(channels[16].receive(), round + 16, "the token")
  }
  for channel in channels { channel.close() }
}

/// Runs in a child process: starts many Gs that sleep, again and again.
private func sleepers() {
  let group = WaitGroup()
  group.add(200)
  for index in 0..<200 {
    go {
      for _ in 0..<20 { MPG.sleep(.microseconds(200 + 13 * index)) }
      group.done()
    }
  }
  group.wait()
}

/// Runs in a child process: receives from a ticker.
private func ticks() {
  let ticker = Ticker(every: .milliseconds(1))
  for _ in 0..<200 { _ = ticker.channel.receive() }
  ticker.stop()
}

/// Runs in a child process: makes short and long system calls.
private func calls() {
  for _ in 0..<rounds { blocking { _ = getppid() } }
  for _ in 0..<20 { _ = blocking { usleep(2_000) } }
}

/// Runs in a child process: waits until all Gs but the main G have ended, and checks that the lanes say so.
func checkAllEnded() {
  while statistics().live > 1 { yield() }
  let moves = Moves.all()
  checkEqual(moves.created - moves.exited, 1, "live Gs")
}

@Suite("Procs at run time")
struct ProcsTests {
  @Test("the number before is returned, the new one is used, and more Ps run more Gs at once")
  func numbers() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 1) {
        checkEqual(setProcs(3), 1, "procs before")
        checkEqual(setProcs(3), 3, "procs before")
        checkEqual(statistics().procs, 3, "procs")
        let meeting = Counter()
        let all = WaitGroup()
        all.add(3)
        for _ in 0..<3 {
          go {
            meeting.add(1)
            while meeting.value < 3 {}  // with fewer than three Ps, no G would leave this loop
            all.done()
          }
        }
        all.wait()
        checkEqual(setProcs(1), 3, "procs before")
        waitUntilRetired()
        checkEqual(setProcs(2), 1, "procs before")
        checkEqual(sched.shared[.psMade].acquired, 3, "Ps that ever were")
      }
    }
  }

  @Test("spawn storms run through changes of procs from 1 to 64, and every G runs once")
  func storms() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 64) {
        let rounds = isOptimised ? 300 : 60
        let isOver = Switch()
        let ran = Counts(rounds * 500)
        go {
          for round in 0..<rounds {
            let group = WaitGroup()
            group.add(500)
            for index in 0..<500 {
              go {
                ran.add(round * 500 + index)
                if index % 7 == 0 { yield() }
                group.done()
              }
            }
            group.wait()
          }
          isOver.turnOn()
        }
        changeProcs(upTo: 64, every: .microseconds(300)) { isOver.isOn }
        check(ran.areAll(1), "every G to have run once")
        setProcs(2)
        waitUntilRetired()
        checkAllEnded()
      }
    }
  }

  @Test("channels, sleepers, tickers and pipes go on while procs change")
  func everything() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 8) {
        let isOver = Switch()
        let all = WaitGroup()
        all.add(4)
        for work in [ring, sleepers, ticks, calls] {
          go {
            work()
            all.done()
          }
        }
        go {
          all.wait()
          isOver.turnOn()
        }
        changeProcs(upTo: 8, every: .microseconds(500)) { isOver.isOn }
        setProcs(1)
        waitUntilRetired()
      }
    }
  }

  @Test("the timers of a P that is stopped fire on time, also those that are armed there later")
  func timersMove() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 8) {
        let woken = WaitGroup()
        woken.add(800)
        let tickers = WaitGroup()
        tickers.add(40)
        for _ in 0..<40 {
          go {
            let ticker = Ticker(every: .milliseconds(5))
            for _ in 0..<40 { _ = ticker.channel.receive() }
            tickers.done()
          }
        }
        for index in 0..<800 {
          go {
            MPG.sleep(.milliseconds(20 + index % 50))
            woken.done()
          }
        }
        MPG.sleep(.milliseconds(10))
        for procs in [1, 8, 2, 8, 1] {
          setProcs(procs)
          MPG.sleep(.milliseconds(4))
        }
        woken.wait()
        tickers.wait()
        waitUntilRetired()
        let armed = (0..<sched.psMade).reduce(0) { $0 + Int(sched.p($1).shared[.timers].acquired) }
        checkEqual(armed, 0, "timers that are armed")
      }
    }
  }

  @Test("a P in a long loop is let go of when the loop ends, and one in a long system call at once")
  func holdersThatDoNotCome() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 3) {
        let (looping, calling, end) = (Switch(), Switch(), Switch())
        let done = WaitGroup()
        done.add(2)
        go {
          looping.turnOn()
          while !end.isOn {}
          done.done()
        }
        go {
          calling.turnOn()
          _ = blocking { usleep(300_000) }
          done.done()
        }
        while !looping.isOn || !calling.isOn { yield() }
        setProcs(1)
        // This G may be on any of the three Ps. The P with the call is retaken; the P with the loop stays.
        for _ in 0..<50 { MPG.sleep(.milliseconds(1)) }
        check(sched.psOpen <= 2, "at most the P of the loop beside the one that is left")
        end.turnOn()
        done.wait()
        waitUntilRetired()
      }
    }
  }

  @Test("with preemption a loop gives way to the smaller number")
  func preemption() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 4, preemption: true) {
        let end = Switch()
        let done = WaitGroup()
        done.add(3)
        for _ in 0..<3 {
          go {
            while !end.isOn {}
            done.done()
          }
        }
        MPG.sleep(.milliseconds(5))
        setProcs(1)
        waitUntilRetired()
        end.turnOn()
        done.wait()
      }
    }
  }

  @Test("1,024 Ps: Gs are spawned, stolen and joined, and then there is one P again")
  func thousand() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 1024) {
        for _ in 0..<5 {
          let group = WaitGroup()
          group.add(20_000)
          for index in 0..<20_000 {
            go {
              if index % 3 == 0 { yield() }
              group.done()
            }
          }
          group.wait()
        }
        check(statistics().steals > 0, "Gs to be stolen")
        checkEqual(setProcs(1), 1024, "procs before")
        waitUntilRetired()
        checkEqual(setProcs(1024), 1, "procs before")
        let group = WaitGroup()
        group.add(5_000)
        for _ in 0..<5_000 { go { group.done() } }
        group.wait()
        checkAllEnded()
      }
    }
  }

  @Test("the change and each retired P leave an event")
  func events() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 4) {
        setProcs(2)
        waitUntilRetired()
        let found = records()
        check(
          found.contains { $0.kind == .procsChange && $0.count == 2 && $0.arg == 4 }, "an event of the change"
        )
        checkEqual(found.count { $0.kind == .procRetire }, 2, "events of Ps that were retired")
      }
    }
  }
}

/// A switch that is turned on once, from any thread.
final class Switch: Sendable {
  private let state = Atomic<Bool>(false)
  var isOn: Bool { state.load(ordering: .acquiring) }
  func turnOn() { state.store(true, ordering: .releasing) }
}

/// Runs in a child process: all records that are in the rings of Ps and Ms now.
private func records() -> [Record] {
  let region = sched.region
  let base = unsafe region.gTable - region.layout.g
  var found: [Record] = []
  func read(_ ring: Int, _ capacity: Int, _ lane: Lane) {
    var reader = unsafe RingReader(
      slots: base + ring, capacity: capacity, position: lane.counters[.position], from: 0)
    _ = reader.drain(into: &found)
  }
  for p in 0..<sched.psMade { read(region.layout.pRing(p), region.layout.pRingRecords, region.lane(p: p)) }
  for m in 0..<Int(sched.shared[.mCount].acquired) {
    read(region.layout.mRing(m), region.layout.mRingRecords, region.lane(m: m))
  }
  return found
}
