// Every field of the region. docs/region.md says the same in prose; a test compares the two.
//
// Words that different threads write lie on different cache lines (8 words each), so that the threads do not slow each
// other down. The layout test checks this.

/// The lengths of the region's arrays. The file is sparse, so unused elements take no memory.
public enum Capacity {
  /// The most Ps that a process can have.
  public static let ps = 1024
  /// The most Ms that a process can have.
  public static let ms = 10_000
  /// The most slots that the G table can have.
  public static let gs = 1 << 22
  /// The most Gs in one local run queue; the same number as in Go.
  public static let lrq = 256
  /// How many time buckets an array of peaks has (see `Peaks`).
  public static let peaks = 64
}

/// Facts about the region and its process, most of them written at boot. The header always lies at offset 0 of the file.
@frozen public enum HeaderField: Int, RegionField {
  /// "MPGREGN1" as a little-endian word. Written last, with release: a reader that sees it also sees the rest of the header.
  case magic = 0
  /// Layout version. It changes only when even a reader that follows the schema would misread the new layout.
  case version = 1
  /// 0x0102030405060708 in the writer's byte order.
  case byteOrder = 2
  /// The byte of the file at which the schema text starts.
  case schemaOffset = 3
  /// The length of the schema text, in bytes.
  case schemaBytes = 4
  case pid = 5
  /// The start time of the process, in clock ticks since the machine booted. The pair of `pid` and start time
  /// is never reused.
  case startTime = 6
  case state = 7
  /// How the process ended: the exit code when `state` is `exited`, the signal number when it is `crashed`.
  case ending = 8
  /// 0: CLOCK_MONOTONIC nanoseconds; 1: the CPU's invariant counter.
  case clockKind = 9
  /// Two moments, each in ticks and in nanoseconds of CLOCK_MONOTONIC: a reader converts ticks by the line through them.
  /// The second is refined while the process runs; `clockSequence` is odd during the change.
  case clockSequence = 10
  case clockTicks0 = 11
  case clockNanoseconds0 = 12
  case clockTicks1 = 13
  case clockNanoseconds1 = 14
  /// CLOCK_REALTIME − CLOCK_MONOTONIC at boot.
  case wallOffset = 15
  /// The size of the whole file, in bytes.
  case fileBytes = 16
  /// How many records fit into the ring of a P: a power of two.
  case pRingRecords = 17
  /// How many records fit into the ring of an M: a power of two.
  case mRingRecords = 18
  /// Inodes of the process's pid and time namespaces; 0: not known. `pid`, `startTime` and all moments are those that a
  /// process in these namespaces sees.
  case pidNamespace = 19
  case timeNamespace = 20
  /// The difference that the time namespace adds to CLOCK_MONOTONIC (in `bootOffset`: to CLOCK_BOOTTIME), in
  /// two's complement.
  case monotonicOffset = 21
  case boottimeOffset = 22
  /// 1: the process holds a write lock of the open file description on the file's first byte for as long as it lives.
  case isLocked = 23
  /// The moments at which the steps of the boot were done, by raw value of `BootStep`; 0: not yet. Element 0
  /// is the moment at which the boot began. Each is written once: the last by the main G, the others by the
  /// thread that boots.
  case bootTicks = 24
  /// The numbers of the scheduler's rules, by raw value of `RuleNumber`; 0: the writer does not tell this
  /// number.
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

/// The scheduler as a whole. A field is written under the scheduler's lock, unless its comment names another writer.
@frozen public enum SchedField: Int, RegionField {
  /// The number of Ps that may run Gs (GOMAXPROCS). It may change while the process runs.
  case procs = 0
  /// The number of blocks of `m` that were ever used.
  case mCount = 1
  /// The number of Gs on the global run queue.
  case grqDepth = 2
  /// The number of Gs that were ever put on the global run queue.
  case grqPushed = 3
  case idlePs = 4
  case idleMs = 5
  /// 1 while events are written.
  case tracing = 6
  /// The number of filled bytes in the string table; published with release. Written under the intern lock.
  case stringBytes = 7
  /// The number of Ms that search for work. Written by any thread, atomically.
  case spinningMs = 8
  /// The length of the G table: no slot from this number on is in use; some below it may be free. Published
  /// with release. It shrinks after a burst.
  case gSlots = 16
  /// The number of slots of the G table that have memory in the region. Gs in later slots run, but no reader
  /// sees them.
  case gListed = 17
  /// The number of stacks that exist.
  case stacks = 18
  /// The number of stacks that lie in a cache, without a G.
  case stacksFree = 19
  case gcCycles = 20
  /// The number of bytes that the gc thread gave back to the system.
  case gcFreed = 21
  /// The number of descriptors that are registered with netpoll. Written by any thread, atomically.
  case netpollFds = 24
  /// The number of polls that found a ready descriptor. Written by any thread, atomically.
  case netpollWakeups = 25
  /// The number of Gs that polls made runnable.
  case netpollReadied = 26
  /// The moment of the last poll.
  case netpollLast = 27
  /// The number of blocks of `p` that were ever used. A reader that sums over lanes or over the steal matrix
  /// must include the stopped Ps among them: their counts still count.
  case psMade = 32
  /// The number of Ps that are not stopped: the first `procs`, and those beyond them that some M still holds.
  case psOpen = 33
  /// The number of Gs that are runnable but on no queue, because there was no stack on which to start them.
  case stackless = 34
  /// How often the system refused a resource, by `Shortage`. Written by any thread, atomically.
  case acceptShortages = 40
  case stackShortages = 41
  case threadShortages = 42
  case regionShortages = 43
  /// The number of Gs of kind `task` that were ever created. Written by any thread, atomically.
  case tasksCreated = 48
  /// The number of Gs of kind `task` that have ended. Written by any thread, atomically.
  case tasksExited = 49
  /// The backend that netpoll uses; set at boot.
  case netpollBackend = 56
  /// How often the runtime set a watch of a descriptor up again after the kernel had ended it (io_uring).
  /// Written by any thread, atomically.
  case netpollRearms = 57
  /// The number of polls that sysmon made because no other thread had polled for as long as `RuleNumber.backstop`
  /// says.
  case netpollSysmonPolls = 58
  /// The largest depths of the GRQ, by time bucket; see `Peaks`.
  case grqPeaks = 64
  /// How the scheduler is paced from outside. The control thread writes the words of this cache line.
  case pace = 128
  /// Decisions a second that the scheduler may make while `pace` is `slow`; else 0.
  case paceRate = 129
  /// Single decisions that were granted while the scheduler was held or slowed.
  case paceSteps = 130
  /// The ticks for which the runtime's clock has stood still, and by which it is now behind the clock of events. Timers and
  /// deadlines go by the runtime's clock. While that clock stands, the time since it last stopped is not counted here yet.
  case stoodStill = 131

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
    case .pace: FieldSpec(.enumeration("Pacing"), "-")
    case .paceRate: FieldSpec(.gauge, "decisions/s")
    case .paceSteps: FieldSpec(.counter, "decisions")
    case .stoodStill: FieldSpec(.counter, "ticks")
    }
  }
}

