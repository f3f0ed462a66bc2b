// A storm: Gs that make every move between queues happen, all the time.
import Glibc
import TestSupport

@testable import MPG

/// In a child process: Gs that repeat the same work until they are told to stop.
struct Storm: Sendable {
  private let isOver = Counter()
  private let all = WaitGroup()

  func start(_ count: Int, _ body: @escaping @Sendable (Int) throws -> Void) {
    for index in 0..<count {
      all.add(1)
      go { [isOver, all] in
        while isOver.value == 0 { try body(index) }
        all.done()
      }
    }
  }

  func stop() {
    isOver.add(1)
    all.wait()
  }

  /// Starts Gs that fill an LRQ until it spills, that yield, that block their thread, and that keep their P.
  func startUsers() {
    start(2) { index in
      let some = WaitGroup()
      some.add(400)
      for _ in 0..<400 { go { some.done() } }
      some.wait()
      MPG.sleep(.milliseconds(7 + index))
    }
    start(6) { index in
      for _ in 0..<20 { yield() }
      MPG.sleep(.microseconds(400 + 130 * index))
    }
    start(3) { index in
      _ = blocking { usleep(UInt32(100 + index * 2500)) }
      yield()
    }
    start(2) { _ in
      keepBusy(milliseconds: 4)
      MPG.sleep(.milliseconds(3))
    }
  }

  /// Starts Gs that wait for each other, and for descriptors.
  func startWaiters() throws {
    for _ in 0..<4 {
      let (there, back) = (Channel<Int>(), Channel<Int>())
      start(1) { _ in
        there.send(1)
        _ = back.receive()
        MPG.sleep(.microseconds(300))
      }
      go { while let token = there.receive() { back.send(token) } }
    }
    for _ in 0..<3 {
      let pipe = try Pipe()
      go { while true { _ = try pipe.read() } }
      start(1) { _ in
        pipe.write(7)
        MPG.sleep(.microseconds(700))
      }
    }
  }
}

/// Runs in a child process: makes every move of a G between queues happen, for this long.
func storm(milliseconds: Int) throws {
  let storm = Storm()
  storm.startUsers()
  try storm.startWaiters()
  for round in 0..<(milliseconds / 40) {
    MPG.sleep(.milliseconds(40))
    setProcs([4, 2, 3, 1, 6, 4][round % 6])
  }
  storm.stop()
  // Keyframes while nothing moves: a P that was let go and a P that was taken from a call must appear as
  // such.
  MPG.sleep(.milliseconds(600))
  blocking { _ = usleep(900_000) }
}

@inline(never)
private func keepBusy(milliseconds: Int) {
  let end = Clock.now &+ Clock.ticks(nanoseconds: UInt64(milliseconds) * 1_000_000)
  while Clock.now < end {}
}
