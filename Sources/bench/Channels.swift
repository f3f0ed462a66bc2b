// Throughput of channels: one op is one message.
import MPG
import Synchronization

extension Measure {
  static let channels = [
    Measure(name: "chan-buffered-1:1", procs: 2, operations: 20_000_000) {
      stream("chan-buffered-1:1", producers: 1, consumers: 1, capacity: 128, total: $0)
    },
    Measure(name: "chan-buffered-8:8", procs: 2, operations: 10_000_000) {
      stream("chan-buffered-8:8", producers: 8, consumers: 8, capacity: 128, total: $0)
    },
    Measure(name: "chan-unbuffered-1:1", procs: 2, operations: 5_000_000) {
      stream("chan-unbuffered-1:1", producers: 1, consumers: 1, capacity: 0, total: $0)
    },
  ]

  /// The sum of all received messages, over all consumers.
  private final class Sum: Sendable { let total = Atomic(0) }

  private static func stream(_ name: String, producers: Int, consumers: Int, capacity: Int, total: Int) {
    let each = total / producers
    Report.timed(name, operations: each * producers) {
      let channel = Channel<Int>(capacity: capacity)
      let sending = WaitGroup()
      let receiving = WaitGroup()
      let sum = Sum()
      sending.add(producers)
      receiving.add(consumers)
      for _ in 0..<producers {
        go {
          for _ in 0..<each { channel.send(1) }
          sending.done()
        }
      }
      for _ in 0..<consumers {
        go {
          var got = 0
          while let value = channel.receive() { got += value }
          sum.total.add(got, ordering: .relaxed)  // relaxed: `receiving.wait()` publishes the sum
          receiving.done()
        }
      }
      sending.wait()
      channel.close()
      receiving.wait()
      precondition(sum.total.load(ordering: .relaxed) == each * producers, "\(name): lost messages")
    }
  }
}