/// One P. Its owner, the M that holds it, writes the fields, unless a field's comment names other writers.
@frozen public enum PField: Int, RegionField {
  case status = 0
  /// The M that holds the P, plus 1; 0: none.
  case m = 1
  /// The id of the G that runs on the P; 0: none.
  case g = 2
  /// The entry point of the G that runs on the P: a string id.
  case entry = 3
  /// The number of timers that are armed on the P. Written by any thread, atomically.
  case timers = 4
  /// The moment at which the P's earliest timer is due; all ones: never. Written under the P's timer lock.
  case nextTimer = 5
  /// The number of Gs that were moved from the P's full LRQ to the GRQ.
  case overflowed = 6
  /// How often the P looked at the queues of others, with or without success.
  case stealTries = 7
  /// The position of the next G to take from the LRQ. Written by the owner and by thieves, by
  /// compare-and-swap.
  case lrqHead = 8
  /// The position after the last G in the LRQ. Written by the owner alone. The depth is tail − head.
  case lrqTail = 16
  /// The slot, plus 1, of the G to run next; 0: none. Written by the owner, and by thieves that found nothing
  /// else.
  case runnext = 17
  /// When the P entered its `status`. Written by the owner; under the scheduler's lock while no M holds the P.
  case since = 24
  /// The ticks up to `since` in which the P was idle or stopped. A reader adds the time from `since` to now if `status`
  /// is `idle` or `stopped`.
  case idleTicks = 25
  /// The ticks up to `since` in which an M that searched for work held the P. A reader adds the time from `since` to
  /// now if `status` is `spinning`.
  case spinTicks = 26
  /// The ticks up to `since` in which the P's M was in a system call and sysmon had not retaken the P. A reader adds
  /// the time from `since` to now if `status` is `syscall`.
  case callTicks = 27
  /// The moment at which the P's account of time begins. All time since then that is in neither `idleTicks` nor
  /// `spinTicks` nor `callTicks`, the P's M spent on Gs, or between two Gs.
  case made = 28
  /// How often the P's cache had a descriptor for a new G. Written by the owner alone.
  case gCacheHits = 32
  /// How often the P's cache had no descriptor for a new G. Written by the owner alone.
  case gCacheMisses = 33
  /// How often the P's cache had a stack for a new G. Written by the owner alone.
  case stackCacheHits = 34
  /// How often the P's cache had no stack for a new G. Written by the owner alone.
  case stackCacheMisses = 35
  /// The number of Gs that batches (steals, spills, takes from the GRQ) put on the P's LRQ (`lrqMoved`), on its `runnext`
  /// (`nextMoved`) and on the GRQ (`grqMoved`), minus the Gs that batches took from there. Gs that move one by one are
  /// counted in `LaneField.queuedOn`. Written by the owner alone.
  case lrqMoved = 36
  case nextMoved = 37
  case grqMoved = 38
  /// The number of steals that the P made. While this number stays the same, so does the P's row of the steal
  /// matrix. Written by the owner alone.
  case steals = 39
  /// The largest depths of the LRQ, by time bucket; see `Peaks`. Written by the owner alone.
  case lrqPeaks = 64
  /// The LRQ: 256 G slots of 32 bits, two in a word. The G at a position lies at that position modulo 256.
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

/// The steals of one P from one other: row `thief`, column `victim` (block index thief × 1024 + victim). The
/// M that holds the thief writes the block. The Gs that a thief won and those that its victim lost are the
/// same word, so they agree.
@frozen public enum StealField: Int, RegionField {
  /// The number of successful steals.
  case hits = 0
  /// The number of Gs that the thief took by these steals.
  case gs = 1
  /// How often the thief looked at the victim's queue, with or without success.
  case tries = 2
  /// How many of these Gs came from the victim's `runnext`.
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

/// One M. Its own thread writes the block; until that thread begins, the thread that starts it writes `state`.
@frozen public enum MField: Int, RegionField {
  case state = 0
  /// The system's thread id; 0 until the thread runs.
  case tid = 1
  /// The P that the M holds, plus 1; 0: none.
  case p = 2
  /// The id of the G that the M runs; 0: none.
  case g = 3
  /// When the M entered its `state`.
  case since = 4
  /// The moment since which the M waits for permission to make its next decision, because the scheduler is held or slowed;
  /// 0: the M does not wait for that.
  case waitsSince = 5

