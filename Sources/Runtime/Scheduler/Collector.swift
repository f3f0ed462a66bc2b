// The gc thread. Swift frees memory by counting references, so there is no heap to mark; what this thread collects is
// what the runtime itself leaves behind after a burst: stacks and their page tables, descriptors of Gs, the tail of the
// G table in the region, heaps of timers, what the Ps' caches and malloc keep. It also does for others what allocates:
// it starts spare Ms, ends those that nobody needs (Ending.swift), cleans up Ps that were stopped (Procs §3), and looks again
// where there was a shortage (Shortages §3).
//
// §1 The problem. Memory that is free is soon wanted again, and taking it back costs time, twice; memory that is never
// taken back is lost to the machine. A server's load goes up and down by the second.
//
// §2 The pacer. Of stacks and of descriptors it keeps a quarter of what was in use *lately*, and a floor. Lately is
// what is in use now, or half of what it was at the last look, whichever is more: after a burst of a million it takes
// some three seconds to be forgotten, and a load that comes back within a second finds most of what it needs.
//
// §3 The trigger. Who gives back to a pool that then holds more than twice what was to be kept asks for a look. While
// anything is to be forgotten or taken back, a look follows every 200 ms; then the thread sleeps without limit, so an
// idle process costs nothing. A look that finds too much is a cycle: events, gauges, and steps that take a batch out
// under the pool's lock, give it to the system without a lock, and put it back. However often it is asked for, a look
// comes 200 ms after the one before at the earliest: of what was left in pieces, too small to be given back, a cycle
// takes nothing, and every G that ends would ask for the next one.
//
// §4 What the Ps' caches hold would keep a slab or the tail of the table from being free. A cycle asks every P to give
// it back: the idle ones are emptied here, the others do it at their next scheduling point.
import CMPG
import Region
import Synchronization

final class Collector: Sendable {
  /// What the thread can be asked for.
  enum Wish: UInt32 {
    /// A look at the pools.
    case look = 1
    /// An M more than there are: sysmon cannot start threads, which allocates.
    case spare = 2
    /// Ps were retired.
    case cleanPs = 4
    /// More Ms sleep than are to be kept.
    case endMs = 8
  }

  private let wishes = Atomic<UInt32>(0)
  /// Free stacks, and descriptors, from which on a look is asked for.
  private let stackTrigger = Atomic<Int>(2 * Pacer.stackFloor)
  private let descriptorTrigger = Atomic<Int>(2 * Pacer.descriptorFloor)

  /// Any thread; cheap when it was asked for already. Allocates nothing and takes no lock.
  func request(_ wish: Wish) {
    let old = wishes.bitwiseOr(wish.rawValue, ordering: .acquiringAndReleasing).oldValue
    if old & wish.rawValue == 0 { unsafe collectorM?.wake() }
  }

  func requestSpare() { request(.spare) }

  /// A pool has so many.
  func noteFree(stacks: Int) {
    if stacks > stackTrigger.load(ordering: .relaxed) { request(.look) }
  }

  func noteFree(descriptors: Int) {
    if descriptors > descriptorTrigger.load(ordering: .relaxed) { request(.look) }
  }

  /// The life of the gc thread.
  func run(_ m: M) -> Never {
    var pacer = Pacer()
    // When the next look is due, if there is to be one, and when one may come at the earliest.
    var (next, earliest): (UInt64?, UInt64) = (nil, 0)
    var threads = ThreadPacer()
    while true {
      let pause = Self.sooner(Self.untilNext(next), Self.untilNext(threads.due))
      m.sleepUntilWoken(nanoseconds: Self.sooner(pause, sched.shortages.pause))
      sched.shortages.look(m)
      // The wishes for a look stand until that comes, so that they wake this thread once.
      let standing = Wish.look.rawValue | Wish.endMs.rawValue
      let asked = wishes.bitwiseAnd(standing, ordering: .acquiringAndReleasing).oldValue
      if asked & Wish.endMs.rawValue != 0 { lookAtThreads(&threads, by: m) }
      if asked & Wish.spare.rawValue != 0 { sched.startSpare(by: m) }
      if asked & Wish.cleanPs.rawValue != 0 { sched.cleanPs(by: m) }
      if next == nil, asked & Wish.look.rawValue != 0 { next = earliest }
      guard let due = next, due <= Clock.now else { continue }
      wishes.bitwiseAnd(~Wish.look.rawValue, ordering: .acquiringAndReleasing)
      let isWanted = look(m, &pacer)
      earliest = Clock.now &+ Clock.ticks(nanoseconds: Pacer.pause)
      next = isWanted ? earliest : nil
    }
  }

