// P: a processor, the right to run Gs. An M must hold a P to run a G; there are as many Ps as Gs may run at once.
//
// A P owns what would otherwise need locks: a run queue, timers, and caches of descriptors, stacks and names (Go's
// "mcache").
import HeapModule
import Region
import Synchronization

/// The private half of a P: what is constant once the P is made. Its pointers point to memory that is never freed.
@safe struct PRecord: ~Copyable {
  let id: Int
  let shared: Block<PField>
  let lane: Lane
  let lrq: LocalRunQueue
  let timers: Timers
  fileprivate let owned: UnsafeMutablePointer<POwned>
  fileprivate let requests: UnsafeMutablePointer<PRequests>
  /// A direct-mapped cache from the place of a `go` call to the string id of its name. Owner: the M that holds the P,
  /// as for `owned`.
  fileprivate let entries: UnsafeMutablePointer<(site: SpawnSite, id: UInt32)>
  fileprivate static let entrySlots = 64

  init(id: Int, region: borrowing RegionFile) {
    self.id = id
    shared = region.p(id)
    lane = region.lane(p: id)
    unsafe lrq = LocalRunQueue(block: shared, slots: region.lrqSlots(id))
    timers = Timers(shared)
    let now = Clock.now
    shared[.since].set(now)
    shared[.made].set(now)
    unsafe owned = .allocate(capacity: 1)
    unsafe owned.initialize(to: POwned())
    unsafe requests = .allocate(capacity: 1)
    unsafe requests.initialize(to: PRequests())
    unsafe entries = .allocate(capacity: Self.entrySlots)
    unsafe entries.initialize(repeating: (SpawnSite("", "", -1), 0), count: Self.entrySlots)
  }
}

/// The mutable part of a P. Its owner is the M that holds the P; while no M holds the P, the thread that holds the
/// scheduler's lock owns this part.
private struct POwned {
  /// Counts searches for a G. Every 61st search begins with the GRQ or the LRQ instead of `runnext`.
  var tick: UInt64 = 0
  /// When this P last searched outside of its own queue, in ticks; 0: that search found a G, so the P's own
  /// queue is next.
  var lookedElsewhere: UInt64 = 1
  /// Descriptors of dead Gs. The one that came in last goes out first.
  var freeGs = GQueueLIFO()
  /// Free stacks. The one that came in last, which is still warm, goes out first.
  var stacks = StackCache()
  /// Ids for new Gs, from `nextId` to below `idLimit`: a batch from the central counter.
  var nextId: UInt64 = 0
  var idLimit: UInt64 = 0
  /// How many spans have begun on this P.
  var spans: UInt64 = 0
  /// The next P on the list of idle Ps, or on the list of Ps that retire (Procs §3).
  var nextIdle: P?
  /// Which step of a change of procs the P is in. Read and written only under the scheduler's lock, even by the M that
  /// owns the P's other fields.
  var place = Procs.Place.open
}

/// The requests of other threads to a P. Each word is atomic; any thread may use it.
private struct PRequests: ~Copyable {
  /// The M inside a system call from which sysmon may take this P: id + 1; 0: none. See Syscall.swift.
  let syscallM = Atomic<UInt64>(0)
  /// The number of the current slice. Only the owner writes it.
  let slice = Atomic<UInt64>(0)
  /// The number of the slice that must end, plus 1; 0: none. See Preempt.swift.
  let endOfSlice = Atomic<UInt64>(0)
  /// What the holder must do at its next scheduling point: bits of `Procs.Attention`.
  let attention = Atomic<UInt32>(0)
}

/// A handle to a P. A copy refers to the same P.
///
/// Safe because: records of Ps are never freed while the process lives.
@safe struct P: Equatable {
  private let pointer: UnsafeMutablePointer<PRecord>

  init(_ pointer: UnsafeMutablePointer<PRecord>) { unsafe self.pointer = pointer }

  static func == (a: P, b: P) -> Bool { unsafe a.pointer == b.pointer }

  @inline(__always) var id: Int { unsafe pointer.pointee.id }
  @inline(__always) var shared: Block<PField> { unsafe pointer.pointee.shared }
  @inline(__always) var lane: Lane { unsafe pointer.pointee.lane }
  @inline(__always) var lrq: LocalRunQueue { unsafe pointer.pointee.lrq }
  @inline(__always) var timers: Timers { unsafe pointer.pointee.timers }
  private var requests: UnsafeMutablePointer<PRequests> { unsafe pointer.pointee.requests }
  @inline(__always) private var owned: UnsafeMutablePointer<POwned> { unsafe pointer.pointee.owned }
  var nextIdle: P? {
    get { unsafe owned.pointee.nextIdle }
    nonmutating set { unsafe owned.pointee.nextIdle = newValue }
  }

