// The scheduler's parts. How it works, in order of reading:
//
// §1 G, M, P. A G is work with a stack; an M is a thread; a P is the right to run Gs, with the queue and the caches
// that go with it. An M must hold a P to run a G. There are GOMAXPROCS Ps, so at most that many Gs run at once. There
// are as many Ms as it takes to keep the Ps busy. A G that waits is only a record in some queue: it occupies no M and
// no P.
//
// §2 Where runnable Gs are. A runnable G is in the LRQ of a P, in a P's `runnext` (Queues/LocalRunQueue.swift), or in
// the one GRQ (Queues/GlobalRunQueue.swift). A G made runnable by another G goes to the P on which that happened. Gs
// readied without a P (by netpoll, by timers) go to the GRQ; so does half of an LRQ that is full.
//
// §3 An M that holds a P looks for work in this order (FindRunnable.swift): runnext (but at every 61st search the GRQ
// and the LRQ come before it); now and then one G from the GRQ, so that Gs there cannot starve; the LRQ; a fair share
// of the GRQ; netpoll, without waiting; half of another P's LRQ; the timers of other Ps. A search that finds nothing
// must not miss what comes in afterwards: Spinning.swift, the essay to read, says how.
//
// §4 Locks. One lock guards the GRQ, the lists of idle Ps and Ms, and the hand-over of a P to an M
// (`SchedulerGuarded`). LRQs need none. Lock order: channel, timers or poll descriptor → scheduler → nothing.
//
// Sources: Vyukov's scalable Go scheduler design; Go's proc.go.
import Region
import Synchronization

/// The private half of the scheduler: the values and pointers that do not change after the boot. The memory to which
/// the pointers point is never freed.
@safe struct SchedulerRecord: ~Copyable {
  let region: RegionFile
  let shared: Block<SchedField>
  let tracing: Bool
  let preempts: Bool
  /// The number of CPUs that this process may use, counted at boot.
  let cpus: Int
  /// How long a G may run while only worn Gs wait (GlobalRunQueue §1, Preempt §7), in ticks.
  let slice: UInt64
  let grain: UInt64
  let lateness: UInt64
  /// Room for all Ps that can ever be; the first `SchedField.psMade` exist.
  let ps: UnsafeMutablePointer<PRecord>
  /// No P with this number or a higher one holds anything: see Procs §4.
  let psBound: UnsafeMutablePointer<Atomic<Int>>
  /// Room for all Ms that can ever be.
  let ms: UnsafeMutableRawPointer
  let interner = Interner()
  let stacks: StackPool
  let netpoll: Netpoll
  let gc = Collector()
  let shortages = Shortages()
  /// How many Gs are on `SchedulerGuarded.stackless`. Written under the lock; without it only a hint.
  let stacklessCount = Atomic<Int>(0)
  /// How many Gs are on `SchedulerGuarded.worn`. Written under the lock; without it only a hint.
  let wornCount = Atomic<Int>(0)
  let lock = Lock()
  let guarded: UnsafeMutablePointer<SchedulerGuarded>
  let descriptors: DescriptorPool
  /// The next id of a G. Atomic; any thread may use it.
  let ids: UnsafeMutablePointer<Atomic<UInt64>>

  init(region: RegionFile, _ options: Options, cpus: Int, netpoll: Netpoll) throws(SystemError) {
    let ms = unsafe try SystemCall.reserve(Capacity.ms * MRecord.bytes)
    let (stacks, descriptors) = (try StackPool(region.sched), try DescriptorPool(region))
    let places = unsafe try SystemCall.reserve(Capacity.ps * MemoryLayout<PRecord>.stride)
    self.region = region
    shared = region.sched
    tracing = options.tracing
    preempts = options.preemption
    self.cpus = cpus
    slice = Clock.ticks(nanoseconds: options.slice.wholeNanoseconds)
    lateness = Clock.ticks(nanoseconds: RuleNumbers.lateness)
    grain = min(slice, Clock.ticks(nanoseconds: RuleNumbers.grain))
    self.netpoll = netpoll
    self.stacks = stacks
    self.descriptors = descriptors
    unsafe ps = places.bindMemory(to: PRecord.self, capacity: Capacity.ps)
    unsafe psBound = .allocate(capacity: 1)
    unsafe psBound.initialize(to: Atomic(0))
    unsafe self.ms = unsafe ms
    unsafe guarded = .allocate(capacity: 1)
    unsafe guarded.initialize(to: SchedulerGuarded())
    unsafe ids = .allocate(capacity: 1)
    unsafe ids.initialize(to: Atomic(1))
  }
}

