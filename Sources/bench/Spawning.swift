// Creating, running and freeing Gs: in bounded batches, all at once, one by one, and as a tree.
import MPG

extension Measure {
  static let spawning = [
    // One op is a G that is created, does nothing and ends.
    Measure(name: "spawn-bounded", procs: 2, operations: 2_000_000, run: spawnBounded),
    Measure(name: "spawn-unbounded", procs: 2, operations: 1_000_000, run: spawnUnbounded),
    Measure(name: "spawn-join", procs: 1, operations: 2_000_000, run: spawnJoin),
    // One op is one leaf of a tree of fan-out 10: 1.11 Gs each.
    Measure(name: "skynet", procs: 2, operations: 1_000_000, run: skynet),
  ]

  private static func spawnBounded(total: Int) {
    let batch = 1000
    Report.timed("spawn-bounded", operations: total) {
      let group = WaitGroup()
      for _ in stride(from: 0, to: total, by: batch) {
        group.add(batch)
        for _ in 0..<batch { go { group.done() } }
        group.wait()
      }
    }
  }

  private static func spawnUnbounded(total: Int) {
    Report.timed("spawn-unbounded", operations: total) {
      let group = WaitGroup()
      group.add(total)
      for _ in 0..<total { go { group.done() } }
      group.wait()
    }
  }

  /// Creates one G and waits until it has ended, again and again. This measures latency: there is never a batch of Gs over
  /// which the cost could be spread.
  private static func spawnJoin(total: Int) {
    Report.timed("spawn-join", operations: total) {
      let done = Channel<Void>()
      for _ in 0..<total {
        go { done.send(()) }
        _ = done.receive()
      }
    }
  }

  private static func skynet(leaves: Int) {
    Report.timed("skynet", operations: leaves) {
      let result = Channel<Int>()
      go { tree(result, number: 0, size: leaves) }
      precondition(result.receive() == leaves * (leaves - 1) / 2, "skynet: wrong sum; is -n a power of ten?")
    }
  }

  private static func tree(_ parent: Channel<Int>, number: Int, size: Int) {
    guard size > 1 else { return parent.send(number) }
    let results = Channel<Int>()
    for child in 0..<10 {
      go { tree(results, number: number + child * (size / 10), size: size / 10) }
    }
    var sum = 0
    for _ in 0..<10 { sum += results.receive() ?? 0 }
    parent.send(sum)
  }
}
