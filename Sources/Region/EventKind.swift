// The catalogue of events, and what the parts of each event's record mean. docs/region.md has one row for each event; a
// test compares the two.

/// The kind of an event. Raw values are the wire format: cases are added at the end only, and never
/// renumbered.
@frozen public enum EventKind: UInt8, CaseIterable, Sendable {
  /// A step of the boot is done; `detail`: `BootStep`.
  case boot = 1
  /// G was created, and is runnable; `detail`: 1 when G belongs to the span of the G that spawned it; `count`: G's entry
  /// point (string id); `arg`: the G that spawned it, and the queue it was put on (`Place`).
  case goCreate = 2
  /// G starts to run; `detail`: where it was taken from (`RunSource`) and, in the upper four bits, the `WaitReason` of the
  /// wait before, if there was one; `count`: G's sequence number; `arg`: ticks since G became runnable.
  case goStart = 3
  /// G parks; `detail`: `WaitReason`, `count`: its sequence number, `arg`: the descriptor plus 1, or 0.
  case goPark = 4
  /// G became runnable; `detail`: the `WaitReason` of the wait that ended; `count`: G's sequence number; `arg`: the G that
  /// readied it (0: netpoll or a timer), and the queue it was put on (`Place`).
  case goReady = 5
  /// G yielded; `count`: its sequence number, `arg`: the queue it was put on (`Place`).
  case goYield = 6
  /// G ended; `count`: its sequence number.
  case goExit = 7
  /// The M took the P; `count`: the P's id.
  case procStart = 8
  /// The M put the P on the list of idle Ps; `count`: the P's id.
  case procStop = 9
  /// The P stole; `count`: Gs taken, `arg`: the victim's id, `detail`: 1 when it took the victim's runnext.
  case steal = 10
  /// The P's full LRQ spilled; `count`: Gs moved to the GRQ, `arg`: depth of the GRQ after it.
  case overflow = 11
  /// The P took Gs from the GRQ; `count`: Gs taken, `arg`: depth of the GRQ after it.
  case grqTake = 12
  /// The M's thread begins to run; `arg`: its tid.
  case mStart = 13
  /// The M goes to sleep.
  case mPark = 14
  /// This M woke another; `count`: the M that was woken, `arg`: 1 when it was woken to search for work.
  case mWake = 15
  /// The M searches for work.
  case mSpin = 16
  /// The M stopped searching; `arg`: 1 when it found work.
  case mUnspin = 17
  /// A poll found descriptors ready; `detail`: what polled (0 the netpoll thread, 1 a searching M, 2 sysmon); `count`: Gs
  /// readied; `arg`: descriptors that were ready.
  case netpoll = 18
  /// Timers fired; `count`: how many.
  case timers = 19
  /// The gc thread begins a cycle.
  case gcStart = 20
  /// The gc thread ends a cycle; `arg`: bytes given back to the system.
  case gcEnd = 21
  /// G was preempted; `count`: its sequence number, `detail`: 1 when G keeps its thread, `arg`: the queue it was put on
  /// (`Place`).
  case goPreempt = 22
  /// A preempted G goes on; `detail`: where it was taken from (`RunSource`), `count`: its sequence number, `arg`: ticks
  /// since it was preempted.
  case goResume = 23
  /// G enters a system call; `count`: its sequence number.
  case goSyscall = 24
  /// G leaves a system call; `count`: its sequence number; `detail`: 0 it got no P and was queued, 1 it runs on its old P,
  /// 2 it runs on another P; `arg`: ticks since G entered the call and, when it was queued, the queue (`Place`).
  case goSyscallExit = 25
  /// Sysmon took the P of an M inside a system call; `count`: P, `arg`: the M.
  case retake = 26
  /// Sysmon asked an M to preempt its G; `count`: P, `arg`: the M.
  case preemptRequest = 27
  /// The number of Ps that Gs may run on was changed; `count`: the new number, `arg`: the old one.
  case procsChange = 28
  /// A P beyond the new number of procs was stopped; `count`: P, `arg`: Gs moved from its queue to the GRQ, `detail`: 1
  /// when one of them was in its `runnext`.
  case procRetire = 29
  /// The system refused a resource; `detail`: `Shortage`, `count`: how often since the last such event, `arg`: the errno.
  case shortage = 34
  /// No P made progress, so sysmon lent time without a P to a G whose thread stands still: the thread was preempted, or
  /// lost its P while it slept. `count`: the M that G keeps, `arg`: G.
  case lend = 38
  /// From here on G, and each G that it creates, belongs to another span; `detail`: 1 when that span begins now, 0 when
  /// G returns to an earlier one. Only in a history made of a Go trace: 3 when the span begins beside those that G is
  /// in, which go on; 4 when the span is over while G is in another one. `count`: the span's label (string id); `arg`:
  /// the span's number, 0: none.
  case goLabel = 39
  /// A poll readied Gs, and no thread had polled for longer than `RuleNumber.lateness`; `detail`: as in `netpoll`;
  /// `count`: the Gs that the poll readied, whose `goReady` events stand just before; `arg`: ticks since the poll before.
  case netpollLate = 43
  /// A timer that is about to ready G is late by more than `RuleNumber.lateness`; `arg`: ticks since it was due.
  case timerLate = 44
  /// The M's thread ends, because the M was not needed for a while. A later `mStart` of the same M is of another thread.
  case mEnd = 45
  /// A correction: the last record that put a G into `runnext` says that it displaced another G to the LRQ, but a thief
  /// had just stolen that other G, so none went to the LRQ.
  case nextStolen = 46
  /// G was taken to run for the first time, but there was no stack for it: G is set aside, on no queue; `detail`: where
  /// it was taken from (`RunSource`).
  case goSetAside = 47
  /// Gs that were set aside are on a queue again; `count`: how many, `arg`: which queue (`Place`).
  case takeUp = 48
  /// From here on the netpoll thread waits in another way; `detail`: 1 it stands by, since every P is busy; 0 it waits in
  /// the kernel.
  case netpollStandby = 49
  /// Only in a history made of a Go trace: G wrote a line to the trace; `count`: the line (string id), `arg`: the number of
  /// the span to which it belongs, 0: none.
  case log = 50
  /// Only in a history made of a Go trace: the CPU profiler found G running here, or a thread without a G; `count`: the
  /// function (string id).
  case cpuSample = 51

