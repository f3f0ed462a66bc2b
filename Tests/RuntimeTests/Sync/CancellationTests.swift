// Cancellation: what it reaches, what it leaves alone, and that no cancelled G sleeps on.
import Glibc
import Region
import TestSupport
import Testing

@testable import MPG

@Suite("Cancellation")
struct CancellationTests {
  @Test(
    "it ends sleeps, sends, receives, acquires, socket waits and selects, of the G and of those it started",
    arguments: Backend.available)
  func allWaitsEnd(netpoll: NetpollKind) async {
    await #expect(processExitsWith: .success) { [netpoll = netpoll as NetpollKind] in
      inRuntime(procs: 2, netpoll: netpoll) {
        let (log, all, pipe) = (Log(), WaitGroup(), try Pipe())
        let (empty, semaphore) = (Channel<Int>(), Semaphore(0))
        all.add(6)
        withCancellation { scope in
          let waits: [@Sendable () throws -> Void] = [
            { try sleepOrCancelled(.seconds(3600)) },
            { try Channel<Int>().sendOrCancelled(1) },
            { _ = try empty.receiveOrCancelled() },
            { try semaphore.acquireOrCancelled() },
            { try readCancelled(pipe) },
            { try selectCancelled(empty) },
          ]
          for (name, wait) in waits.enumerated() {
            go {
              go {  // a child of a child
                do { try wait() } catch { log.append(name) }
                all.done()
              }
            }
          }
          let reasons = [WaitReason.sleep, .chanSend, .chanReceive, .semaphore, .netpollRead, .select]
          while reasons.contains(where: { parked($0) == 0 }) { yield() }
          check(!scope.isCancelled && !isCancelled, "nobody to be cancelled yet")
          scope.cancel()
          scope.cancel()
          check(isCancelled, "the G itself to be cancelled")
          all.wait()
        }
        check(!isCancelled, "the G to be as before")
        checkEqual(log.names.sorted(), [0, 1, 2, 3, 4, 5], "waits that ended")
        semaphore.release()
        check(semaphore.tryAcquire(), "the cancelled G to have acquired nothing")
      }
    }
  }

  @Test("in a cancelled scope a wait throws at once, and what cannot throw goes on")
  func cancelledScopesThrowAtOnce() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 1) {
        let channel = Channel<Int>(capacity: 2)
        withCancellation { scope in
          channel.send(1)
          scope.cancel()
          check(throwsCancellation { _ = try channel.receiveOrCancelled() }, "receive to throw")
          check(throwsCancellation { try channel.sendOrCancelled(2) }, "send to throw")
          check(throwsCancellation { try sleepOrCancelled(.zero) }, "sleep to throw")
          check(throwsCancellation { try Semaphore(1).acquireOrCancelled() }, "acquire to throw")
          check(throwsCancellation { try checkCancellation() }, "the check to throw")
          checkEqual(
            select {
              $0.receive(from: channel) { _ in 1 }
              $0.cancelled { 2 }
            }, 2, "the choice of a select")
          checkEqual(channel.receive(), 1, "the value")
          sleep(.milliseconds(1))
        }
      }
    }
  }

  @Test("without a scope, or in one that goes on, cancellable waits are ordinary ones")
  func waitsSucceed() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 2) {
        for isInScope in [false, true] {
          func body() throws {
            let (channel, semaphore) = (Channel<Int>(), Semaphore(0))
            go {
              while parked(.chanReceive) == 0 { yield() }
              channel.send(5)
              checkEqual(channel.receive(), 6, "the value sent")
              while parked(.semaphore) == 0 { yield() }
              semaphore.release(3)
              channel.close()
            }
            checkEqual(try channel.receiveOrCancelled(), 5, "the value received")
            try channel.sendOrCancelled(6)
            try semaphore.acquireOrCancelled(3)
            checkEqual(try channel.receiveOrCancelled(), nil, "the end")
            try sleepOrCancelled(.milliseconds(1))
          }
          if isInScope { try withCancellation { _ in try body() } } else { try body() }
        }
      }
    }
  }

  @Test("a scope is cancelled with the one around it, not with the one within it")
  func scopesNest() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 1) {
        withCancellation { outer in
          withCancellation { inner in
            inner.cancel()
            check(isCancelled, "the inner scope to be cancelled")
          }
          check(!isCancelled && !outer.isCancelled, "the outer scope to go on")
          withCancellation { inner in
            outer.cancel()
            check(inner.isCancelled && isCancelled, "the inner scope to be cancelled with the outer one")
          }
          withCancellation { inner in
            check(inner.isCancelled, "a scope in a cancelled one to be cancelled")
          }
        }
        check(!isCancelled, "the G to be as before")
      }
    }
  }

  @Test("a scope whose time is over is cancelled, and says so", arguments: Backend.available)
  func timeouts(netpoll: NetpollKind) async {
    await #expect(processExitsWith: .success) { [netpoll = netpoll as NetpollKind] in
      inRuntime(procs: 1, netpoll: netpoll) {
        let clock = ContinuousClock()
        let start = clock.now
        withCancellation(timeout: .milliseconds(20)) { scope in
          withCancellation { inner in
            check(throwsCancellation { try sleepOrCancelled(.seconds(3600)) }, "the sleep to end")
            check(inner.hasTimedOut, "the inner scope to know why")
          }
          check(clock.now - start >= .milliseconds(20), "it not to end early")
          check(scope.isCancelled && scope.hasTimedOut, "the scope to know why")
        }
        withCancellation(timeout: .seconds(3600)) { scope in check(!scope.hasTimedOut, "time to be left") }
        checkEqual(sched.p(0).shared[.timers].relaxed, 0, "timers counted")
      }
    }
  }

  @Test("when its body is over a scope is cancelled, and its Gs may end with that error")
  func scopesEnd() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 2) {
        let ended = Channel<Int>(capacity: 10)
        withCancellation { _ in
          for name in 0..<10 {
            go {
              defer { ended.send(name) }
              try sleepOrCancelled(.seconds(3600))
            }
          }
          while parked(.sleep) < 10 { yield() }
        }
        checkEqual((0..<10).compactMap { _ in ended.receive() }.sorted(), Array(0..<10), "Gs that ended")
      }
    }
  }

  @Test("a G started in another scope belongs to that one")
  func goIn() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 1) {
        let done = Channel<Bool>(capacity: 1)
        withCancellation { outer in
          withCancellation { inner in
            go(in: outer) {
              yield()
              yield()
              done.send(isCancelled)
            }
          }
          checkEqual(done.receive(), false, "that it is cancelled")
        }
      }
    }
  }

  @Test("a G started detached belongs to no scope, nor does what it starts")
  func detached() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 1) {
        let done = Channel<Bool>(capacity: 2)
        withCancellation { scope in
          scope.cancel()
          goDetached {
            go { done.send(isCancelled) }
            done.send(isCancelled)
          }
        }
        checkEqual([done.receive(), done.receive()], [false, false], "that it is cancelled")
      }
    }
  }

  @Test("cancelling that races with values, permits and timers loses nothing", arguments: [1, 2, 4])
  func races(procs: Int) async {
    await #expect(processExitsWith: .success) { [procs = procs as Int] in
      inRuntime(procs: procs) {
        let (channel, semaphore) = (Channel<Int>(), Semaphore(1))
        let (sent, received, all) = (Counter(), Counter(), WaitGroup())
        for round in 0..<300 {
          withCancellation { scope in
            all.add(15)
            for name in 0..<15 {
              go {
                defer { all.done() }
                var dice = Dice(UInt64(round * 100 + name))
                while true {
                  switch name % 5 {
                  case 0:
                    try channel.sendOrCancelled(1)
                    sent.add(1)
                  case 1: if try channel.receiveOrCancelled() != nil { received.add(1) }
                  case 2:
                    try semaphore.acquireOrCancelled()
                    yield()
                    semaphore.release()
                  case 3: try sleepOrCancelled(.microseconds(Int(dice.next() % 20)))
                  default:
                    try select {
                      $0.receive(from: channel) { _ in received.add(1) }
                      $0.send(1, to: channel) { sent.add(1) }
                      $0.after(.microseconds(Int(dice.next() % 20))) {}
                      try $0.cancelled { throw CancellationError() }
                    }
                  }
                }
              }
            }
            for _ in 0..<round % 20 { yield() }
            scope.cancel()
          }
          all.wait()
        }
        checkEqual(received.value, sent.value, "values received")
        check(semaphore.tryAcquire(), "the permit back")
      }
    }
  }

  @Test(
    "cancelling that races with news of a descriptor ends every wait", arguments: [1, 2, 4], Backend.available
  )
  func descriptorRaces(procs: Int, netpoll: NetpollKind) async {
    await #expect(processExitsWith: .success) { [procs = procs as Int, netpoll = netpoll as NetpollKind] in
      inRuntime(procs: procs, netpoll: netpoll) {
        let (pipe, done) = (try Pipe(), Channel<Void>())
        for round in 0..<1_000 {
          withCancellation { scope in
            go {
              defer { done.send(()) }
              do { while true { _ = try pipe.read() } } catch {
                check(error as? Pollable.Failure == .cancelled, "the wait to be cancelled, not \(error)")
              }
            }
            if round % 3 == 0 { yield() }
            if round % 2 == 0 { pipe.write(1) }
            if round % 5 == 0 { yield() }
            scope.cancel()
            done.receive()
          }
        }
      }
    }
  }
}

private func throwsCancellation(_ body: () throws -> Void) -> Bool {
  do { try body() } catch { return error is CancellationError }
  return false
}

private func readCancelled(_ pipe: Pipe) throws {
  do throws(Pollable.Failure) { try pipe.readEnd.wait(.read) } catch {
    checkEqual(error, .cancelled, "how the wait on a descriptor ends")
    throw error
  }
}

private func selectCancelled(_ channel: Channel<Int>) throws {
  try select {
    $0.receive(from: channel) { _ in }
    $0.after(.seconds(3600)) {}
    try $0.cancelled { throw CancellationError() }
  }
}
