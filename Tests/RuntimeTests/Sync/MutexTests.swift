// Mutexes, conditions and onces: one G at a time, no G forgotten, no G starved.
import Glibc
import Region
import TestSupport
import Testing

@testable import MPG

@Suite("Mutex, condition, once")
struct MutexTests {
  @Test("no two Gs hold a mutex at once, on one P and on several", arguments: [1, 2, 4])
  func exclusion(procs: Int) async {
    await #expect(processExitsWith: .success) { [procs = procs as Int] in
      inRuntime(procs: procs) {
        let (guarded, all) = (Guarded(), WaitGroup())
        all.add(50)
        for name in 0..<50 {
          go {
            var dice = Dice(UInt64(name))
            for _ in 0..<500 {
              guarded.mutex.withLock {
                let before = guarded.value
                if dice.next() % 16 == 0 { yield() }  // parking inside is allowed
                guarded.value = before + 1
              }
            }
            all.done()
          }
        }
        all.wait()
        checkEqual(guarded.value, 25_000, "increments")
        checkEqual(guarded.mutex.word.load(ordering: .relaxed), 0, "what the mutex says in the end")
      }
    }
  }

  @Test("a mutex that is held parks who wants it, and tryLock refuses")
  func waitersPark() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 1) {
        let (mutex, log) = (Mutex(), Log())
        mutex.lock()
        check(!mutex.tryLock(), "tryLock to refuse")
        for name in 0..<5 {
          go {
            mutex.lock()
            log.append(name)
            mutex.unlock()
          }
          yield()
        }
        checkEqual(parked(.mutex), 5, "Gs parked")
        mutex.unlock()
        while log.names.count < 5 { yield() }
        checkEqual(log.names, [0, 1, 2, 3, 4], "the order")
        check(mutex.tryLock(), "tryLock to succeed")
      }
    }
  }

  @Test("a G that locks and unlocks all the time does not keep others out", arguments: [1, 2])
  func nobodyStarves(procs: Int) async {
    await #expect(processExitsWith: .success) { [procs = procs as Int] in
      inRuntime(procs: procs) {
        let (mutex, stop, done) = (Mutex(), Counter(), Channel<Void>())
        go {
          while stop.value == 0 {
            mutex.lock()
            for _ in 0..<1_000 { _ = stop.value }
            mutex.unlock()
          }
        }
        for _ in 0..<20 {
          go {
            for _ in 0..<5 {
              mutex.lock()
              sleep(.microseconds(100))
              mutex.unlock()
              yield()
            }
            done.send(())
          }
        }
        for _ in 0..<20 { _ = done.receive() }
        stop.add(1)
      }
    }
  }

  @Test("a waiter that has waited for more than a millisecond is handed the mutex")
  func oldWaitersAreHandedOver() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 1) {
        let (mutex, log) = (Mutex(), Log())
        mutex.lock()
        go {
          mutex.lock()
          log.append(1)
          mutex.unlock()
        }
        while parked(.mutex) == 0 { yield() }
        sleep(.milliseconds(5))
        mutex.unlock()
        check(!mutex.tryLock() || log.names == [1], "nobody to come before the old waiter")
      }
    }
  }

  @Test("an error leaves withLock with its type, and the mutex unlocked")
  func errorsUnlock() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 1) {
        struct Refused: Error {}
        let mutex = Mutex()
        do throws(Refused) {
          try mutex.withLock { () throws(Refused) in throw Refused() }
        } catch {}
        check(mutex.tryLock(), "it to be unlocked")
      }
    }
  }

  @Test("signal wakes the one that waited longest, broadcast all, and neither is lost", arguments: [1, 2, 4])
  func conditions(procs: Int) async {
    await #expect(processExitsWith: .success) { [procs = procs as Int] in
      inRuntime(procs: procs) {
        let guarded = Guarded()
        let (condition, log, all) = (Condition(guarded.mutex), Log(), WaitGroup())
        all.add(10)
        for name in 0..<10 {
          go {
            guarded.mutex.lock()
            while guarded.value == 0 { condition.wait() }
            guarded.value -= 1
            log.append(name)
            guarded.mutex.unlock()
            all.done()
          }
          while parked(.condition) <= name { yield() }
        }
        for count in 1...5 {
          guarded.mutex.withLock { guarded.value += 1 }
          condition.signal()
          while log.names.count < count { yield() }
        }
        checkEqual(log.names, [0, 1, 2, 3, 4], "who was woken by signals")
        checkEqual(parked(.condition), 5, "Gs that still wait")
        guarded.mutex.withLock { guarded.value += 5 }
        condition.broadcast()
        all.wait()
        checkEqual(log.names.sorted(), Array(0..<10), "who was woken at all")
        condition.signal()
        condition.broadcast()
      }
    }
  }

  @Test("a bounded buffer made of a mutex and two conditions loses nothing", arguments: [1, 2, 4])
  func boundedBuffer(procs: Int) async {
    await #expect(processExitsWith: .success) { [procs = procs as Int] in
      inRuntime(procs: procs) {
        let (guarded, counts, all) = (Guarded(), Counts(4_000), WaitGroup())
        let (notFull, notEmpty) = (Condition(guarded.mutex), Condition(guarded.mutex))
        all.add(8)
        for sender in 0..<4 {
          go {
            for value in 0..<1_000 {
              guarded.mutex.withLock {
                while guarded.items.count == 3 { notFull.wait() }
                guarded.items.append(sender * 1_000 + value)
              }
              notEmpty.signal()
            }
            all.done()
          }
          go {
            for _ in 0..<1_000 {
              let item = guarded.mutex.withLock {
                while guarded.items.isEmpty { notEmpty.wait() }
                return guarded.items.removeFirst()
              }
              notFull.signal()
              counts.add(item)
            }
            all.done()
          }
        }
        all.wait()
        check(counts.areAll(1), "each item once")
      }
    }
  }

  @Test("a once runs one time, also when its body parks, and all wait for it")
  func once() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 2) {
        let (once, runs, all) = (Once(), Counter(), WaitGroup())
        all.add(100)
        for _ in 0..<100 {
          go {
            once.run {
              sleep(.milliseconds(5))
              runs.add(1)
            }
            checkEqual(runs.value, 1, "runs that are over")
            all.done()
          }
        }
        all.wait()
        check(once.isDone, "it to be done")
      }
    }
  }

  @Test("a once whose body throws has not run, and the next one tries again")
  func onceAgain() async {
    await #expect(processExitsWith: .success) {
      inRuntime(procs: 1) {
        struct Refused: Error {}
        let (once, log) = (Once(), Log())
        do { try once.run { throw Refused() } } catch { log.append(1) }
        check(!once.isDone, "it not to be done")
        once.run { log.append(2) }
        once.run { log.append(3) }
        checkEqual(log.names, [1, 2], "what ran")
      }
    }
  }

  @Test("what may not be done ends the process, with words", arguments: LockMisuse.allCases)
  func misuseIsFatal(misuse: LockMisuse) async throws {
    let folder = try TemporaryFolder(on: .disk)
    let result = await #expect(
      processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]
    ) { [path = folder.path as String, misuse = misuse as LockMisuse] in
      TemporaryFolder.useForRegions(path)
      inRuntime(procs: 1) { misuse.commit() }
    }
    let words = standardError(of: result)
    #expect(words.contains(misuse.words))
  }
}

enum LockMisuse: String, CaseIterable, Codable, Sendable {
  case unlock, unlockTwice, readUnlock, writeUnlock, onceInOnce

  var words: String {
    switch self {
    case .unlock, .unlockTwice: "mpg: unlock of a Mutex that is not locked"
    case .readUnlock: "mpg: readUnlock of an RWMutex that nobody reads"
    case .writeUnlock: "mpg: writeUnlock of an RWMutex that nobody writes"
    case .onceInOnce: "mpg: goroutine 1 runs a Once from within itself"
    }
  }

  func commit() {
    switch self {
    case .unlock: Mutex().unlock()
    case .unlockTwice:
      let mutex = Mutex()
      mutex.lock()
      mutex.unlock()
      mutex.unlock()
    case .readUnlock: RWMutex().readUnlock()
    case .writeUnlock: RWMutex().writeUnlock()
    case .onceInOnce:
      let once = Once()
      once.run { once.run {} }
    }
  }
}

/// What a mutex guards.
///
/// Safe because: it is touched only while the mutex is locked.
private final class Guarded: @unchecked Sendable {
  let mutex = Mutex()
  var value = 0
  var items: [Int] = []
}
