// A snapshot: every number of a target at one moment, as plain values.
//
// Views, JSON and tests take this and nothing else; where it came from (a live region, a recording, a black
// box) does not show. All times are nanoseconds of the machine's monotonic clock unless a name says otherwise.
import Region

/// The state of a target's scheduler at one moment.
public struct Snapshot: Sendable, Equatable {
  /// Who is being looked at.
  public struct Target: Sendable, Equatable {
    public var pid: Int32
    /// The executable's file name.
    public var name: String
    /// Monotonic time at which the target booted.
    public var bootTime: UInt64
    public var state: ProcessState
    public init(pid: Int32 = 0, name: String = "", bootTime: UInt64 = 0, state: ProcessState = .live) {
      (self.pid, self.name, self.bootTime, self.state) = (pid, name, bootTime, state)
    }
  }

  /// One P. Counters are totals since boot.
  public struct P: Sendable, Equatable {
    public var id = 0
    public var status = PStatus.idle
    /// The M that holds it.
    public var m: Int?
    /// The id of the G that it runs.
    public var g: UInt64?
    /// Where that G was spawned: `function at File.swift:31`.
    public var entry: String?
    /// Gs in the local run queue, without `runnext`; 0…256.
    public var lrq = 0
    /// The largest `lrq` since the moment that the reader named: mostly, when it looked last.
    public var lrqMax = 0
    /// Whether `runnext` holds a G.
    public var runnext = false
    /// Gs started on this P.
    public var ticks: UInt64 = 0
    /// Successful steals by this P.
    public var stealsIn: UInt64 = 0
    /// Successful steals from this P.
    public var stealsOut: UInt64 = 0
    /// Gs that this P stole.
    public var stolenGs: UInt64 = 0
    /// Steal attempts by this P, hits and misses.
    public var stealTries: UInt64 = 0
    /// Nanoseconds since it was made that no M held it, and that its M searched for work; nil when the target does not say.
    public var idleTime: UInt64?
    public var spinTime: UInt64?
    /// Likewise those that its M was in a system call and nobody had taken it, and the rest: a G ran, or its M was between
    /// two. The four add up to the time since it was made.
    public var callTime: UInt64?
    public var runTime: UInt64?
    /// Its caches of descriptors and of stacks for new Gs; nil when the target does not say.
    public var gCache: Cache?
    public var stackCache: Cache?
    public init() {}
  }

  /// What a cache had when it was asked, and what it had not. Totals since boot.
  public struct Cache: Sendable, Equatable {
    public var hits: UInt64
    public var misses: UInt64
    public init(hits: UInt64 = 0, misses: UInt64 = 0) { (self.hits, self.misses) = (hits, misses) }
  }

  /// What the Ps that were stopped have counted, together: they have no rows, but their Gs did run.
  public struct Retired: Sendable, Equatable {
    public var ps = 0
    public var ticks: UInt64 = 0
    public var stealsIn: UInt64 = 0
    public var stealsOut: UInt64 = 0
    public var stolenGs: UInt64 = 0
    public var stealTries: UInt64 = 0
    public init() {}

    package mutating func add(_ p: P) {
      ps += 1
      ticks &+= p.ticks
      stealsIn &+= p.stealsIn
      stealsOut &+= p.stealsOut
      stolenGs &+= p.stolenGs
      stealTries &+= p.stealTries
    }
  }

  /// One M.
  public struct M: Sendable, Equatable {
    public var id = 0
    /// The thread's id in the operating system.
    public var tid: Int32 = 0
    public var state = MState.none
    public var p: Int?
    public var g: UInt64?
    public init() {}
  }

  /// All Gs, counted. `byReason` and `byState` add up to `live` whenever `isConsistent`.
  public struct Gs: Sendable, Equatable {
    public var created: UInt64 = 0
    public var exited: UInt64 = 0
    public var running = 0
    public var runnable = 0
    /// Stopped by sysmon, and queued; each keeps its thread.
    public var preempted = 0
    /// In a blocking system call.
    public var syscall = 0
    /// Parked Gs by reason; `waiting[.sleep]` and so on. Reasons with none may be missing.
    public var waiting: [WaitReason: Int] = [:]
    /// Live Gs that run a job of a Swift `Task`; nil when the target does not say.
    public var tasks: Int?
    /// Runnable ones that are on no queue, since there was no stack for their first turn; nil when the target does not say.
    public var stackless: Int?
    public init() {}

    /// Gs that were created and have not exited. Counters wrap, and so does their difference.
    public var live: Int { Int(truncatingIfNeeded: created &- exited) }
    /// Gs parked for any reason of `group`.
    public func waiting(in group: WaitGroupName) -> Int {
      waiting.reduce(0) { $1.key.group == group ? $0 + $1.value : $0 }
    }
    /// Sum over all states; equals `live` in a consistent snapshot.
    public var sumOfStates: Int { running + runnable + preempted + syscall + waiting.values.reduce(0, +) }
  }

