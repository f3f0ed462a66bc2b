// The parts that are tried. Each returns what it did, or nil if that is wrong.
import Glibc
import MPG
import Net
import Synchronization

/// Runs a body on `count` Gs, and waits for all of them.
private func onGs(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
  let group = WaitGroup()
  group.add(count)
  for index in 0..<count {
    go {
      body(index)
      group.done()
    }
  }
  group.wait()
}

/// A number that Gs share. Thread-safe.
private final class Sum: Sendable {
  private let number = Atomic<Int>(0)
  var value: Int { number.load(ordering: .acquiring) }
  func add(_ more: Int) { number.wrappingAdd(more, ordering: .acquiringAndReleasing) }
}

/// Four senders and three receivers, of a channel without room and of one with room.
func sendThroughChannels() -> String? {
  let each = 12_500
  for capacity in [0, 64] {
    let numbers = Channel<Int>(capacity: capacity)
    let sum = Sum()
    go {
      onGs(4) { sender in for number in 0..<each { numbers.send(sender * each + number) } }
      numbers.close()
    }
    onGs(3) { _ in for number in numbers { sum.add(number) } }
    let total = 4 * each
    guard sum.value == total * (total - 1) / 2 else { return nil }
  }
  return "100,000 numbers sent by 4 Gs and received by 3: the sums are right"
}

/// A receiver of two channels, which also takes the time when neither has anything.
func selectFromMany() -> String? {
  let (a, b) = (Channel<Int>(), Channel<Int>(capacity: 4))
  let count = 10_000
  go { for number in 1...count { a.send(number) } }
  go { for number in 1...count { b.send(-number) } }
  var (sum, received) = (0, 0)
  while received < 2 * count {
    select {
      $0.receive(from: a) { sum += $0 ?? 0 }
      $0.receive(from: b) { sum += $0 ?? 0 }
    }
    received += 1
  }
  let isLate = select {
    $0.receive(from: a) { _ in false }
    $0.after(.milliseconds(5)) { true }
  }
  return sum == 0 && isLate ? "20,000 values from two channels, then the time-out" : nil
}

func shareNumber() -> String? {
  /// Safe because it is touched only while the mutex is locked.
  final class Guarded: @unchecked Sendable {
    let mutex = Mutex()
    var number = 0
  }
  let guarded = Guarded()
  onGs(8) { _ in for _ in 0..<5000 { guarded.mutex.withLock { guarded.number += 1 } } }
  return guarded.number == 40_000 ? "8 Gs counted to 40,000" : nil
}

/// Gs that sleep, each 40 ms longer than the one before, wake in that order.
func sleepInOrder() -> String? {
  let woken = Channel<Int>(capacity: 8)
  for index in (0..<8).reversed() {
    go {
      MPG.sleep(.milliseconds(40 * (index + 1)))
      woken.send(index)
    }
  }
  let order = (0..<8).map { _ in woken.receive() ?? -1 }
  let ticker = Ticker(every: .milliseconds(2))
  for _ in 0..<20 { ticker.channel.receive() }
  ticker.stop()
  return order == Array(0..<8) ? "8 sleepers woke in order; 20 ticks" : nil
}

/// A server and 50 clients on the loopback address.
func echoToMany() -> String? {
  let (clients, rounds) = (50, 20)
  do {
    let socket = try ListeningSocket(host: "127.0.0.1", port: 0)
    let listener = try TCPListener(socket)
    go { while let connection = try? listener.accept() { go { try sendBack(connection) } } }
    let right = Sum()
    onGs(clients) { client in
      guard
        let connection = try? TCPConnection.connect(
          host: "127.0.0.1", port: socket.port, within: .seconds(60))
      else { return }
      for round in 0..<rounds where isEchoed(UInt8(truncatingIfNeeded: client &* 31 &+ round), by: connection)
      {
        right.add(1)
      }
      connection.close()
    }
    listener.close()
    return right.value == clients * rounds
      ? "\(clients) clients, \(right.value) echoes by \(MPG.statistics().netpoll)" : nil
  } catch {
    return nil
  }
}

