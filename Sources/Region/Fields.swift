// Every field of the region. docs/region.md says the same in prose, and a test holds the two together.
//
// Words that different threads write stand on different cache lines (8 words each); the layout test pins them.

/// Capacities that the layout is built on. The file is sparse: only what is used takes memory.
public enum Capacity {
  /// Ps that can ever be.
  public static let ps = 1024
  /// Ms that can ever be.
  public static let ms = 10_000
  /// G slots that can ever be.
  public static let gs = 1 << 22
  /// Gs in one local run queue. As Go's.
  public static let lrq = 256
  /// Time buckets of a peak array (see `Peaks`).
  public static let peaks = 64
}

/// Fixed facts about the region, written at boot. Block 0 of the file; always at offset 0.
@frozen public enum HeaderField: Int, RegionField {
  /// "MPGREGN1" as a little-endian word.
  case magic = 0
  /// Layout version: changes when a reader that follows the schema would still go wrong.
  case version = 1
  /// 0x0102030405060708 in the writer's byte order.
  case byteOrder = 2
  /// Where the schema text starts, and its length, in bytes.
  case schemaOffset = 3
  case schemaBytes = 4
  case pid = 5
  /// Start time of the process in clock ticks since the machine booted: with `pid`, a name that is never reused.
  case startTime = 6
  case state = 7
  /// How the process ended: exit code or signal number; see `state`.
  case ending = 8
  /// 0: CLOCK_MONOTONIC nanoseconds; 1: the CPU's invariant counter.
  case clockKind = 9
  /// Two moments, each in ticks and in nanoseconds of CLOCK_MONOTONIC. The second is refined while the process
  /// runs; `clockSequence` is odd during the change.
  case clockSequence = 10
  case clockTicks0 = 11
  case clockNanoseconds0 = 12
  case clockTicks1 = 13
  case clockNanoseconds1 = 14
  /// CLOCK_REALTIME − CLOCK_MONOTONIC at boot.
  case wallOffset = 15
  /// Bytes of the whole file.
  case fileBytes = 16
  /// Records in each ring of a P and of an M: powers of two.
  case pRingRecords = 17
  case mRingRecords = 18
  /// Where `pid`, `startTime` and the moments hold: inodes of the process's pid and time namespaces; 0: not known.
  case pidNamespace = 19
  case timeNamespace = 20
  /// What its time namespace adds to CLOCK_MONOTONIC and to CLOCK_BOOTTIME, two's complement.
  case monotonicOffset = 21
  case boottimeOffset = 22
  /// 1: as long as the process lives its file has an open-file-description write lock on the first byte.
  case isLocked = 23
  /// When the steps of the boot were done, by raw value of `BootStep`; element 0: when the boot was called for. 0: not
  /// yet. Each is written once, on the thread that boots, the last by the main G.
  case bootTicks = 24
  /// The numbers of the scheduler's rules, by raw value of `RuleNumber`; 0: not told.
  case ruleNumbers = 40
  /// The executable's file name: UTF-8, padded with zeros.
  case executable = 64

  public static let block = "header"
  public static let stride = 512
  public static let executableBytes = 256
  public static let bootSteps = 16
  public static let mostRuleNumbers = 16
  public var spec: FieldSpec {
    switch self {
    case .magic, .version, .byteOrder: FieldSpec(.id, "-")
    case .schemaOffset, .schemaBytes, .fileBytes: FieldSpec(.gauge, "bytes")
    case .pid: FieldSpec(.id, "pid")
    case .startTime: FieldSpec(.id, "clock_ticks")
    case .state: FieldSpec(.enumeration("ProcessState"), "-")
    case .ending: FieldSpec(.id, "status")
    case .clockKind: FieldSpec(.id, "-")
    case .clockSequence: FieldSpec(.counter, "writes")
    case .clockTicks0, .clockTicks1: FieldSpec(.ticks, "ticks")
    case .clockNanoseconds0, .clockNanoseconds1, .wallOffset: FieldSpec(.gauge, "ns")
    case .pRingRecords, .mRingRecords: FieldSpec(.gauge, "records")
    case .pidNamespace, .timeNamespace: FieldSpec(.id, "inode")
    case .monotonicOffset, .boottimeOffset: FieldSpec(.gauge, "ns")
    case .isLocked: FieldSpec(.id, "-")
    case .bootTicks: FieldSpec(.ticks, "ticks", count: Self.bootSteps)
    case .ruleNumbers: FieldSpec(.gauge, "rule", count: Self.mostRuleNumbers)
    case .executable: FieldSpec(.packed, "utf8", count: Self.executableBytes / 8)
    }
  }
}