  public static let block = "m"
  public static let stride = 8
  public var spec: FieldSpec {
    switch self {
    case .state: FieldSpec(.enumeration("MState"), "-")
    case .tid: FieldSpec(.id, "tid")
    case .p: FieldSpec(.id, "p+1")
    case .g: FieldSpec(.id, "g")
    case .since, .waitsSince: FieldSpec(.ticks, "ticks")
    }
  }
}

/// One slot of the G table. The thread that moves the G to its next state writes the slot.
@frozen public enum GField: Int, RegionField {
  /// The G's id, from 1 up and never reused; 0: the slot was never used.
  case id = 0
  /// `GState` in bits 0–7, `WaitReason` 8–15, `GKind` 16–23, sequence number 32–63; see `GStatus`.
  case status = 1
  /// When the G entered its state.
  case since = 2
  /// The place where the G was spawned: a string id.
  case entry = 3
  /// The id of the G that spawned this one; 0: none.
  case parent = 4
  /// The P on which the G last ran, plus 1.
  case p = 5
  /// The descriptor that the G waits for, plus 1; 0: none.
  case waitingOn = 6
  /// When the G was created.
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

/// The counts of one writer: a P (blocks 0…1023, written by the M that holds it) or an M without a P (block
/// 1024 + M). Every move of a G is one increment of one word here, by exactly one writer. So the number of Gs in each
/// state is a sum over all lanes, and these numbers always add up to created − exited.
@frozen public enum LaneField: Int, RegionField {
  /// The number of records ever written to this lane's ring; published with release after each record.
  case position = 0
  /// The number of Gs that were created, and so became runnable.
  case created = 8
  /// The number of moves runnable → running: a G was taken to run.
  case started = 9
  /// The number of moves running → runnable because the G yielded.
  case yielded = 10
  /// The number of moves running → dead: the G ended.
  case exited = 11
  /// The number of moves running → preempted.
  case preempted = 12
  /// The number of moves preempted → running: the G goes on.
  case resumed = 13
  /// The number of records of events that move no G. Each move, and each such event, is counted just before
  /// its record is written. So the sum of all these counts is the number of records that were begun: as many
  /// as `position` says, or one more.
  case others = 14
  /// The number of moves running → waiting, by the `WaitReason` of the wait.
  case parked = 16
  /// The number of moves waiting → runnable, by the `WaitReason` of the wait that ended.
  case readied = 32
  /// The number of moves running → syscall.
  case syscalls = 48
  /// The number of moves syscall → running.
  case syscallsReturned = 49
  /// The number of moves syscall → runnable, because the G's P had been retaken.
  case syscallsQueued = 50
  /// The number of Gs that became runnable, by the queue on which they were put (`Place.Queue`). Each is
  /// counted after its move is counted and before its record is written. So when a lane has no record half
  /// done, these counters and the lane's records tell the same of every queue.
  case queuedOn = 51
  /// The number of Gs that were taken to run, by `RunSource`. They are counted like those in `queuedOn`.
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