  public struct Netpoll: Sendable, Equatable {
    /// Gs parked until a socket is ready.
    public var parked = 0
    /// Descriptors registered.
    public var fds = 0
    /// Times that a poll found at least one descriptor ready.
    public var wakeups: UInt64 = 0
    /// Gs made runnable by polls.
    public var readied: UInt64 = 0
    /// What the kernel is asked with; nil, as the next two, when the target, or an older recording, does not say.
    public var backend: NetpollKind?
    /// Watches that had ended in the kernel and were set up anew.
    public var rearms: UInt64?
    /// Polls that sysmon made because nobody else had.
    public var sysmonPolls: UInt64?
    public init() {}
  }

  /// How often the system had no more of something since the target booted; the runtime went on. nil when the target, or
  /// an older recording, does not say.
  public struct Shortages: Sendable, Equatable {
    /// Descriptors or memory for connections to accept.
    public var accept: UInt64?
    public var stack: UInt64?
    public var thread: UInt64?
    /// Room for the region.
    public var region: UInt64?
    public init() {}
  }

  /// The event plane's own account.
  public struct Trace: Sendable, Equatable {
    public var enabled = true
    /// Events written since boot, all rings.
    public var events: UInt64 = 0
    /// Records that this reader missed because the writers lapped it.
    public var lost: UInt64 = 0
    /// Bytes of memory that the rings take.
    public var bytes: UInt64 = 0
    /// Each ring in use.
    public var rings: [Ring] = []
    public init() {}

    /// Why what follows from events is not told, in one line; nil: the target writes them.
    public var absence: String? { enabled ? nil : Knowledge.untraced }
  }

  /// The account of one ring. For a reader that keeps up, `lost` is 0.
  public struct Ring: Sendable, Equatable {
    public var lane: Lane
    /// Records that it holds.
    public var capacity: Int
    /// Records written since boot, and those that this reader missed.
    public var events: UInt64
    public var lost: UInt64
    public init(lane: Lane, capacity: Int = 0, events: UInt64 = 0, lost: UInt64 = 0) {
      (self.lane, self.capacity, self.events, self.lost) = (lane, capacity, events, lost)
    }
  }

  public var target: Target
  /// When the snapshot was taken.
  public var time: UInt64 = 0
  /// Ps that Gs may run on (GOMAXPROCS).
  public var procs = 0
  /// Whether the Gs by state, the queues, the Ps and the Ms are of one instant, and add up: each runnable or preempted G is
  /// on one queue (`grq`, an LRQ, a `runnext`) or `stackless`, each running one on one P and one M, each one in a system call
  /// on one M.
  public var isConsistent = true
  /// Gs on the global run queue, and the largest number since the moment that the reader named.
  public var grq = 0
  public var grqMax = 0
  /// Timers armed.
  public var timers = 0
  /// Gs started since boot: context switches into Gs.
  public var switches: UInt64 = 0
  /// The Ps that Gs may run on; and those beyond `procs` that an M has yet to let go of.
  public var ps: [P] = []
  /// nil: it is not known, in an older recording.
  public var retired: Retired? = Retired()
  public var ms: [M] = []
  public var gs = Gs()
  public var netpoll = Netpoll()
  public var trace = Trace()
  public var shortages = Shortages()
  public var steals = StealMatrix()
  public var boot = Boot()
  public var ruleNumbers = RuleNumbers()
  /// Depths and holders, as the records have them; nil: the target does not tell, or was in the middle of telling.
  package var account: QueueAccount?
  /// The Ps that `retired` adds up.
  package var stopped: [P] = []
  /// In the past: for how many nanoseconds LRQ, `runnext` and GRQ are older than the moment, since nothing tells of them
  /// meanwhile; nil: they are of this moment.
  public var queueAge: UInt64?

  public init(target: Target = Target()) { self.target = target }

  /// Nanoseconds since the target booted.
  public var uptime: UInt64 { time > target.bootTime ? time - target.bootTime : 0 }

  /// A counter of all Ps since the boot: of those that have rows, and of those that were stopped. Whoever tells a total
  /// takes it from here, so that it is the same everywhere, and does not shrink when a P is stopped.
  public func total(_ row: (P) -> UInt64, _ retired: (Retired) -> UInt64) -> UInt64 {
    ps.reduce(self.retired.map(retired) ?? 0) { $0 &+ row($1) }
  }

  /// Successful steals since the boot, by all Ps.
  public var totalSteals: UInt64 { total(\.stealsIn, \.stealsIn) }
}
