// The catalogue of events: what a record says, in data. docs/region.md has one row for each, held by a test.

/// What happened. Raw values are the wire format; a case is only ever added at the end.
@frozen public enum EventKind: UInt8, CaseIterable, Sendable {
  /// A step of the boot is done; `detail`: `BootStep`.
  case boot = 1
  /// G was created, runnable; `detail`: 1 when it belongs to a span, as its parent does; `count`: its entry (string
  /// id), `arg`: the G that spawned it, and where it was put (`Place`).
  case goCreate = 2
  /// G runs; `detail`: from where it was taken (`RunSource`) and, in the upper four bits, the `WaitReason` that ended
  /// before, if it waited; `count`: its sequence number, `arg`: ticks since it became runnable.
  case goStart = 3
  /// G parks; `detail`: `WaitReason`, `count`: its sequence number, `arg`: the descriptor plus 1, or 0.
  case goPark = 4
  /// G became runnable; `detail`: the `WaitReason` that ended, `count`: its sequence number, `arg`: the G that
  /// readied it (0: netpoll or a timer), and where it was put (`Place`).
  case goReady = 5
  /// G gave way; `count`: its sequence number, `arg`: where it was put.
  case goYield = 6
  /// G is gone; `count`: its sequence number.
  case goExit = 7
  /// The M took the P; `count`: P.
  case procStart = 8
  /// The M put the P among the idle; `count`: P.
  case procStop = 9
  /// The P stole; `count`: Gs taken, `arg`: victim P, `detail`: 1 when it took the victim's runnext.
  case steal = 10
  /// A full LRQ spilled; `count`: Gs moved to the GRQ, `arg`: its depth after.
  case overflow = 11
  /// The P took from the GRQ; `count`: Gs taken, `arg`: its depth after.
  case grqTake = 12
  /// A thread runs; `arg`: its tid.
  case mStart = 13
  /// The M goes to sleep.
  case mPark = 14
  /// An M was woken; `count`: which, `arg`: 1 when it was woken to spin.
  case mWake = 15
  /// The M searches for work.
  case mSpin = 16
  /// The M stopped searching; `arg`: 1 when it found work.
  case mUnspin = 17
  /// A poll found descriptors ready; `detail`: 0 the netpoll thread, 1 a searching M, 2 sysmon; `count`: Gs readied.
  case netpoll = 18
  /// Timers fired; `count`: how many.
  case timers = 19
  /// The gc thread begins a cycle.
  case gcStart = 20
  /// The gc thread ends a cycle; `arg`: bytes given back.
  case gcEnd = 21
  /// G was stopped where it was; `count`: its sequence number, `detail`: 1 when it kept its thread, `arg`: where it was
  /// put.
  case goPreempt = 22
  /// A preempted G goes on; `detail`: from where it was taken (`RunSource`), `count`: its sequence number, `arg`: ticks
  /// since it was stopped.
  case goResume = 23
  /// G enters a system call; `count`: its sequence number.
  case goSyscall = 24
  /// G leaves a system call; `count`: its sequence number, `detail`: 0 it was queued, 1 on its old P, 2 on another;
  /// `arg`: ticks since it entered and, when it was queued, where it was put (`Place`).
  case goSyscallExit = 25
  /// Sysmon took the P of a system call; `count`: P, `arg`: the M inside.
  case retake = 26
  /// Sysmon asked for preemption; `count`: P, `arg`: the M.
  case preemptRequest = 27
  /// The number of Ps was changed; `count`: procs now, `arg`: before.
  case procsChange = 28
  /// A P beyond it was let go of and stopped; `count`: P, `arg`: Gs moved from its queue to the GRQ, `detail`: 1 when
  /// one of them was in `runnext`.
  case procRetire = 29
  /// The system had no more of something; `detail`: `Shortage`, `count`: how often since the last such event, `arg`:
  /// the errno.
  case shortage = 34
  /// Sysmon lent a preempted G time without a P, because no P moved; `count`: the M that keeps it, `arg`: the G.
  case lend = 38
  /// G belongs to another span from here on, and so do the Gs that it creates; `detail`: 1 when that begins now, 0 when
  /// it goes back to an earlier one, `count`: the span's label (string id), `arg`: the span's number, 0: none.
  case goLabel = 39
  /// A poll that readied Gs came after nobody had looked for over a millisecond; `detail`: the poller as in `netpoll`,
  /// `count`: Gs readied just before, `arg`: ticks since the poll before.
  case netpollLate = 43
  /// A timer is about to ready G, over a millisecond after it was due; `arg`: ticks since then.
  case timerLate = 44
  /// The M's thread ends: nobody has needed it for a while. A later `mStart` of the same M is of another thread.
  case mEnd = 45
  /// The G that the last put into `runnext` was to displace had just been stolen: none went to the LRQ.
  case nextStolen = 46
  /// G was taken to run for the first time, and there was no stack for it: it is set aside, on no queue; `detail`: from
  /// where it was taken (`RunSource`).
  case goSetAside = 47
  /// Gs that were set aside are on a queue again; `count`: how many, `arg`: on which (`Place`).
  case takeUp = 48
  /// The netpoll thread waits in another way from here on; `detail`: 1: it stands by, since every P is busy, 0: it waits
  /// in the kernel.
  case netpollStandby = 49

  /// What the four free parts of a record mean: `g detail count arg`; `-`: unused.
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
    }
  }
}