/// The scheduler as a whole. Written under the scheduler's lock, unless told otherwise.
@frozen public enum SchedField: Int, RegionField {
  /// Ps that Gs may run on (GOMAXPROCS); it changes while the process runs.
  case procs = 0
  /// Blocks of `m` that were ever used.
  case mCount = 1
  /// Gs on the global run queue.
  case grqDepth = 2
  /// Gs that ever entered it.
  case grqPushed = 3
  case idlePs = 4
  case idleMs = 5
  /// 1 while events are written.
  case tracing = 6
  /// Where the string table ends so far, in bytes; published with release. Own writer: under the intern lock.
  case stringBytes = 7
  /// Ms that search for work. Any thread, atomic.
  case spinningMs = 8
  /// Slots of the G table in use, and those below that were; published with release. Smaller again after a burst.
  case gSlots = 16
  /// Slots of the G table that memory was found for in the region; further Gs run unlisted.
  case gListed = 17
  /// Stacks that exist, and of those the ones in a cache.
  case stacks = 18
  case stacksFree = 19
  case gcCycles = 20
  /// Bytes that were given back to the system.
  case gcFreed = 21
  /// Descriptors registered with netpoll. Any thread, atomic.
  case netpollFds = 24
  /// Polls that found something. Any thread, atomic.
  case netpollWakeups = 25
  /// Gs made runnable by polls.
  case netpollReadied = 26
  /// When the last poll was made.
  case netpollLast = 27
  /// Blocks of `p` that were ever used: what their lanes and rows have counted counts, also when they are stopped.
  case psMade = 32
  /// Ps that are not stopped: `procs`, and those beyond it that an M has yet to let go of.
  case psOpen = 33
  /// Gs that are runnable and on no queue, because there was no stack for their first turn.
  case stackless = 34
  /// How often there was no more of something that was asked for; see `Shortage`. Any thread, atomic.
  case acceptShortages = 40
  case stackShortages = 41
  case threadShortages = 42
  case regionShortages = 43
  /// Gs of kind `task` that were ever made, and that are gone. Any thread, atomic.
  case tasksCreated = 48
  case tasksExited = 49
  /// Which backend netpoll has; set at boot.
  case netpollBackend = 56
  /// Watches that had ended in the kernel and were set up anew (io_uring). Any thread, atomic.
  case netpollRearms = 57
  /// Polls that sysmon made because nobody else had for 10 ms.
  case netpollSysmonPolls = 58
  /// Largest GRQ depths, by time bucket; see `Peaks`.
  case grqPeaks = 64

  public static let block = "sched"
  public static let stride = 512
  public var spec: FieldSpec {
    switch self {
    case .procs: FieldSpec(.gauge, "ps")
    case .mCount: FieldSpec(.gauge, "ms")
    case .grqDepth, .stackless: FieldSpec(.gauge, "gs")
    case .grqPushed, .netpollReadied: FieldSpec(.counter, "gs")
    case .idlePs: FieldSpec(.gauge, "ps")
    case .idleMs, .spinningMs: FieldSpec(.gauge, "ms")
    case .tracing: FieldSpec(.gauge, "bool")
    case .stringBytes: FieldSpec(.gauge, "bytes")
    case .gSlots, .gListed: FieldSpec(.gauge, "slots")
    case .stacks, .stacksFree: FieldSpec(.gauge, "stacks")
    case .gcCycles: FieldSpec(.counter, "cycles")
    case .gcFreed: FieldSpec(.counter, "bytes")
    case .netpollFds: FieldSpec(.gauge, "fds")
    case .netpollWakeups: FieldSpec(.counter, "polls")
    case .netpollLast: FieldSpec(.ticks, "ticks")
    case .psMade, .psOpen: FieldSpec(.gauge, "ps")
    case .acceptShortages, .stackShortages, .threadShortages, .regionShortages:
      FieldSpec(.counter, "shortages")
    case .tasksCreated, .tasksExited: FieldSpec(.counter, "gs")
    case .netpollBackend: FieldSpec(.enumeration("NetpollKind"), "-")
    case .netpollRearms: FieldSpec(.counter, "fds")
    case .netpollSysmonPolls: FieldSpec(.counter, "polls")
    case .grqPeaks: FieldSpec(.packed, "peaks", count: Capacity.peaks)
    }
  }
}