/// The part of the scheduler that `SchedulerRecord.lock` guards.
struct SchedulerGuarded {
  /// The line of the GRQ for fresh Gs: see GlobalRunQueue §1.
  var fresh = GQueue()
  /// The line of the GRQ for worn Gs.
  var worn = GQueue()
  /// When an M first took a fresh G while the worn G that is now first in its line stood there, in ticks; 0: none has
  /// yet.
  var overtakenSince: UInt64 = 0
  /// How many fresh Gs stood in line when the worn G that is now first in its line became the first.
  var freshThen = 0
  /// How many of those fresh Gs still stand in line.
  var freshLeft = 0
  var idleP: P?
  var idleM: M?
  /// The fewest idle Ms since the gc thread last looked; see Ending.swift.
  var idleLow = 0
  /// Ps that are retired and that the gc thread has yet to clean up. See Procs.
  var leaving: P?
  /// The number of Ms that run Gs or sleep, without the runtime's own threads. See Spinning §4.
  var workers = 0
  /// Whether a thread wanted an M while every M was on its way to sleep: the note of Spinning §4.
  var wanted = false
  var mCount = 0
  /// Gs that have no stack because there was no memory for one; see Stackless.swift.
  var stackless = GQueue()
  /// Ms without a thread: the thread could not be started (Threads §2), or has ended (Ending.swift).
  var unstarted: M?
}

/// A handle to the one scheduler.
///
/// Safe because: the record is made at boot and lives as long as the process.
@safe struct Scheduler {
  let record: UnsafeMutablePointer<SchedulerRecord>

  @inline(__always)
  init(_ record: UnsafeMutablePointer<SchedulerRecord>) { unsafe self.record = record }

  @inline(__always) var region: RegionFile { unsafe record.pointee.region }
  @inline(__always) var shared: Block<SchedField> { unsafe record.pointee.shared }
  var preempts: Bool { unsafe record.pointee.preempts }
  var slice: UInt64 { unsafe record.pointee.slice }
  /// How long a G may run while a fresh G waits (GlobalRunQueue §1): at most 1 ms. In ticks.
  var grain: UInt64 { unsafe record.pointee.grain }
  /// A timer or a poll that is delayed by more than this is reported as late: 1 ms, in ticks.
  var lateness: UInt64 { unsafe record.pointee.lateness }
  /// How many Ps may run Gs.
  @inline(__always) var procs: Int { Int(truncatingIfNeeded: shared[.procs].acquired) }
  /// Whether there are more Ps than CPUs.
  @inline(__always) var isCrowded: Bool { unsafe procs > record.pointee.cpus }
  @inline(__always) var lock: Lock { unsafe record.pointee.lock }
  @inline(__always) var netpoll: Netpoll { unsafe record.pointee.netpoll }
  @inline(__always) var stacks: StackPool { unsafe record.pointee.stacks }
  @inline(__always) var descriptors: DescriptorPool { unsafe record.pointee.descriptors }
  @inline(__always) var interner: Interner { unsafe record.pointee.interner }
  @inline(__always) var gc: Collector { unsafe record.pointee.gc }
  var shortages: Shortages { unsafe record.pointee.shortages }

  /// How many Ms run Gs or sleep (`SchedulerGuarded.workers`). Use it under the lock, or at boot.
  var workers: Int {
    get { unsafe guarded.pointee.workers }
    nonmutating set { unsafe guarded.pointee.workers = newValue }
  }

  /// The P with this number, which must be below `SchedField.psMade`.
  @inline(__always)
  func p(_ id: Int) -> P { unsafe P(record.pointee.ps + id) }

  /// Reserves `count` new ids of Gs, and returns the first.
  func takeIds(_ count: UInt64) -> UInt64 {
    unsafe record.pointee.ids.pointee.wrappingAdd(count, ordering: .relaxed).oldValue
  }

  /// The part of the scheduler that the lock guards. Use it under the lock.
  @inline(__always)
  var guarded: UnsafeMutablePointer<SchedulerGuarded> { unsafe record.pointee.guarded }
}
