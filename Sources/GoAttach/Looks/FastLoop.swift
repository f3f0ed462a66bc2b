// The fast loop: a look at the scheduler and all Ps 500 times a second, on a thread of its own.
//
// Run queues fill and empty in less than a millisecond. A look four times a second shows neither how deep they mostly are nor
// how deep they become. Therefore many cheap looks are taken, and kept as means and peaks in slices of a twentieth of a second.
// Each reader asks for the slices since a moment that it chooses, so no reader takes peaks away from another.
internal import Glibc
import Host
import Observed
import Synchronization

/// What many looks together saw of the run queues. A plain value.
package struct LookSums: Sendable, Equatable {
  package struct Queue: Sendable, Equatable {
    package var sum = 0
    package var peak = 0

    mutating func add(_ depth: Int) {
      sum &+= depth
      peak = max(peak, depth)
    }

    mutating func merge(_ other: Queue) {
      sum &+= other.sum
      peak = max(peak, other.peak)
    }
  }

  package var looks = 0
  package var grq = Queue()
  package var lrqs: [Queue] = []

  package mutating func add(_ look: FastLook) {
    looks += 1
    grq.add(look.grq)
    while lrqs.count < look.ps.count { lrqs.append(Queue()) }
    for (index, p) in look.ps.enumerated() { lrqs[index].add(p.depth) }
  }

  package mutating func merge(_ other: LookSums) {
    looks += other.looks
    grq.merge(other.grq)
    for (index, queue) in other.lrqs.enumerated() {
      if index < lrqs.count { lrqs[index].merge(queue) } else { lrqs.append(queue) }
    }
  }

  /// The mean depth of a queue over all looks; nil: there was no look.
  package func mean(_ queue: Queue) -> Double? { looks > 0 ? Double(queue.sum) / Double(looks) : nil }
}

/// Looks at one target again and again. May be used from any thread. The loop ends when this object is freed.
package final class FastLoop: Sendable {
  private struct Slices {
    var slices: [(start: UInt64, sums: LookSums)] = []
    var problem: MemoryProblem?
    /// How long the last look at the queues took, in nanoseconds.
    var cost: UInt64 = 0
  }

  private final class Desk: Sendable {
    let slices = Mutex(Slices())
    let isOver = Atomic(false)
  }

  private let desk = Desk()

  /// How long a slice is, how long it is kept, and how far apart two looks are, in nanoseconds.
  private static let (slice, kept): (UInt64, UInt64) = (50_000_000, 5_000_000_000)
  package static let interval: UInt64 = 2_000_000
  /// Looks may take one part in this many of the thread's time. With many Ps a look takes longer, so looks
  /// are taken less often.
  private static let share: UInt64 = 100

  /// Starts the loop, which looks every `interval` nanoseconds, or less often if a look takes long.
  package init(_ program: GoProgram, every interval: UInt64 = FastLoop.interval) {
    let desk = desk
    // If no thread can be started, means and peaks of the queues' depths are not known, and everything else
    // works.
    _ = OwnThread.begin { Self.run(FastReader(program), desk, every: interval) }
  }

  deinit { desk.isOver.store(true, ordering: .relaxed) }

  private static func run(_ reader: consuming FastReader, _ desk: Desk, every interval: UInt64) {
    var reader = reader
    while !desk.isOver.load(ordering: .relaxed) {
      let (start, work) = (monotonicNow(), CPUWork(of: .thread))
      do throws(MemoryProblem) {
        try reader.read()
      } catch {
        desk.slices.withLock { $0.problem = error }
        if error == .gone { return }
      }
      note(reader.look, start, monotonicNow(), desk)
      usleep(UInt32(clamping: max(interval, min(work.spent * share, 50_000_000)) / 1000))
    }
  }

  private static func note(_ look: FastLook, _ start: UInt64, _ end: UInt64, _ desk: Desk) {
    desk.slices.withLock { all in
      all.cost = end - start
      if all.slices.last.map({ start >= $0.start + slice }) ?? true {
        all.slices.append((start, LookSums()))
        if let old = all.slices.firstIndex(where: { $0.start + kept > start }), old > 0 {
          all.slices.removeFirst(old)
        }
      }
      all.slices[all.slices.count - 1].sums.add(look)
    }
  }

  /// The sums over all looks since the moment `start`, in nanoseconds of the monotonic clock. Looks are kept in slices of time;
  /// a slice that ends after `start` counts as a whole.
  package func sums(since start: UInt64) -> LookSums {
    desk.slices.withLock { all in
      all.slices.filter { $0.start + Self.slice > start }.reduce(into: LookSums()) { $0.merge($1.sums) }
    }
  }

  /// The reason why the loop could not look lately; `gone` if the target has ended.
  package var problem: MemoryProblem? { desk.slices.withLock { $0.problem } }

  /// How long the last look at the queues took, in nanoseconds.
  package var cost: UInt64 { desk.slices.withLock { $0.cost } }
}