/// One P. Written by the M that holds it, except where thieves reach in.
@frozen public enum PField: Int, RegionField {
  case status = 0
  /// M that holds it, plus 1; 0: none.
  case m = 1
  /// Id of the G that it runs; 0: none.
  case g = 2
  /// Entry point of that G: a string id.
  case entry = 3
  /// Timers that were armed on it and still are. Any thread, atomic.
  case timers = 4
  /// When the first of them is due; all ones: never. Under the P's timer lock.
  case nextTimer = 5
  /// Gs pushed out of a full LRQ to the GRQ.
  case overflowed = 6
  /// Looks at the queues of others that were made, hits and misses.
  case stealTries = 7
  /// Position of the next G to take: owner and thieves, by compare-and-swap.
  case lrqHead = 8
  /// Position after the last G: the owner alone. Depth is tail − head.
  case lrqTail = 16
  /// G slot plus 1 of the G to run next; 0: none. The owner, and thieves at last resort.
  case runnext = 17
  /// When `status` was entered. The owner; the idle list while there is none.
  case since = 24
  /// Ticks spent idle or stopped, and held by an M that searched, up to `since`: add the time since then if `status`
  /// says so.
  case idleTicks = 25
  case spinTicks = 26
  /// Likewise while its M was in a system call and nobody had taken it.
  case callTicks = 27
  /// When the account of its time begins. What is not idle, searched or in calls since then, it ran Gs or its M was
  /// between two.
  case made = 28
  /// Descriptors for new Gs, and stacks, that its caches had, and that they had not. The owner alone.
  case gCacheHits = 32
  case gCacheMisses = 33
  case stackCacheHits = 34
  case stackCacheMisses = 35
  /// What batches did to its queues and to the GRQ: Gs put minus Gs taken. See `LaneField.queuedOn`. The owner alone.
  case lrqMoved = 36
  case nextMoved = 37
  case grqMoved = 38
  /// Its steals: while it stays, so does its row of the steal matrix. The owner alone.
  case steals = 39
  /// Largest LRQ depths, by time bucket; see `Peaks`. The owner alone.
  case lrqPeaks = 64
  /// The LRQ: 256 G slots of 32 bits, two in a word; position modulo 256.
  case lrq = 128

  public static let block = "p"
  public static let stride = 512
  public var spec: FieldSpec {
    switch self {
    case .status: FieldSpec(.enumeration("PStatus"), "-")
    case .m: FieldSpec(.id, "m+1")
    case .g: FieldSpec(.id, "g")
    case .entry: FieldSpec(.id, "string")
    case .timers: FieldSpec(.gauge, "timers")
    case .nextTimer: FieldSpec(.ticks, "ticks")
    case .overflowed: FieldSpec(.counter, "gs")
    case .stealTries: FieldSpec(.counter, "tries")
    case .lrqHead, .lrqTail: FieldSpec(.counter, "gs")
    case .runnext: FieldSpec(.id, "slot+1")
    case .since, .made: FieldSpec(.ticks, "ticks")
    case .idleTicks, .spinTicks, .callTicks: FieldSpec(.counter, "ticks")
    case .gCacheHits, .gCacheMisses: FieldSpec(.counter, "gs")
    case .stackCacheHits, .stackCacheMisses: FieldSpec(.counter, "stacks")
    case .lrqMoved, .nextMoved, .grqMoved: FieldSpec(.gauge, "gs")
    case .steals: FieldSpec(.counter, "steals")
    case .lrqPeaks: FieldSpec(.packed, "peaks", count: Capacity.peaks)
    case .lrq: FieldSpec(.packed, "slots", count: Capacity.lrq / 2)
    }
  }
}

/// What one P took from one other: row `thief`, column `victim` (block index thief × 1024 + victim).
/// Written by the M that holds the thief. Both ends of a steal are read from the same word, so they add up.
@frozen public enum StealField: Int, RegionField {
  /// Successful steals.
  case hits = 0
  /// Gs moved.
  case gs = 1
  /// Looks at the victim's queue, hits and misses.
  case tries = 2
  /// Those of the Gs moved that were in the victim's `runnext`.
  case nexts = 3

