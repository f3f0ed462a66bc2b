// Which G runs when: yield, runnext, overflow, the look at the GRQ at every 61st start. With one P, all of it
// is exact. Preemption is off, because on a busy machine it would move a G to the GRQ.
import Region
import TestSupport
import Testing

@testable import MPG

@Suite("Scheduling")
struct SchedulingTests {
  @Test("Gs that yield take turns, in a fixed order, none ahead of another")
  func yieldIsFair() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 1, preemption: false) {
        let log = Log()
        let all = WaitGroup()
        all.add(5)
        for name in 0..<5 {
          go {
            for _ in 0..<500 {
              log.append(name)
              yield()
            }
            all.done()
          }
        }
        all.wait()
        let rounds = stride(from: 0, to: 2500, by: 5).map { Array(log.names[$0..<$0 + 5]) }
        // The G that was created last is in `runnext`, so it begins. The others follow in the order of their
        // creation.
        check(rounds.allSatisfy { $0 == [4, 0, 1, 2, 3] }, "every round to be 4 0 1 2 3: \(rounds)")
      }
    }
  }

  @Test("the G made ready last runs next, the others in the order in which they were made")
  func lastOneMadeReadyRunsNext() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 1, preemption: false) {
        let log = Log()
        for name in 0..<4 { go { log.append(name) } }
        yield()
        checkEqual(log.names, [3, 0, 1, 2], "the order")
      }
    }
  }

  @Test("a full LRQ moves half of itself and the new G to the GRQ, and every G still runs once")
  func fullQueuesOverflow() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 1, preemption: false) {  // the main G keeps its P until all are created
        let log = Log()
        let all = WaitGroup()
        all.add(1000)
        for name in 0..<1000 {
          go {
            log.append(name)
            all.done()
          }
        }
        // 999 Gs were displaced from `runnext`. The 257th finds the LRQ full: 128 Gs and it go to the GRQ.
        // The same happens at every 129th after that: 6 times in all.
        let p = sched.p(0)
        checkEqual(p.shared[.overflowed].relaxed, 6 * 129, "Gs overflowed")
        checkEqual(sched.grqDepth, 6 * 129, "the depth of the GRQ")
        checkEqual(sched.shared[.grqPushed].relaxed, 6 * 129, "Gs that ever entered the GRQ")
        checkEqual(p.lrq.depth, 999 - 6 * 129, "the depth of the LRQ")
        all.wait()
        checkEqual(log.names.sorted(), Array(0..<1000), "Gs that ran")
        checkEqual(sched.grqDepth, 0, "the depth of the GRQ")
      }
    }
  }

  @Test("two Gs that hand each other the P for ever do not keep a G on the GRQ waiting")
  func everySixtyFirstStartLooksAtGRQ() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 1, preemption: false) {
        let starved = Log()
        let (ping, pong) = (Channel<Int>(), Channel<Int>())
        go { for ball in ping { pong.send(ball) } }
        yield()  // the G waits for the ball now
        submitToGRQ { starved.append(1) }
        var hands = 0
        while starved.names.isEmpty {
          ping.send(hands)
          _ = pong.receive()
          hands += 1
          check(hands < 1000, "the G on the GRQ to have run by now")
        }
        // Each exchange is at least one start, so the 61st start comes within 61 exchanges.
        check(hands <= 61, "a turn within 61 exchanges, found \(hands)")
      }
    }
  }

  @Test("two Gs that hand each other the P for ever do not keep a G in the LRQ waiting")
  func everySixtyFirstStartLooksPastRunnext() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 1, preemption: false) {
        let starved = Log()
        let (ping, pong) = (Channel<Int>(), Channel<Int>())
        go { starved.append(1) }
        go { for ball in ping { pong.send(ball) } }
        var hands = 0
        while starved.names.isEmpty {
          ping.send(hands)
          _ = pong.receive()
          hands += 1
          check(hands < 1000, "the G in the LRQ to have run by now")
        }
        check(hands <= 61, "a turn within 61 exchanges, found \(hands)")
      }
    }
  }

  @Test("with several Ps every G runs exactly once, however many there are, and steals add up")
  func everyGRunsOnce() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 4) {
        let counts = Counts(20_000)
        let all = WaitGroup()
        all.add(20_000)
        for name in 0..<20_000 {
          go {
            if name % 3 == 0 { yield() }
            counts.add(name)
            all.done()
          }
        }
        all.wait()
        check(counts.areAll(1), "every G to have run once")
        checkEqual(statistics().created, 20_001, "Gs created")
      }
    }
  }

  @Test("at rest the lanes add up: created − exited Gs are alive, and none is counted as waiting or runnable")
  func movesAddUp() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 2) {
        let all = WaitGroup()
        all.add(2_000)
        for _ in 0..<2_000 {
          go {
            sleep(.microseconds(50))
            yield()
            all.done()
          }
        }
        all.wait()
        while statistics().live > 1 { yield() }
        let moves = Moves.all()
        checkEqual(moves.created &- moves.exited, 1, "live Gs")
        checkEqual(moves.created &+ moves.yielded &+ moves.readied &- moves.started, 0, "runnable Gs")
        checkEqual(moves.started &- moves.yielded &- moves.exited &- moves.parked, 1, "running Gs")
        checkEqual(moves.parked &- moves.readied, 0, "waiting Gs")
      }
    }
  }
}

/// Creates a G and puts it on the GRQ, as netpoll would.
private func submitToGRQ(_ body: sending @escaping () throws -> Void) {
  let m = currentM("submitToGRQ")
  let g = m.newG(body, #fileID, #function, #line)
  m.created(g, entry: 0, kind: .user, m.grqPlace(behind: 0))
  var queue = GQueue()
  queue.append(g)
  sched.lock.lock()
  sched.grqAppend(queue, at: m.stamp())
  sched.lock.unlock()
}
