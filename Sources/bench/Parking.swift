// Many parked Gs: how much memory each takes, and how long it takes to create them and to ready them all.
import MPG

extension Measure {
  static let parking = [
    Measure(name: "parked", procs: 2, operations: 100_000) { parked("parked", $0) { _ = $0.receive() } },
    // Like `parked`, but each G parks with some 4 KiB of its stack in use.
    Measure(name: "parked-deep", procs: 2, operations: 100_000) {
      parked("parked-deep", $0) { _ = deep($0, levels: 16) }
    },
  ]

  /// Creates, parks and readies the Gs. As for the Go program, the line `rss` counts resident memory only. Page tables
  /// have a line of their own, `pte`: stacks that lie far apart need more of them.
  private static func parked(_ name: String, _ count: Int, _ wait: @escaping @Sendable (Channel<Int>) -> Void)
  {
    let name = "\(name)-\(count / 1000)k"
    let before = Memory.now()
    let up = WaitGroup()
    let down = WaitGroup()
    up.add(count)
    down.add(count)
    let gate = Channel<Int>()
    let spawnStart = Clock.wall()
    for _ in 0..<count {
      go {
        up.done()
        wait(gate)
        down.done()
      }
    }
    up.wait()
    for _ in 0..<100 { MPG.yield() }
    let spawned = Clock.wall() - spawnStart
    MPG.sleep(.milliseconds(50))
    let after = Memory.now()
    Report.line(name + ".rss", Double(after.resident - before.resident) / Double(count), "bytes/goroutine")
    Report.line(
      name + ".pte", Double(after.pageTables - before.pageTables) / Double(count), "bytes/goroutine")
    Report.line(name + ".spawn", Double(spawned) / Double(count), "ns/op")
    let wakeStart = Clock.wall()
    gate.close()
    down.wait()
    Report.line(name + ".wake-all", Double(Clock.wall() - wakeStart) / Double(count), "ns/op")
  }

  /// Waits in a recursion `levels` deep, with 192 bytes in each frame.
  @inline(never)
  private static func deep(_ gate: Channel<Int>, levels: Int) -> UInt8 {
    unsafe withUnsafeTemporaryAllocation(byteCount: 192, alignment: 8) { pad in
      unsafe pad[levels] = UInt8(levels)
      if levels == 0 {
        _ = gate.receive()
        return unsafe pad[0]
      }
      return unsafe deep(gate, levels: levels - 1) &+ pad[levels]
    }
  }
}
