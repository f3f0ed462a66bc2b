// A snapshot: every number of a target at one moment, as plain values.
//
// Views, JSON and tests take a snapshot and nothing else. It does not show whether it came from a live region, a
// recording or a black box. All times are nanoseconds of the machine's monotonic clock unless a name says otherwise.
//
// A fact that a source does not know is nil here, and stays nil on its way to the cell of the screen: it is never 0. So a
// number may be declared without a question mark only if every source knows it. Here is the list of all such numbers; a
// test compares it with the declarations:
//
// - who is observed, and when: `Target.pid`, `Target.bootTime`, `Snapshot.time`, `Snapshot.procs`
// - which Ps, Ms and Gs there are: `P.id`, `M.id`, `Goroutine.id`, `Retired.ps`
// - the Gs by state: `Gs.running`, `Gs.runnable`, `Gs.preempted`, `Gs.syscall`, `Netpoll.parked`
import Region

/// The state of a target's scheduler at one moment. A plain value, which may be used from any thread.
public struct Snapshot: Sendable, Equatable {
  /// The process that is observed.
  public struct Target: Sendable, Equatable {
    /// The pid of the process in our pid namespace; for a process that cannot be seen from here, its pid in its own
    /// namespace.
    public var pid: Int32
    /// The executable's file name.
    public var name: String
    /// The moment at which the target booted, in nanoseconds of the monotonic clock.
    public var bootTime: UInt64
    /// The stage of the process's life, from its boot to its end, as the process itself reports it.
    public var state: ProcessState
    /// The pid, as `pid`; nil: it is not known, for example because the source is a Go trace.
    public var knownPid: Int32? { pid == 0 ? nil : pid }
    /// Makes a target from its parts.
    public init(pid: Int32 = 0, name: String = "", bootTime: UInt64 = 0, state: ProcessState = .live) {
      (self.pid, self.name, self.bootTime, self.state) = (pid, name, bootTime, state)
    }
  }

  /// One P. Counters are totals since boot, and wrap.
  public struct P: Sendable, Equatable {
    /// The P's id, from 0 on.
    public var id = 0
    /// The state of the P.
    public var status = PStatus.idle
    /// The M that holds the P; nil: none.
    public var m: Int?
    /// The id of the G that the P runs; nil: none.
    public var g: UInt64?
    /// The place where the G `g` was spawned: `function at File.swift:31`; nil: not known.
    public var entry: String?
    /// The number of Gs in the local run queue, without `runnext`; 0…256.
    public var lrq: Int?
    /// The largest `lrq` since the moment given to `observe(peaksSince:)`, which mostly is the reader's last look.
    public var lrqMax: Int?
    /// The mean of `lrq` over many looks since the moment given to `observe(peaksSince:)`; nil: the source does not
    /// look so often.
    public var lrqMean: Double?
    /// Whether `runnext` holds a G.
    public var runnext: Bool?
    /// The number of Gs started on this P.
    public var ticks: UInt64?
    /// The number of system calls made on this P; nil: the source does not tell.
    public var calls: UInt64?
    /// The number of successful steals by this P.
    public var stealsIn: UInt64?
    /// The number of successful steals from this P.
    public var stealsOut: UInt64?
    /// The number of Gs that this P stole.
    public var stolenGs: UInt64?
    /// The number of this P's attempts to steal, successful or not.
    public var stealTries: UInt64?
    /// The time since the P was made during which no M held it, in nanoseconds; nil: the target does not
    /// tell.
    public var idleTime: UInt64?
    /// The time since the P was made during which its M searched for work, in nanoseconds; nil: the target
    /// does not tell.
    public var spinTime: UInt64?
    /// The time since the P was made during which its M was in a system call and the P was not taken from it,
    /// in nanoseconds; nil: the target does not tell.
    public var callTime: UInt64?
    /// The rest of the time since the P was made, in nanoseconds: a G ran, or the P's M was between two Gs;
    /// nil: the target does not tell. The four times add up to the P's age.
    public var runTime: UInt64?
    /// The P's cache of dead Gs to be used again; nil: the target does not tell.
    public var gCache: Cache?
    /// The P's cache of stacks for new Gs; nil: the target does not tell.
    public var stackCache: Cache?
    /// Makes an idle P of which nothing else is known.
    public init() {}
  }

  /// How often a cache could serve a request, and how often it could not. Totals since boot.
  public struct Cache: Sendable, Equatable {
    /// Requests that the cache could serve.
    public var hits: UInt64
    /// Requests that the cache could not serve.
    public var misses: UInt64
    /// Makes a cache's counts from their parts.
    public init(hits: UInt64, misses: UInt64) { (self.hits, self.misses) = (hits, misses) }
  }