  private func lookAtThreads(_ threads: inout ThreadPacer, by m: M) {
    threads.begin()
    guard !threads.look(by: m) else { return }
    wishes.bitwiseAnd(~Wish.endMs.rawValue, ordering: .acquiringAndReleasing)
    // Who went to sleep before saw the wish stand.
    sched.noteIdleM()
  }

  private static func untilNext(_ next: UInt64?) -> Int64 {
    guard let next else { return -1 }
    let now = Clock.now
    return next > now ? Int64(clamping: Clock.nanoseconds(ticks: next - now)) + 1 : 0
  }

  /// Of two times to sleep, of which < 0 is for ever.
  private static func sooner(_ a: Int64, _ b: Int64) -> Int64 { a < 0 ? b : b < 0 ? a : min(a, b) }

  /// Looks at the pools; whether to look again soon.
  private func look(_ m: M, _ pacer: inout Pacer) -> Bool {
    let (stacks, descriptors) = (sched.stacks.usage, sched.descriptors.usage)
    pacer.note(stacks: stacks.inUse, descriptors: descriptors.inUse)
    stackTrigger.store(2 * pacer.keptStacks, ordering: .relaxed)
    descriptorTrigger.store(2 * pacer.keptDescriptors, ordering: .relaxed)
    let isTailLong = descriptors.tail > pacer.keptDescriptors + 2 * RegionFile.slotBatch
    guard stacks.warm > pacer.keptStacks || descriptors.idle > pacer.keptDescriptors || isTailLong else {
      return !pacer.isSettled
    }
    // Once more, also when all is settled: Ps that were busy give back only now (§4).
    return cycle(m, pacer) > 0 || !pacer.isSettled
  }

  /// How many bytes were given back.
  private func cycle(_ m: M, _ pacer: Pacer) -> Int {
    m.emit(.gcStart)
    flushCaches(m)
    var freed = 0
    var top = Int.max
    while let bytes = sched.stacks.reclaim(keeping: pacer.keptStacks, below: &top) { freed += bytes }
    top = .max
    while let bytes = sched.descriptors.reclaim(keeping: pacer.keptDescriptors, below: &top) {
      freed += bytes
    }
    while case let bytes = sched.descriptors.trim(keeping: pacer.keptDescriptors), bytes > 0 {
      freed += bytes
    }
    var hasShrunk = false
    for id in 0..<sched.psBound where sched.p(id).timers.shrink() { hasShrunk = true }
    // What malloc's arenas keep after a burst, but for so much of the free end of each as the program wants to keep
    // (M_TRIM_THRESHOLD). It does not say how much that was; and it takes their locks, and time.
    if freed > Self.burst || hasShrunk { mpg_trim() }
    sched.shared[.gcCycles].bump()
    sched.shared[.gcFreed].bump(by: UInt64(freed))
    m.emit(.gcEnd, arg: UInt64(freed))
    return freed
  }

  /// A cycle that gives back so much has a burst behind it.
  private static let burst = 1 << 20

  /// §4. The idle Ps are taken off their list meanwhile; so a P may be wanted in vain, and is made good for.
  private func flushCaches(_ m: M) {
    let sched = sched
    for id in 0..<sched.psBound { sched.p(id).ask(for: .flush) }
    var taken: [P] = []
    taken.reserveCapacity(sched.psMade)  // none may allocate under the lock
    sched.lock.lock()
    while let p = sched.popIdleP() { taken.append(p) }
    sched.lock.unlock()
    for p in taken {
      p.settle(.flush)
      p.flushCaches()
    }
    sched.lock.lock()
    for p in taken.reversed() { sched.giveUp(p, by: m) }
    sched.lock.unlock()
    sched.netpoll.arm(m)
    if sched.hasWork { sched.wakePAfterSubmit(m) }
  }
}

/// How much to keep; see §2.
struct Pacer {
  static let stackFloor = 64
  static let descriptorFloor = 1024
  /// Nanoseconds from look to look.
  static let pause: UInt64 = 200_000_000

  private var stacks = 0
  private var descriptors = 0
  /// Whether what is in use is what was, so that another look would find the same.
  private(set) var isSettled = true

  /// What is in use now.
  mutating func note(stacks: Int, descriptors: Int) {
    isSettled = stacks >= self.stacks / 2 && descriptors >= self.descriptors / 2
    self.stacks = max(stacks, self.stacks / 2)
    self.descriptors = max(descriptors, self.descriptors / 2)
  }

  var keptStacks: Int { stacks / 4 + Self.stackFloor }
  var keptDescriptors: Int { descriptors / 4 + Self.descriptorFloor }
}

/// The gc thread's M; set at boot, before any G runs.
nonisolated(unsafe) var collectorM: M?