  /// Sets the status from `now` on (in ticks), and adds the time in the old status to its counter. Owner only.
  func change(to status: PStatus, at now: UInt64 = Clock.now) {
    let old = shared[.status].relaxed
    guard old != UInt64(status.rawValue) else { return }
    let spent = now &- shared[.since].relaxed
    switch PStatus(rawValue: UInt8(truncatingIfNeeded: old)) {
    case .idle, .stopped: shared[.idleTicks].bump(by: spent)
    case .spinning: shared[.spinTicks].bump(by: spent)
    case .syscall: shared[.callTicks].bump(by: spent)
    case .running, nil: break
    }
    shared[.since].set(now)
    shared[.status].publish(UInt64(status.rawValue))
  }

  /// Counts a search for a G, and returns the count.
  @inline(__always)
  func tick() -> UInt64 {
    unsafe owned.pointee.tick &+= 1
    return unsafe owned.pointee.tick
  }

  /// Notes the depth of the LRQ, so that readers do not miss a spike between two of their looks (`Peaks`).
  @inline(__always)
  func notePeak(at time: UInt64) {
    let shared = shared
    let depth = shared[.lrqTail].relaxed &- shared[.lrqHead].relaxed
    Peaks.note(depth, at: time) { shared[.lrqPeaks, $0] }
  }

  var place: Procs.Place {
    get { unsafe owned.pointee.place }
    nonmutating set { unsafe owned.pointee.place = newValue }
  }

  /// When this P last searched outside of its own queue; see FindRunnable §2. Owner only.
  var lookedElsewhere: UInt64 {
    get { unsafe owned.pointee.lookedElsewhere }
    nonmutating set { unsafe owned.pointee.lookedElsewhere = newValue }
  }

  // MARK: requests of others

  /// Whether the holder must do something besides running Gs. Cheap: this word is seldom written.
  @inline(__always)
  var needsAttention: Bool { unsafe requests.pointee.attention.load(ordering: .relaxed) != 0 }

  func asks(for what: Procs.Attention) -> Bool {
    unsafe requests.pointee.attention.load(ordering: .relaxed) & what.rawValue != 0
  }

  /// Whether the P is asked to retire: its number is not below the number of procs. Only a hint without the scheduler's
  /// lock.
  var mustRetire: Bool { asks(for: .retire) }

  /// Asks the holder of the P to do `what` at its next scheduling point. Any thread.
  func ask(for what: Procs.Attention) {
    unsafe requests.pointee.attention.bitwiseOr(what.rawValue, ordering: .relaxed)
  }

  /// Clears a request: the holder has met it, or the asker withdraws it.
  func settle(_ what: Procs.Attention) {
    unsafe requests.pointee.attention.bitwiseAnd(~what.rawValue, ordering: .relaxed)
  }

  /// A number that grows whenever a G starts or resumes on this P, or comes back to it from a system call.
  @inline(__always)
  var activity: UInt64 {
    let counters = lane.counters
    return counters[.started].relaxed &+ counters[.resumed].relaxed &+ counters[.syscallsReturned].relaxed
  }

  /// The number of the current slice (Preempt §7). While it stays the same, no other G had a turn on this P.
  @inline(__always)
  var slice: UInt64 { unsafe requests.pointee.slice.load(ordering: .relaxed) }

  /// Begins a new slice for the G that runs next. Owner only.
  @inline(__always)
  func beginSlice() { unsafe requests.pointee.slice.store(slice &+ 1, ordering: .relaxed) }

  /// The number of system calls from which Gs came back to this P. By this number sysmon tells one offer of the P from
  /// the next.
  var callsReturned: UInt64 { lane.counters[.syscallsReturned].relaxed }

  /// Asks for the end of slice `number`. A later slice ignores the request.
  func requestEnd(of number: UInt64) {
    unsafe requests.pointee.endOfSlice.store(number &+ 1, ordering: .relaxed)
  }

  /// Whether the slice that runs now was asked to end. Owner only.
  var mustYield: Bool { unsafe requests.pointee.endOfSlice.load(ordering: .relaxed) == slice &+ 1 }

  /// The owner `m` goes into a system call: from here on sysmon may take the P.
  /// Ordering: releases what the owner did with the P; pairs with the acquire of `claim`.
  func offer(by m: M) { unsafe requests.pointee.syscallM.store(UInt64(m.id + 1), ordering: .releasing) }