  /// The sums over all stopped Ps. Stopped Ps have no rows, but their Gs did run.
  public struct Retired: Sendable, Equatable {
    /// The number of stopped Ps.
    public var ps = 0
    /// The number of Gs started on the stopped Ps.
    public var ticks: UInt64?
    /// The number of successful steals by the stopped Ps.
    public var stealsIn: UInt64?
    /// The number of successful steals from the stopped Ps.
    public var stealsOut: UInt64?
    /// The number of Gs that the stopped Ps stole.
    public var stolenGs: UInt64?
    /// The number of the stopped Ps' attempts to steal, successful or not.
    public var stealTries: UInt64?
    /// Makes sums over no Ps, which count nothing yet.
    public init() {}
  }

  /// One M: a thread of the runtime.
  public struct M: Sendable, Equatable {
    /// The M's id, from 0 on.
    public var id = 0
    /// The thread's id in the operating system.
    public var tid: Int32?
    /// The state of the M.
    public var state = MState.none
    /// The P that the M holds; nil: none.
    public var p: Int?
    /// The id of the G that the M runs, or that keeps the M's thread; nil: none.
    public var g: UInt64?
    /// The id of the G to which the thread is locked: that G runs on this thread only, and the thread runs no other. nil:
    /// none, or the source does not tell.
    public var locked: UInt64?
    /// Whether the G `locked` runs or is ready; nil: there is none, or the source does not tell.
    public var isLockedBusy: Bool?
    /// The number of calls to C that the thread is inside of; nil: the source does not tell.
    public var callsToC: Int?
    /// An M of which nothing is known.
    public init() {}
  }

  /// The numbers of Gs, by state. They add up to `live` whenever the snapshot is consistent.
  public struct Gs: Sendable, Equatable {
    /// The number of Gs created since boot.
    public var created: UInt64?
    /// The number of Gs that have exited since boot.
    public var exited: UInt64?
    /// The number of Gs that run on a P.
    public var running = 0
    /// The number of Gs that are ready to run and wait for a P.
    public var runnable = 0
    /// The number of Gs that sysmon stopped, and that wait on a queue; each keeps its thread.
    public var preempted = 0
    /// The number of Gs in a blocking system call.
    public var syscall = 0
    /// The number of parked Gs, by the reason for which they wait. A reason for which no G waits may be
    /// missing.
    public var waiting: [WaitReason: Int] = [:]
    /// The number of live Gs that run a job of a Swift `Task`; nil: the target does not tell.
    public var tasks: Int?
    /// The number of runnable Gs that are on no queue, because there was no stack on which they could start; nil: the
    /// target does not tell.
    public var stackless: Int?
    /// Makes counts of no Gs.
    public init() {}

    /// The number of Gs that were created and have not exited. The two counters may wrap; their difference is
    /// still right. If the source does not count them, this is the sum over all states.
    public var live: Int {
      guard let created, let exited else { return sumOfStates }
      return Int(truncatingIfNeeded: created &- exited)
    }
    /// The number of Gs that are parked for any reason of `group`.
    public func waiting(in group: WaitGroupName) -> Int {
      waiting.reduce(0) { $1.key.group == group ? $0 + $1.value : $0 }
    }
    /// The sum over all states; it equals `live` in a consistent snapshot.
    public var sumOfStates: Int { running + runnable + preempted + syscall + waiting.values.reduce(0, +) }
  }

  /// The network poller. Counters are totals since boot.
  public struct Netpoll: Sendable, Equatable {
    /// The number of Gs that are parked until a socket is ready.
    public var parked = 0
    /// The number of file descriptors that are registered with the poller.
    public var fds: Int?
    /// How often a poll found at least one descriptor ready.
    public var wakeups: UInt64?
    /// The number of Gs that polls made runnable.
    public var readied: UInt64?
    /// The kernel's interface that is used; nil: the target, or an older recording, does not tell.
    public var backend: NetpollKind?
    /// How often a watch was set up again after the kernel had ended it; nil: the target does not tell.
    public var rearms: UInt64?
    /// The number of polls that sysmon made because no other thread had polled; nil: the target does not
    /// tell.
    public var sysmonPolls: UInt64?
    /// Makes a poller for which nothing is parked, and of which nothing else is known.
    public init() {}
  }

  /// How often the operating system refused a resource since boot; each time the runtime went on without that
  /// resource. nil: the target, or an older recording, does not tell.
  public struct Shortages: Sendable, Equatable {
    /// How often descriptors or memory were refused for a connection to be accepted.
    public var accept: UInt64?
    /// How often memory for a stack was refused.
    public var stack: UInt64?
    /// How often a new thread was refused.
    public var thread: UInt64?
    /// How often memory for the region was refused.
    public var region: UInt64?
    /// Makes a value in which no number is known.
    public init() {}
  }

