// Turns: how late a sleeping G gets its turn beside Gs that never yield, and how long Gs that yield wait for their next turn.
import Glibc
import MPG

extension Measure {
  static let turns =
    [2, 4, 10].map { hogs in
      // Measures the lateness of one G that sleeps 5 ms at a time.
      Measure(name: "sleep-hogs-\(hogs)", procs: 2, operations: 200, preempts: true) {
        sleepBesideHogs("sleep-hogs-\(hogs)", hogs: hogs, count: $0)
      }
    } + [Measure(name: "yield-fair", procs: 1, operations: 200, run: yieldFairly)]

  private static func sleepBesideHogs(_ name: String, hogs: Int, count: Int) {
    let flag = Flag()
    let group = WaitGroup()
    group.add(hogs)
    for _ in 0..<hogs {
      go {
        hog(until: flag)
        group.done()
      }
    }
    Report.spread("\(name).late", sleeps(count, milliseconds: 5))
    flag.stop.store(true, ordering: .relaxed)
    group.wait()
  }

  /// Ten Gs compute 300 µs and yield, again and again. Measures how long they wait for their next turn. Beside them one more
  /// G makes system calls of 5 ms, from which it returns to the GRQ. Measures how late that G goes on after a call.
  private static func yieldFairly(count: Int) {
    let flag = Flag()
    let turns = Turns()
    let group = WaitGroup()
    group.add(10)
    for _ in 0..<10 {
      go {
        var mine: [Int64] = []
        while !flag.stop.load(ordering: .relaxed) {
          spin(nanoseconds: 300_000)
          let start = Clock.wall()
          MPG.yield()
          mine.append(Clock.wall() - start)
        }
        turns.lock.withLock { turns.all += mine }
        group.done()
      }
    }
    let late = (0..<count).map { _ in
      let start = Clock.wall()
      blocking { _ = usleep(5000) }
      return Clock.wall() - start - 5_000_000
    }
    flag.stop.store(true, ordering: .relaxed)
    group.wait()
    Report.spread("yield-fair.turn", turns.lock.withLock { turns.all })
    Report.spread("yield-fair.call", late)
  }

  /// How long the Gs waited for their turns.
  ///
  /// Safe because it is touched only while the mutex is locked.
  private final class Turns: @unchecked Sendable {
    let lock = Mutex()
    var all: [Int64] = []
  }
}