private func sendBack(_ connection: TCPConnection) throws {
  let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 1)
  defer { unsafe buffer.deallocate() }
  while case let count = unsafe try connection.read(into: buffer), count > 0 {
    unsafe try connection.write(UnsafeRawBufferPointer(rebasing: buffer[..<count]), within: .seconds(60))
  }
}

/// Sends 64 bytes of this value, and whether the same come back.
private func isEchoed(_ value: UInt8, by connection: TCPConnection) -> Bool {
  let bytes = 64
  let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes, alignment: 1)
  defer { unsafe buffer.deallocate() }
  unsafe buffer.initializeMemory(as: UInt8.self, repeating: value)
  guard unsafe (try? connection.write(UnsafeRawBufferPointer(buffer), within: .seconds(60))) != nil else {
    return false
  }
  unsafe buffer.initializeMemory(as: UInt8.self, repeating: ~value)
  var read = 0
  while read < bytes {
    let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[read...])
    guard let count = unsafe try? connection.read(into: rest), count > 0 else { return false }
    read += count
  }
  return unsafe buffer.allSatisfy { $0 == value }
}

/// A read of a socket to which nobody writes ends at its deadline.
func readUntilDeadline() -> String? {
  do {
    let socket = try ListeningSocket(host: "127.0.0.1", port: 0)
    let connection = try TCPConnection.connect(host: "127.0.0.1", port: socket.port, within: .seconds(60))
    defer { connection.close() }
    connection.setReadDeadline(.after(.milliseconds(20)))
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 16, alignment: 1)
    defer { unsafe buffer.deallocate() }
    do {
      _ = unsafe try connection.read(into: buffer)
      return nil
    } catch {
      return "a read ended: \(error)"
    }
  } catch {
    return nil
  }
}

/// System calls that block their threads, more than there are Ps, beside Gs that go on.
func blockThreads() -> String? {
  let done = Sum()
  onGs(6) { _ in
    blocking { _ = usleep(30_000) }
    done.add(1)
  }
  return done.value == 6 ? "6 calls on 2 Ps, \(MPG.statistics().threads) threads" : nil
}

/// Gs that never yield, more than there are Ps: without preemption the main G would never run again.
func preemptHogs() -> String? {
  let isOver = Sum()
  let group = WaitGroup()
  group.add(4)
  for _ in 0..<4 {
    go {
      // The values live in registers across each preemption, so one that is not kept shows in the result.
      var (x, y): (UInt64, Double) = (1, 1)
      var rounds: UInt64 = 0
      while isOver.value == 0 || rounds % 1000 != 0 {
        x = x &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        y = y * 0.5 + 1
        rounds += 1
      }
      if y > 1.9, x == value(after: rounds) { isOver.add(1) }
      group.done()
    }
  }
  for _ in 0..<10 { MPG.sleep(.milliseconds(5)) }
  isOver.add(1)
  group.wait()
  return isOver.value == 5 ? "4 Gs that never yield, and a fifth that stopped them" : nil
}

/// The same sequence, by the rule for a power of an affine map, in as many steps as the number has bits.
private func value(after rounds: UInt64) -> UInt64 {
  var (factor, term): (UInt64, UInt64) = (6_364_136_223_846_793_005, 1_442_695_040_888_963_407)
  var (allFactor, allTerm): (UInt64, UInt64) = (1, 0)
  var left = rounds
  while left > 0 {
    if left & 1 == 1 { (allFactor, allTerm) = (allFactor &* factor, allTerm &* factor &+ term) }
    (factor, term) = (factor &* factor, term &* factor &+ term)
    left >>= 1
  }
  return allFactor &+ allTerm
}

/// Each G has its own way to round.
func keepRounding() -> String? {
  #if arch(x86_64)
    let towardsZero: Int32 = 0xc00
  #else
    let towardsZero: Int32 = 3 << 22
  #endif
  let (turn, mode) = (Channel<Void>(), Channel<Int32>())
  go {
    fesetround(towardsZero)
    turn.receive()
    mode.send(fegetround())
  }
  MPG.yield()
  let mine = fegetround()
  turn.send(())
  return mode.receive() == towardsZero && mine == 0 ? "a G keeps its way to round, another has its own" : nil
}