  public static let block = "steal"
  public static let stride = 4
  public var spec: FieldSpec {
    switch self {
    case .hits: FieldSpec(.counter, "steals")
    case .gs: FieldSpec(.counter, "gs")
    case .tries: FieldSpec(.counter, "tries")
    case .nexts: FieldSpec(.counter, "gs")
    }
  }
}

/// One M. Written by its own thread, except `state` while it starts.
@frozen public enum MField: Int, RegionField {
  case state = 0
  /// The system's thread id; 0 until the thread runs.
  case tid = 1
  /// P that it holds, plus 1; 0: none.
  case p = 2
  /// Id of the G that it runs; 0: none.
  case g = 3
  /// When `state` was entered.
  case since = 4

  public static let block = "m"
  public static let stride = 8
  public var spec: FieldSpec {
    switch self {
    case .state: FieldSpec(.enumeration("MState"), "-")
    case .tid: FieldSpec(.id, "tid")
    case .p: FieldSpec(.id, "p+1")
    case .g: FieldSpec(.id, "g")
    case .since: FieldSpec(.ticks, "ticks")
    }
  }
}

/// One slot of the G table. Written by whoever makes the G's next move.
@frozen public enum GField: Int, RegionField {
  /// Never reused, from 1; 0: the slot was never used.
  case id = 0
  /// `GState` in bits 0–7, `WaitReason` 8–15, `GKind` 16–23, sequence number of its moves 32–63.
  case status = 1
  /// When it made its last move.
  case since = 2
  /// Where it was spawned: a string id.
  case entry = 3
  /// Id of the G that spawned it; 0: none.
  case parent = 4
  /// P that it last ran on, plus 1.
  case p = 5
  /// What it waits for: a descriptor plus 1, or 0.
  case waitingOn = 6
  /// When it was created.
  case created = 7

  public static let block = "g"
  public static let stride = 8
  public var spec: FieldSpec {
    switch self {
    case .id, .parent: FieldSpec(.id, "g")
    case .status: FieldSpec(.packed, "state|reason|kind|sequence")
    case .since, .created: FieldSpec(.ticks, "ticks")
    case .entry: FieldSpec(.id, "string")
    case .p: FieldSpec(.id, "p+1")
    case .waitingOn: FieldSpec(.id, "fd+1")
    }
  }
}

/// The account of one writer: a P (blocks 0…1023, written by the M that holds it) or an M without a P (block
/// 1024 + M). Every move of a G is one increment of one word here, by exactly one writer. So the Gs in each state
/// are sums over all lanes, and they add up to created − exited by arithmetic, not by luck.
@frozen public enum LaneField: Int, RegionField {
  /// Records ever written to this lane's ring; published with release after each.
  case position = 0
  /// New Gs: nothing → runnable.
  case created = 8
  /// runnable → running.
  case started = 9
  /// running → runnable: yielded.
  case yielded = 10
  /// running → gone.
  case exited = 11
  /// running → preempted, and back.
  case preempted = 12
  case resumed = 13
  /// Records that are of no move. Each move, and each of these, is counted just before its record is written; so the
  /// sum of all counters is the number of records that were begun, and at most one more than `position`.
  case others = 14
  /// running → waiting, by `WaitReason`.
  case parked = 16
  /// waiting → runnable, by the `WaitReason` that ended.
  case readied = 32
  /// running → syscall; syscall → running; syscall → runnable (its P was gone).
  case syscalls = 48
  case syscallsReturned = 49
  case syscallsQueued = 50
  /// Gs that became runnable, by the queue on which they were put (`Place.Queue`); Gs that were taken to run, by
  /// `RunSource`. Counted between the count of the move and its record. So where a lane has no record under way, the
  /// depth of each queue is what its records make of it.
  case queuedOn = 51
  case takenFrom = 56

  public static let block = "lane"
  public static let stride = 64
  public var spec: FieldSpec {
    switch self {
    case .position, .others: FieldSpec(.counter, "records")
    case .created, .started, .yielded, .exited, .preempted, .resumed: FieldSpec(.counter, "gs")
    case .syscalls, .syscallsReturned, .syscallsQueued: FieldSpec(.counter, "gs")
    case .parked, .readied: FieldSpec(.counter, "gs", count: WaitReason.capacity)
    case .queuedOn: FieldSpec(.counter, "gs", count: Place.Queue.capacity)
    case .takenFrom: FieldSpec(.counter, "gs", count: RunSource.capacity)
    }
  }
}
