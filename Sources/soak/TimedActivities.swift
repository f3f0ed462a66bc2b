// The activities of the soak in which time matters: timers, cancellation, hogs, system calls.
import Glibc
import MPG

/// Checks that an alarm goes off once, however often it is reset in time, and not at all when it is stopped in time.
@Sendable func useAlarms(_ chance: inout Chance, _ bench: Bench) {
  let fired = Sum()
  let alarm = Alarm(after: .microseconds(chance.number(in: 0...3000))) { fired.add() }
  var expected = 1
  for _ in 0..<chance.number(in: 0...4) {
    if chance.once(in: 2) { MPG.sleep(.microseconds(chance.number(in: 0...1500))) }
    if !alarm.reset(after: .microseconds(chance.number(in: 0...2000))) { expected += 1 }
  }
  if chance.once(in: 2), alarm.stop() { expected -= 1 }
  let end = monotonicNanoseconds() + 30_000_000_000
  while fired.value < expected, monotonicNanoseconds() < end { MPG.sleep(.milliseconds(1)) }
  MPG.sleep(.milliseconds(3))
  bench.check(fired.value == expected, "an alarm went off \(fired.value) times instead of \(expected)")
}

/// Checks that a sleep is never too short, that a ticker ticks, and that it stops.
@Sendable func useTickers(_ chance: inout Chance, _ bench: Bench) {
  let microseconds = chance.number(in: 0...5000)
  let start = monotonicNanoseconds()
  MPG.sleep(.microseconds(microseconds))
  let slept = monotonicNanoseconds() - start
  // The runtime's clock and the system's differ by less than a thousandth.
  bench.check(
    slept + 10_000 + slept / 500 >= UInt64(microseconds) * 1000,
    "\(microseconds) µs of sleep took \(slept) ns")
  let ticker = Ticker(every: .microseconds(chance.number(in: 100...2000)))
  for _ in 0..<chance.number(in: 1...5) { _ = ticker.channel.receive() }
  ticker.stop()
  let isQuiet: Bool = select {
    $0.receive(from: ticker.channel) { _ in false }
    $0.after(.milliseconds(3)) { true }
  }
  bench.check(isQuiet, "a ticker ticked after it was stopped")
}

/// Checks that every wait in a cancelled scope ends with an error.
@Sendable func cancelScopes(_ chance: inout Chance, _ bench: Bench) {
  let (gs, depth) = (chance.number(in: 1...20), chance.number(in: 0...2))
  let delay = chance.number(in: 0...3)
  let byTimeout = chance.once(in: 3)
  let (cancelled, all) = (Sum(), WaitGroup())
  all.add(gs * (depth + 1))
  withCancellation(timeout: byTimeout ? .milliseconds(delay + 1) : nil) { scope in
    fill(gs, depth, cancelled, all)
    if delay > 0 { MPG.sleep(.milliseconds(delay)) }
    if !byTimeout { scope.cancel() }
    all.wait()
  }
  bench.check(
    cancelled.value == gs * (depth + 1), "\(cancelled.value) of \(gs * (depth + 1)) waits were cancelled")
}

/// Starts Gs that wait in the running G's scope, and as many in each of `depth` scopes nested in it.
private func fill(_ gs: Int, _ depth: Int, _ cancelled: Sum, _ all: WaitGroup) {
  for index in 0..<gs {
    go {
      do {
        switch index % 3 {
        case 0: try sleepOrCancelled(.seconds(3600))
        case 1: _ = try Channel<Int>().receiveOrCancelled()
        default: try Semaphore(0).acquireOrCancelled()
        }
      } catch {
        cancelled.add()
      }
      all.done()
    }
  }
  guard depth > 0 else { return }
  go {
    withCancellation { _ in
      fill(gs, depth - 1, cancelled, all)
      // The scope ends when this body returns. So the body waits until the scope around it is cancelled.
      try? sleepOrCancelled(.seconds(3600))
    }
  }
}

/// Computes without yielding, then pauses. Other Gs get the P only by preemption.
@Sendable func hog(_ chance: inout Chance, _ bench: Bench) {
  let end = monotonicNanoseconds() + UInt64(chance.number(in: 1...40)) * 1_000_000
  var (x, allocated) = (UInt64(1), 0)
  let allocates = chance.once(in: 2)
  repeat {
    for _ in 0..<20_000 { x = x &* 6_364_136_223_846_793_005 &+ 1 }
    if allocates { allocated += [UInt8](repeating: 1, count: 1000 + Int(x >> 50)).count }
  } while monotonicNanoseconds() < end
  bench.check(x != 0 && (!allocates || allocated > 0), "a number")
  MPG.sleep(.milliseconds(chance.number(in: 0...100)))
}

/// Makes short and long system calls, and checks that a file has the bytes that were written to it.
@Sendable func callSystem(_ chance: inout Chance, _ bench: Bench) throws {
  if chance.once(in: 8) {
    let sum = try File.read(bench.file.path).reduce(0) { $0 + Int($1) }
    bench.check(sum == bench.file.sum, "a file whose bytes add up to \(bench.file.sum) was read as \(sum)")
  }
  let microseconds = chance.once(in: 4) ? chance.number(in: 100...15_000) : 0
  let isOurs = blocking { () -> Bool in
    if microseconds > 0 { usleep(UInt32(microseconds)) }
    return getpid() > 0
  }
  bench.check(isOurs, "a process id")
}
