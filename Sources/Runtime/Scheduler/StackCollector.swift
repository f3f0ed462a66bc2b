// The gc thread. Swift frees memory by counting references, so there is no heap to mark; what this thread collects is
// what the runtime itself leaves behind after a burst: the memory of stacks that nobody uses.
//
// A cycle begins when the pool holds twice as many warm stacks as it keeps. Stacks are taken out in small batches, so
// that those who need one are not held up, their memory is given to the system, and they go back as cold ones.
import CMPG
import Glibc
import Region
import Synchronization

final class StackCollector: Sendable {
  private let requested = Atomic<Bool>(false)
  private let spareWanted = Atomic<Bool>(false)

  /// Asks for a cycle. Any thread; cheap when one was asked for already.
  func request() {
    guard !requested.exchange(true, ordering: .acquiringAndReleasing) else { return }
    unsafe collectorM?.wake()
  }

  /// Asks for an M more than there are: sysmon cannot start threads, which allocates. Any thread.
  func requestSpare() {
    guard !spareWanted.exchange(true, ordering: .acquiringAndReleasing) else { return }
    unsafe collectorM?.wake()
  }

  /// The life of the gc thread.
  func run(_ m: M) -> Never {
    while true {
      m.sleepUntilWoken(nanoseconds: sched.shortages.pause)
      sched.shortages.look(m)
      if spareWanted.load(ordering: .acquiring) {
        sched.startSpare(by: m)
        spareWanted.store(false, ordering: .releasing)
      }
      if requested.exchange(false, ordering: .sequentiallyConsistent) { cycle(m) }
    }
  }

  private func cycle(_ m: M) {
    let gauges = sched.shared
    m.emit(.gcStart)
    var freed = 0
    while true {
      let batch = unsafe sched.stacks.takeExcess(64)
      guard unsafe !batch.isEmpty else { break }
      for index in 0..<(unsafe batch.count) { freed += unsafe release(batch[index]) }
      unsafe sched.stacks.putCold(batch)
    }
    gauges[.gcCycles].bump()
    gauges[.gcFreed].bump(by: UInt64(freed))
    m.emit(.gcEnd, arg: UInt64(freed))
  }

  /// Gives the memory of a stack to the system; how many bytes there were.
  private func release(_ stack: UnsafeMutableRawPointer) -> Int {
    let low = unsafe stack + StackSize.guardBytes
    let size = StackSize.stride - StackSize.guardBytes
    var pages = [UInt8](repeating: 0, count: size / 4096)
    let resident = unsafe mincore(low, size, &pages) == 0 ? pages.count { $0 & 1 != 0 } : 0
    unsafe madvise(low, size, MADV_DONTNEED)
    return resident * 4096
  }
}

/// The gc thread's M; set at boot, before any G runs.
nonisolated(unsafe) var collectorM: M?
