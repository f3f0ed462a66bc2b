// Switching from one G to another: yields, round trips over channels, and a token around a ring.
import MPG

extension Measure {
  static let switching = [
    // One op is one yield. With two Gs the queues are nearly empty, with a thousand they are long.
    Measure(name: "yield-2", procs: 1, operations: 20_000_000) { yields("yield-2", gs: 2, total: $0) },
    Measure(name: "yield-1000", procs: 2, operations: 20_000_000) {
      yields("yield-1000", gs: 1000, total: $0)
    },
    // One op is a full round trip of a value: two switches, and two channel operations on each side.
    Measure(name: "pingpong", procs: 1, operations: 5_000_000, run: pingpong),
    // One op is one hop of the token.
    Measure(name: "ring", procs: 1, operations: 10_000_000) { ring("ring", size: 1000, hops: $0) },
    Measure(name: "ring-100k", procs: 1, operations: 5_000_000) {
      ring("ring-100k", size: 100_000, hops: $0)
    },
  ]

  private static func yields(_ name: String, gs: Int, total: Int) {
    let each = total / gs
    Report.timed(name, operations: each * gs) {
      let group = WaitGroup()
      group.add(gs)
      for _ in 0..<gs {
        go {
          for _ in 0..<each { MPG.yield() }
          group.done()
        }
      }
      group.wait()
    }
  }

  private static func pingpong(rounds: Int) {
    Report.timed("pingpong", operations: rounds) {
      let ping = Channel<Int>()
      let pong = Channel<Int>()
      go {
        while let value = ping.receive() { pong.send(value + 1) }
        pong.close()
      }
      for round in 0..<rounds {
        ping.send(round)
        precondition(pong.receive() == round + 1, "pingpong: a reply was lost")
      }
      ping.close()
    }
  }

  /// Sends a token around a ring of Gs. The token is a number, which each hop lowers by one. At 0 the clock stops; a negative
  /// number ends the Gs of the ring.
  private static func ring(_ name: String, size: Int, hops: Int) {
    let first = Channel<Int>()
    let done = Channel<Int>()
    var incoming = first
    for index in 0..<size {
      let outgoing = index < size - 1 ? Channel<Int>() : first
      let from = incoming
      go { pass(from: from, to: outgoing, done: done, last: -size) }
      incoming = outgoing
    }
    let whole = hops - hops % size  // whole rounds: the token ends at the first G
    first.send(size)
    _ = done.receive()
    Report.timed(name, operations: whole) {
      first.send(whole)
      _ = done.receive()
    }
    first.send(-1)
  }

  private static func pass(from: Channel<Int>, to: Channel<Int>, done: Channel<Int>, last: Int) {
    while let value = from.receive() {
      if value > 0 {
        to.send(value - 1)
      } else if value == 0 {
        done.send(0)
      } else {
        if value > last { to.send(value - 1) }
        return
      }
    }
  }
}
