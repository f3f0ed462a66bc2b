// The gc thread. Swift frees memory by counting references, so there is no heap to mark. This thread collects what the
// runtime itself leaves behind after a burst: stacks and their page tables, descriptors of Gs, the tail of the G table
// in the region, heaps of timers, and what the Ps' caches and malloc keep. It also does work that other threads must
// leave alone, because it allocates: it starts spare Ms, ends Ms that nobody needs (Ending.swift), cleans up retired Ps
// (Procs §3), and looks again where there was a shortage (Shortages §3).
//
// §1 The problem. Free memory is soon wanted again, and giving it back and getting it again both cost time. But memory
// that is never given back is lost to the machine. A server's load goes up and down by the second.
//
// §2 The pacer decides how much to keep: a quarter of the stacks, and of the descriptors, that were in use *lately*,
// plus a floor. "Lately in use" is the number in use now, or half of what "lately in use" was at the last look,
// whichever is more. So the pacer forgets a burst of a million after some three seconds, and a load that comes back
// within a second finds most of what it needs.
//
// §3 The trigger. A thread that gives a stack or a descriptor back asks for a look, if the pool then holds more than
// twice what the last look decided to keep. While the pacer still remembers a burst, or memory remains to be given
// back, a look follows every 200 ms. After that the gc thread sleeps without limit, so an idle process costs nothing. A
// look that finds too much starts a cycle, which readers see by its events and gauges. A cycle consists of steps. Each
// step takes a batch out under the pool's lock, gives its memory to the system without a lock, and puts the batch back.
// However often a look is asked for, it comes at the earliest 200 ms after the one before. The reason: a cycle cannot
// give back memory that is left in pieces that are too small, so without this limit every G that ends would ask for the
// next look in vain.
//
// §4 Free stacks and descriptors in the Ps' caches would keep a slab of stacks, or the tail of the G table, from being
// wholly free. So a cycle asks every P to give them back: the gc thread empties the caches of idle Ps itself, and an M
// that holds a P empties that P's caches at its next scheduling point.
import CMPG
import Region
import Synchronization

final class Collector: Sendable {
  /// The requests that can be made to the gc thread.
  enum Wish: UInt32 {
    /// A look at the pools.
    case look = 1
    /// Starting a spare M. Sysmon cannot start a thread itself, because that allocates.
    case spare = 2
    /// Cleaning up Ps that were retired.
    case cleanPs = 4
    /// Ending Ms, because more Ms are idle than are to be kept.
    case endMs = 8
  }

  private let wishes = Atomic<UInt32>(0)
  /// The number of free stacks above which the gc thread is asked for a look.
  private let stackTrigger = Atomic<Int>(2 * Pacer.stackFloor)
  /// The number of free descriptors above which the gc thread is asked for a look.
  private let descriptorTrigger = Atomic<Int>(2 * Pacer.descriptorFloor)

  /// Asks for `wish`. Any thread; cheap when the same wish is pending already. Allocates nothing and takes no lock.
  func request(_ wish: Wish) {
    let old = wishes.bitwiseOr(wish.rawValue, ordering: .acquiringAndReleasing).oldValue
    if old & wish.rawValue == 0 { unsafe collectorM?.wake() }
  }

  func requestSpare() { request(.spare) }

  /// Called by the stack pool with the number of free stacks. Asks for a look when there are too many.
  func noteFree(stacks: Int) {
    if stacks > stackTrigger.load(ordering: .relaxed) { request(.look) }
  }

  func noteFree(descriptors: Int) {
    if descriptors > descriptorTrigger.load(ordering: .relaxed) { request(.look) }
  }

  /// The loop of the gc thread.
  func run(_ m: M) -> Never {
    var pacer = Pacer()
    // `next`: when the next look is due; nil: no look is due. `earliest`: there must be no look before this
    // moment.
    var (next, earliest): (UInt64?, UInt64) = (nil, 0)
    var threads = ThreadPacer()
    while true {
      let pause = Self.sooner(Self.untilNext(next), Self.untilNext(threads.due))
      m.sleepUntilWoken(nanoseconds: Self.sooner(pause, sched.shortages.pause))
      sched.shortages.look(m)
      // The wish for a look stays set until the look comes, so that it wakes this thread only once.
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
    // An M that went to sleep before the line above found the wish still set, and so did not wake this thread. So
    // look at the number of idle Ms once more.
    sched.noteIdleM()
  }

  private static func untilNext(_ next: UInt64?) -> Int64 {
    guard let next else { return -1 }
    let now = Clock.now
    return next > now ? Int64(clamping: Clock.nanoseconds(ticks: next - now)) + 1 : 0
  }

  /// The shorter of two times to sleep, in nanoseconds; < 0 means for ever.
  private static func sooner(_ a: Int64, _ b: Int64) -> Int64 { a < 0 ? b : b < 0 ? a : min(a, b) }

  /// Looks at the pools, and gives memory back if they hold too much. True: look again soon.
  private func look(_ m: M, _ pacer: inout Pacer) -> Bool {
    let (stacks, descriptors) = (sched.stacks.usage, sched.descriptors.usage)
    pacer.note(stacks: stacks.inUse, descriptors: descriptors.inUse)
    stackTrigger.store(2 * pacer.keptStacks, ordering: .relaxed)
    descriptorTrigger.store(2 * pacer.keptDescriptors, ordering: .relaxed)
    let isTailLong = descriptors.tail > pacer.keptDescriptors + 2 * RegionFile.slotBatch
    guard stacks.warm > pacer.keptStacks || descriptors.idle > pacer.keptDescriptors || isTailLong else {
      return !pacer.isSettled
    }
    // Look once more even when all is settled: Ps that were busy give back what they cached only now (§4).
    return cycle(m, pacer) > 0 || !pacer.isSettled
  }

  /// One cycle of giving memory back. Returns how many bytes it gave back.
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
    // Makes malloc give back what its arenas keep after a burst. Each arena keeps a free end of the size that the
    // program has chosen (M_TRIM_THRESHOLD). How many bytes come back is not known, so `freed` does not count them. The
    // call takes the arenas' locks, and time, so make it only after a burst.
    if freed > Self.burst || hasShrunk { mpg_trim() }
    sched.shared[.gcCycles].bump()
    sched.shared[.gcFreed].bump(by: UInt64(freed))
    m.emit(.gcEnd, arg: UInt64(freed))
    return freed
  }

  /// If a cycle gives back more bytes than this, a burst of Gs or stacks came before it.
  private static let burst = 1 << 20

  /// Makes every P give back what its caches hold (§4). Meanwhile the idle Ps are off their list, so a submitter may
  /// look for an idle P in vain; therefore this function in the end wakes an M if there is work.
  private func flushCaches(_ m: M) {
    let sched = sched
    for id in 0..<sched.psBound { sched.p(id).ask(for: .flush) }
    var taken: [P] = []
    taken.reserveCapacity(sched.psMade)  // nothing may allocate under the lock
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

/// How much memory to keep; see §2.
struct Pacer {
  static let stackFloor = 64
  static let descriptorFloor = 1024
  /// The time from one look to the next, in nanoseconds.
  static let pause: UInt64 = 200_000_000

  private var stacks = 0
  private var descriptors = 0
  /// Whether usage has not dropped much since the last look, so that another look would find the same.
  private(set) var isSettled = true

  /// Notes what is in use now.
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