  /// How many events there were, and how many of them this reader lost.
  public struct Trace: Sendable, Equatable {
    /// The reason why there are no events, in one line for people; nil: there are events.
    public var absence: String?
    /// The number of events written since boot, to all rings together.
    public var events: UInt64?
    /// The number of records that the writers overwrote before this reader had read them.
    public var lost: UInt64?
    /// The memory that all rings take, in bytes.
    public var bytes: UInt64?
    /// Every ring that is in use; nil: the source has no rings, or does not tell of them.
    public var rings: [Ring]?
    /// Makes counts none of which is known.
    public init() {}

    /// Whether there are events. In a region without them, tracing is off.
    public var enabled: Bool {
      get { absence == nil }
      set { absence = newValue ? nil : Knowledge.untraced }
    }
  }

  /// How many records there were in one ring. `lost` is 0 for a reader that keeps up.
  public struct Ring: Sendable, Equatable {
    /// The lane whose ring this is.
    public var lane: Lane
    /// How many records fit into the ring.
    public var capacity: Int
    /// The number of records written to the ring since boot.
    public var events: UInt64
    /// The number of records that the writer overwrote before this reader had read them.
    public var lost: UInt64
    /// Makes a ring's counts from their parts.
    public init(lane: Lane, capacity: Int, events: UInt64, lost: UInt64) {
      (self.lane, self.capacity, self.events, self.lost) = (lane, capacity, events, lost)
    }
  }

  /// The process that is observed.
  public var target: Target
  /// The moment at which the snapshot was taken, in nanoseconds of the monotonic clock.
  public var time: UInt64 = 0
  /// The number of Ps that may run Gs (GOMAXPROCS).
  public var procs = 0
  /// Whether the numbers of Gs by state, the queues, the Ps and the Ms are of one instant and agree. Each runnable or
  /// preempted G is on exactly one queue (`grq`, an LRQ, a `runnext`) or counts in `stackless`; each running G is on
  /// exactly one P and one M; each G in a system call is on exactly one M.
  public var isConsistent = true
  /// The number of Gs on the global run queue.
  public var grq: Int?
  /// The largest `grq` since the moment given to `observe(peaksSince:)`, which mostly is the reader's last look.
  public var grqMax: Int?
  /// The number of timers that are set and have not fired.
  public var timers: Int?
  /// How often a G was started since boot: context switches into Gs.
  public var switches: UInt64?
  /// The Ps that may run Gs, and Ps beyond `procs` that an M has not let go of yet; sorted by id.
  public var ps: [P] = []
  /// The sums over all stopped Ps; nil: not known, because an older version made the recording.
  public var retired: Retired?
  /// The Ms, sorted by id.
  public var ms: [M] = []
  /// The numbers of Gs, by state.
  public var gs = Gs()
  /// The network poller.
  public var netpoll = Netpoll()
  /// The numbers of events that were written and lost.
  public var trace = Trace()
  /// The numbers of resources that the operating system refused.
  public var shortages = Shortages()
  /// How much each P stole from each other P; nil: the source does not tell.
  public var steals: StealMatrix?
  /// The moments of the boot.
  public var boot = Boot()
  /// How the scheduler is paced from outside; nil: the scheduler cannot be paced, or the source does not tell.
  public var pace: Pace?
  /// The numbers in the target's scheduling rules.
  public var ruleNumbers = RuleNumbers()
  /// Facts that only a source that samples the scheduler tells; nil: the source does not sample.
  public var sampled: Sampled?
  /// The depths of queues and the holders of Ps according to the records; nil: the target does not tell, or a
  /// record was half written when the target was read.
  package var account: QueueAccount?
  /// The stopped Ps, one by one, that `retired` sums up.
  package var stopped: [P] = []
  /// How much older than the shown moment the depths of the queues are, in nanoseconds. At a past moment they
  /// are those of the last time at which they were recorded, because no event tells how they changed since.
  /// nil: they are of the moment itself, as always for a live target.
  public var queueAge: UInt64?

  /// An empty snapshot.
  public init(target: Target = Target()) { self.target = target }

  /// The time since the target booted, in nanoseconds; 0 if the snapshot is not later than the boot.
  public var uptime: UInt64 { time > target.bootTime ? time - target.bootTime : 0 }
  /// The time since the target booted, as `uptime`; nil: the moment of the boot is not known, such as for a target of
  /// which only a core file is left.
  public var knownUptime: UInt64? { target.bootTime == 0 ? nil : uptime }

  /// The sum of a counter over all Ps since boot: those that have rows, and those that were stopped. Every total is
  /// taken from here, so that it is the same everywhere, and does not shrink when a P is stopped.
  /// nil: one of the Ps does not tell it.
  public func total(_ row: (P) -> UInt64?, _ retired: (Retired) -> UInt64?) -> UInt64? {
    if ps.isEmpty, self.retired == nil { return nil }
    var sum = self.retired.map(retired) ?? 0
    for p in ps { sum.add(row(p)) }
    return sum
  }

  /// The number of successful steals by all Ps since boot.
  public var totalSteals: UInt64? { total(\.stealsIn, \.stealsIn) }
}
