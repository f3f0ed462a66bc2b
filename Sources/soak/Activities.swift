// The activities of the soak, without those that measure time: spawning, channels, selects, locks.
import MPG
import Synchronization

let usualActivities = [
  Activity(name: "spawn storms", run: storm),
  Activity(name: "channel runs", run: useChannels),
  Activity(name: "selects", run: useSelect),
  Activity(name: "mutex runs", run: useMutexes),
  Activity(name: "semaphore and condition runs", run: useSemaphores),
  Activity(name: "sockets used and cut", workers: 4, run: useSockets),
  Activity(name: "deadlines missed", run: missDeadlines),
  Activity(name: "alarms stopped and reset", run: useAlarms),
  Activity(name: "sleeps and ticks", run: useTickers),
  Activity(name: "scopes cancelled", run: cancelScopes),
  Activity(name: "hogs", workers: 1, run: hog),
  Activity(name: "system calls", workers: 3, run: callSystem),
]

/// A number that Gs add to.
final class Sum: Sendable {
  private let state = Atomic(0)
  var value: Int { state.load(ordering: .acquiring) }
  func add(_ n: Int = 1) { state.wrappingAdd(n, ordering: .acquiringAndReleasing) }
}

/// Starts many Gs, some of which start others. Checks that each G ran once.
@Sendable private func storm(_ chance: inout Chance, _ bench: Bench) {
  let (parents, children) = (chance.number(in: 1...300), chance.number(in: 0...5))
  let (sum, all) = (Sum(), WaitGroup())
  all.add(parents * (children + 1))
  for parent in 0..<parents {
    go {
      for _ in 0..<children {
        go {
          sum.add()
          all.done()
        }
      }
      if parent % 3 == 0 { yield() }
      sum.add()
      all.done()
    }
  }
  all.wait()
  bench.check(sum.value == parents * (children + 1), "\(sum.value) of \(parents * (children + 1)) Gs ran")
}

/// Several senders and receivers use one channel. Checks that every value arrives once.
@Sendable private func useChannels(_ chance: inout Chance, _ bench: Bench) {
  let channel = Channel<Int>(capacity: chance.number(in: 0...8))
  let (senders, receivers, each) = (
    chance.number(in: 1...4), chance.number(in: 1...4), chance.number(in: 1...500)
  )
  let (sent, received) = (WaitGroup(), WaitGroup())
  let (sum, count) = (Sum(), Sum())
  sent.add(senders)
  received.add(receivers)
  for sender in 0..<senders {
    go {
      for value in 0..<each { channel.send(sender * each + value) }
      sent.done()
    }
  }
  for _ in 0..<receivers {
    go {
      for value in channel {
        sum.add(value)
        count.add()
      }
      received.done()
    }
  }
  sent.wait()
  channel.close()
  received.wait()
  let n = senders * each
  bench.check(
    count.value == n && sum.value == n * (n - 1) / 2,
    "\(count.value) of \(n) values arrived, sum \(sum.value)")
}

/// Sends and receives by select, with time-outs. Checks that every value arrives once.
@Sendable private func useSelect(_ chance: inout Chance, _ bench: Bench) {
  let channels = [Channel<Int>(capacity: chance.number(in: 0...2)), Channel<Int>()]
  let n = chance.number(in: 1...100)
  let pause = chance.number(in: 0...2)
  let senders = WaitGroup()
  senders.add(2)
  for index in 0..<2 {
    go {
      var value = 0
      while value < n {
        let isSent: Bool = select {
          $0.send(value, to: channels[index]) { true }
          $0.after(.microseconds(200)) { false }
        }
        if isSent { value += 1 }
      }
      senders.done()
    }
  }
  var sums = [0, 0]
  var (received, timeouts) = (0, 0)
  while received < 2 * n {
    if pause > 0, received % 16 == 0 { MPG.sleep(.milliseconds(pause)) }
    let (index, value): (Int, Int) = select {
      $0.receive(from: channels[0]) { (0, $0 ?? -1) }
      $0.receive(from: channels[1]) { (1, $0 ?? -1) }
      $0.after(.milliseconds(1)) { (2, 0) }
    }
    if index == 2 {
      timeouts += 1
    } else {
      sums[index] += value
      received += 1
    }
  }
  senders.wait()
  bench.check(
    sums == [n * (n - 1) / 2, n * (n - 1) / 2], "of \(n) values each, selects received sums \(sums)")
}

/// A number and a pair, each guarded by a lock.
///
/// Safe because: `value` is touched only under `mutex`, `pair` only under `lock`.
private final class Guarded: @unchecked Sendable {
  let mutex = Mutex()
  let lock = RWMutex()
  var value = 0
  var pair = (0, 0)
}

/// Checks that no addition under a mutex is lost, and that no reader under a read lock sees half a write.
@Sendable private func useMutexes(_ chance: inout Chance, _ bench: Bench) {
  let (gs, each) = (chance.number(in: 2...8), chance.number(in: 1...200))
  let (guarded, all) = (Guarded(), WaitGroup())
  all.add(gs)
  for g in 0..<gs {
    go {
      for round in 0..<each {
        guarded.mutex.withLock {
          guarded.value += 1
          if round % 50 == 0 { yield() }
        }
        if round % 4 == g % 4 {
          guarded.lock.withWriteLock {
            guarded.pair.0 += 1
            if round % 8 == 0 { yield() }
            guarded.pair.1 += 1
          }
        } else {
          guarded.lock.withReadLock { bench.check(guarded.pair.0 == guarded.pair.1, "half a write was seen") }
        }
      }
      all.done()
    }
  }
  all.wait()
  bench.check(guarded.value == gs * each, "\(guarded.value) of \(gs * each) additions were kept")
}

/// Checks that a semaphore never has more holders than permits, and that a condition loses no signal.
@Sendable private func useSemaphores(_ chance: inout Chance, _ bench: Bench) {
  let (permits, gs) = (chance.number(in: 1...4), chance.number(in: 2...16))
  let semaphore = Semaphore(permits)
  let (guarded, inside, all) = (Guarded(), Sum(), WaitGroup())
  let condition = Condition(guarded.mutex)
  all.add(gs)
  for _ in 0..<gs {
    go {
      semaphore.acquire()
      inside.add()
      bench.check(inside.value <= permits, "\(inside.value) Gs hold \(permits) permits")
      yield()
      inside.add(-1)
      semaphore.release()
      guarded.mutex.withLock { guarded.value += 1 }
      condition.signal()
      all.done()
    }
  }
  guarded.mutex.lock()
  while guarded.value < gs { condition.wait() }
  guarded.mutex.unlock()
  all.wait()
  bench.check(guarded.value == gs, "\(guarded.value) of \(gs) Gs were counted")
}