  /// Whether the event is only in histories made of Go traces. No runtime writes it.
  public var isOfTraces: Bool { self == .log || self == .cpuSample }

  /// What the parts `g detail count arg` of the event's record mean; `-`: unused.
  public var meaning: String {
    switch self {
    case .boot: "- detail:BootStep - -"
    case .goCreate: "g detail:in_span count:string arg:parent_g+place"
    case .goStart: "g detail:RunSource count:sequence arg:ticks_runnable"
    case .goPark: "g detail:WaitReason count:sequence arg:fd+1"
    case .goReady: "g detail:WaitReason count:sequence arg:by_g+place"
    case .goYield: "g - count:sequence arg:place"
    case .goExit: "g - count:sequence -"
    case .procStart: "- - count:p -"
    case .procStop: "- - count:p -"
    case .steal: "- detail:runnext count:gs arg:victim_p"
    case .overflow: "- - count:gs arg:grq_depth"
    case .grqTake: "- - count:gs arg:grq_depth"
    case .mStart: "- - - arg:tid"
    case .mPark: "- - - -"
    case .mWake: "- - count:m arg:spinning"
    case .mSpin: "- - - -"
    case .mUnspin: "- - - arg:found"
    case .netpoll: "- detail:poller count:gs arg:fds"
    case .timers: "- - count:timers -"
    case .gcStart: "- - - -"
    case .gcEnd: "- - - arg:bytes"
    case .goPreempt: "g detail:kept_thread count:sequence arg:place"
    case .goResume: "g detail:RunSource count:sequence arg:ticks_preempted"
    case .goSyscall: "g - count:sequence -"
    case .goSyscallExit: "g detail:how count:sequence arg:ticks_syscall+place"
    case .retake: "- - count:p arg:m"
    case .preemptRequest: "- - count:p arg:m"
    case .procsChange: "- - count:ps arg:ps_before"
    case .procRetire: "- detail:runnext count:p arg:gs"
    case .shortage: "- detail:Shortage count:shortages arg:errno"
    case .lend: "- - count:m arg:g"
    case .goLabel: "g detail:begins count:string arg:span"
    case .netpollLate: "- detail:poller count:gs arg:ticks_unpolled"
    case .timerLate: "g - - arg:ticks_late"
    case .mEnd: "- - - -"
    case .nextStolen: "- - - -"
    case .goSetAside: "g detail:RunSource - -"
    case .takeUp: "- - count:gs arg:place"
    case .netpollStandby: "- detail:stands_by - -"
    case .log: "g - count:string arg:span"
    case .cpuSample: "g - count:string -"
    }
  }
}
