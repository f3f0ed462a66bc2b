// The cost of select, of a mutex for which no G waits, and of a mutex that eight Gs want.
import MPG

extension Measure {
  static let selecting = [
    // One op is a send into one of two channels, and a select that receives the value.
    Measure(name: "select-2", procs: 1, operations: 5_000_000, run: selectOfTwo),
    // One op is one lock, one addition and one unlock.
    Measure(name: "mutex-uncontended", procs: 1, operations: 50_000_000) {
      mutex("mutex-uncontended", gs: 1, total: $0)
    },
    Measure(name: "mutex-8", procs: 2, operations: 10_000_000) { mutex("mutex-8", gs: 8, total: $0) },
  ]

  private static func selectOfTwo(total: Int) {
    Report.timed("select-2", operations: total) {
      let (a, b) = (Channel<Int>(capacity: 1), Channel<Int>(capacity: 1))
      for index in 0..<total {
        (index & 1 == 0 ? a : b).send(index)
        select {
          $0.receive(from: a) { _ in }
          $0.receive(from: b) { _ in }
        }
      }
    }
  }

  /// A number that a mutex guards.
  ///
  /// Safe because it is touched only while the mutex is locked.
  private final class Guarded: @unchecked Sendable {
    let mutex = Mutex()
    var held = 0
  }

  private static func mutex(_ name: String, gs: Int, total: Int) {
    let each = total / gs
    Report.timed(name, operations: each * gs) {
      let guarded = Guarded()
      let group = WaitGroup()
      group.add(gs)
      for _ in 0..<gs {
        go {
          for _ in 0..<each {
            guarded.mutex.lock()
            guarded.held += 1
            guarded.mutex.unlock()
          }
          group.done()
        }
      }
      group.wait()
      precondition(guarded.held == each * gs, "\(name): two Gs held the mutex at once")
    }
  }
}
