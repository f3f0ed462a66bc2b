// Semaphores and read-write mutexes: which Gs may be inside at once, and in which order they enter.
import Region
import TestSupport
import Testing

@testable import MPG

@Suite("Semaphore, read-write mutex")
struct SemaphoreTests {
  @Test("a waiter that was cancelled, and has not left yet, stands in nobody's way")
  func cancelledWaiters() async {
    await #expect(processExitsWith: .success) {
      // One P: no other G goes on before this G parks.
      inRuntime(procs: 1, preemption: false) {
        let semaphore = Semaphore(1)
        withCancellation { scope in
          go { _ = try? semaphore.acquireOrCancelled(5) }
          while parked(.semaphore) < 1 { yield() }
          scope.cancel()
          check(semaphore.tryAcquire(), "the free permit")
          check(!semaphore.tryAcquire(), "no second one")
        }
      }
    }
  }

  @Test("nor of those behind it, who go before who only tries, and are served by a release at once")
  func behindCancelledWaiters() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 1, preemption: false) {
        let (semaphore, log) = (Semaphore(1), Log())
        withCancellation { scope in
          go { _ = try? semaphore.acquireOrCancelled(5) }
          while parked(.semaphore) < 1 { yield() }
          go {
            semaphore.acquire()
            log.append(1)
          }
          while parked(.semaphore) < 2 { yield() }
          scope.cancel()
          check(!semaphore.tryAcquire(), "the permit to be of who waits")
        }
        while log.names.isEmpty { yield() }

        withCancellation { scope in
          go { _ = try? semaphore.acquireOrCancelled(5) }
          while parked(.semaphore) < 1 { yield() }
          go {
            semaphore.acquire()
            log.append(2)
          }
          while parked(.semaphore) < 2 { yield() }
          scope.cancel()
          semaphore.release()
          check(!semaphore.tryAcquire(), "the permit to be given to who waits")
        }
        while log.names.count < 2 { yield() }
      }
    }
  }

  @Test("no more Gs than there are permits are in at once", arguments: [1, 2, 4])
  func permitsLimit(procs: Int) async {
    await #expect(processExitsWith: .success) { [procs = procs as Int] in
      inRuntime(procs: procs) {
        let (semaphore, inside, all) = (Semaphore(5), Counter(), WaitGroup())
        all.add(40)
        for name in 0..<40 {
          go {
            var dice = Dice(UInt64(name))
            for _ in 0..<300 {
              let count = Int(dice.next() % 3) + 1
              semaphore.acquire(count)
              inside.add(count)
              check(inside.value <= 5, "at most 5 permits out")
              yield()
              inside.add(-count)
              semaphore.release(count)
            }
            all.done()
          }
        }
        all.wait()
        check(semaphore.tryAcquire(5), "all permits back")
        check(!semaphore.tryAcquire(), "no more than that")
      }
    }
  }

  @Test("who wants many permits is not passed by those who want few")
  func firstComeFirstServed() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 1) {
        let (semaphore, log) = (Semaphore(1), Log())
        for (name, count) in [3, 1, 1].enumerated() {
          go {
            semaphore.acquire(count)
            log.append(name)
          }
          yield()
        }
        check(!semaphore.tryAcquire(), "nobody to pass")
        checkEqual(parked(.semaphore), 3, "Gs parked")
        semaphore.release(2)
        yield()
        checkEqual(log.names, [0], "who got in")
        semaphore.release()
        yield()
        checkEqual(log.names, [0, 1], "who got in")
        semaphore.release()
        yield()
        checkEqual(log.names, [0, 1, 2], "who got in")
      }
    }
  }

  @Test("readers share, writers do not, on several Ps", arguments: [1, 2, 4])
  func readersAndWriters(procs: Int) async {
    await #expect(processExitsWith: .success) { [procs = procs as Int] in
      inRuntime(procs: procs) {
        let (mutex, activity, all) = (RWMutex(), Counter(), WaitGroup())
        let writer = 10_000
        all.add(22)
        for name in 0..<22 {
          go {
            for _ in 0..<300 {
              if name < 2 {
                mutex.writeLock()
                activity.add(writer)
                yield()
                checkEqual(activity.value, writer, "the writer alone")
                activity.add(-writer)
                mutex.writeUnlock()
              } else {
                mutex.withReadLock {
                  activity.add(1)
                  yield()
                  check(activity.value < writer, "no writer beside readers")
                  activity.add(-1)
                }
              }
            }
            all.done()
          }
        }
        all.wait()
      }
    }
  }

  @Test("a writer waits for the readers before it, and the readers after it wait for the writer")
  func writersHaveTheirTurn() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 1) {
        let (mutex, log) = (RWMutex(), Log())
        mutex.readLock()
        go {
          mutex.writeLock()
          log.append(1)
          mutex.writeUnlock()
        }
        yield()
        for name in 2...4 {
          go {
            mutex.readLock()
            log.append(name)
            mutex.readUnlock()
          }
        }
        for _ in 0..<10 { yield() }
        checkEqual(log.names, [], "who got in while the first reader reads")
        mutex.readUnlock()
        while log.names.count < 4 { yield() }
        checkEqual(log.names.first, 1, "who got in first")
      }
    }
  }
}
