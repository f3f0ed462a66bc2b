// How late Gs wake from a sleep, when a hundred thousand sleep at once.
import MPG

extension Measure {
  static let sleeping = [
    Measure(name: "sleep-storm", procs: 2, operations: 100_000, run: sleepStorm)
  ]

  /// The lateness of each sleeper, in nanoseconds.
  ///
  /// Safe because each index is written by one G only, and read after all of them are done.
  @safe private final class Samples: @unchecked Sendable {
    private let slots: UnsafeMutableBufferPointer<Int64>  // owned here, freed in deinit
    init(count: Int) {
      unsafe slots = .allocate(capacity: count)
      unsafe slots.initialize(repeating: 0)
    }
    deinit { unsafe slots.deallocate() }
    func record(_ index: Int, _ nanoseconds: Int64) { unsafe slots[index] = nanoseconds }
    var all: [Int64] { unsafe Array(slots) }
  }

  /// Starts `count` Gs that each sleep for a pseudo-random 1 to 100 ms. Each G measures its lateness from its own
  /// reading of the clock.
  private static func sleepStorm(count: Int) {
    let late = Samples(count: count)
    var seed: UInt32 = 1
    let group = WaitGroup()
    group.add(count)
    let cpu = Clock.cpu()
    let start = Clock.wall()
    for index in 0..<count {
      seed = seed &* 1_664_525 &+ 1_013_904_223
      let nap = 1_000_000 + Int64(seed >> 8) % 99_000_000
      go {
        let asleep = Clock.wall()
        MPG.sleep(.nanoseconds(nap))
        late.record(index, Clock.wall() - asleep - nap)
        group.done()
      }
    }
    group.wait()
    Report.line("sleep-storm.total", Double(Clock.wall() - start) / 1_000_000, "ms")
    Report.line("sleep-storm.cpu", Double(Clock.cpu() - cpu) / Double(count), "ns/op")
    Report.spread("sleep-storm.late", late.all)
  }
}