  /// Takes the P that M `id` offered; false when another thread took it first, or another M has offered it anew.
  func claim(from id: Int) -> Bool {
    unsafe requests.pointee.syscallM.compareExchange(
      expected: UInt64(id + 1), desired: 0, ordering: .acquiringAndReleasing
    ).exchanged
  }

  /// The id of the M inside a system call while this P is on offer; nil: the P is not on offer.
  var offeredBy: Int? {
    let id = unsafe requests.pointee.syscallM.load(ordering: .acquiring)
    return id == 0 ? nil : Int(id - 1)
  }

  // MARK: caches

  /// A descriptor for a new G: from this P's cache, or else from the central pool.
  @inline(__always)
  func takeG() -> G {
    if let g = unsafe owned.pointee.freeGs.pop() {
      shared[.gCacheHits].bump()
      return g
    }
    shared[.gCacheMisses].bump()
    return unsafe sched.descriptors.refill(&owned.pointee.freeGs)
  }

  /// Takes back the descriptor of a dead G.
  @inline(__always)
  func giveBack(_ g: G) {
    unsafe owned.pointee.freeGs.push(g)
    if unsafe owned.pointee.freeGs.count >= GQueueLIFO.high {
      unsafe sched.descriptors.spill(&owned.pointee.freeGs)
    }
  }

  /// A free stack from this P's cache, or else from the central pool; nil when there is none now (Shortages §2).
  @inline(__always)
  func takeStack() -> UnsafeMutableRawPointer? {
    if let stack = unsafe owned.pointee.stacks.pop() {
      shared[.stackCacheHits].bump()
      return unsafe stack
    }
    shared[.stackCacheMisses].bump()
    return unsafe sched.stacks.refill(&owned.pointee.stacks)
  }

  @inline(__always)
  func giveBack(stack: UnsafeMutableRawPointer) {
    if unsafe !owned.pointee.stacks.push(stack) {
      unsafe sched.stacks.spill(&owned.pointee.stacks)
      unsafe _ = owned.pointee.stacks.push(stack)
    }
  }

  /// Gives everything in the P's caches back to the central pools. Owner only.
  func flushCaches() {
    unsafe sched.descriptors.giveBack(all: &owned.pointee.freeGs)
    unsafe sched.stacks.giveBack(all: &owned.pointee.stacks)
  }

  /// A new id for a G. Ids come to Ps in batches of sixteen, so that Ps seldom share the central counter.
  @inline(__always)
  func newId() -> UInt64 {
    if unsafe owned.pointee.nextId == owned.pointee.idLimit {
      let first = sched.takeIds(16)
      unsafe owned.pointee.nextId = first
      unsafe owned.pointee.idLimit = first &+ 16
    }
    defer { unsafe owned.pointee.nextId &+= 1 }
    return unsafe owned.pointee.nextId
  }

  /// The number of a new span: unique in the process, made without a word that Ps share.
  func newSpan() -> UInt64 {
    unsafe owned.pointee.spans &+= 1
    return unsafe owned.pointee.spans &* UInt64(Capacity.ps) &+ UInt64(id)
  }

  /// Returns the string id under which the place of a `go` call is named.
  @inline(__always)
  func entry(_ file: StaticString, _ function: StaticString, _ line: Int) -> UInt32 {
    let site = SpawnSite(file, function, line)
    let hash =
      (site.file &+ site.function &* 31 &+ UInt(bitPattern: line) &* 61) & UInt(PRecord.entrySlots - 1)
    let cached = unsafe pointer.pointee.entries + Int(hash)
    if unsafe cached.pointee.site == site { return unsafe cached.pointee.id }
    let id = sched.interner.id(site, file: file, function: function, in: sched.region)
    unsafe cached.pointee = (site, id)
    return id
  }
}

/// A stack (last in, first out) of free descriptors, linked through the Gs themselves.
struct GQueueLIFO {
  /// When this many descriptors are in its cache, a P gives half of them back to the pool. When the cache is
  /// empty, the P takes half as many from the pool.
  static let high = 64
  private var head: UInt32 = 0
  private(set) var count = 0

  @inline(__always)
  mutating func push(_ g: G) {
    g.next = head
    head = g.link
    count &+= 1
  }

  @inline(__always)
  mutating func pop() -> G? {
    guard let g = G(link: head) else { return nil }
    head = g.next
    count &-= 1
    return g
  }
}
