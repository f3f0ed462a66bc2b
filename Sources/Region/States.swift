// What a G, an M and a P can be doing: the one vocabulary of runtime, readers and screens.
//
// Raw values are the wire format (docs/region.md); a case is only ever added at the end.

/// The life of a goroutine. The legal moves are in `moves`; the runtime asserts them in debug builds.
public enum GState: UInt8, CaseIterable, Sendable {
  /// The slot in the G table is free; no queue and no one holds it.
  case idle = 0
  /// Ready to run: on exactly one run queue, or in one `runnext`. After a system call that it made outside of `blocking` it
  /// may keep its thread.
  case runnable = 1
  /// Executing user code on an M that holds a P; on no queue.
  case running = 2
  /// Executing a blocking system call on an M, in `blocking`, or outside of it since sysmon found its thread asleep; its P
  /// may have been taken.
  case syscall = 3
  /// Parked for a `WaitReason`; whoever ends the wait owns the next move.
  case waiting = 4
  /// Stopped by sysmon inside a signal handler that keeps its thread; queued on the GRQ.
  case preempted = 5
  /// Finished; its stack and descriptor are on their way back to a cache.
  case dead = 6

  /// The states that `self` may change into.
  public var moves: [GState] {
    switch self {
    case .idle: [.runnable]
    case .runnable: [.running]
    case .running: [.runnable, .syscall, .waiting, .preempted, .dead]
    case .syscall: [.running, .runnable]
    case .waiting: [.runnable]
    case .preempted: [.running]
    case .dead: [.idle, .runnable]
    }
  }

  /// Whether `moves` has `next`; it allocates nothing, so that the runtime may ask inside a signal handler.
  public func canMove(to next: GState) -> Bool {
    switch self {
    case .idle, .waiting: next == .runnable
    case .runnable, .preempted: next == .running
    case .running: next != .idle && next != .running
    case .syscall: next == .running || next == .runnable
    case .dead: next == .idle || next == .runnable
    }
  }
}

/// Why a G is parked. One list from `park()` to the screen.
public enum WaitReason: UInt8, CaseIterable, Sendable {
  case none = 0
  /// On a socket until it can be read or accepted from.
  case netpollRead = 1
  /// On a socket until it can be written to.
  case netpollWrite = 2
  case chanSend = 3
  case chanReceive = 4
  case sleep = 5
  case waitGroup = 6
  case mutex = 7
  case select = 8
  case condition = 9
  case semaphore = 10
  /// For a signal of the operating system; not counted as parked on netpoll though epoll carries it.
  case signal = 11
  /// For an `async` function of Swift's own concurrency.
  case await = 12

  /// Slots kept for reasons in every block of counters, so that a new reason moves nothing.
  public static let capacity = 16

  /// What screens and JSON add up together: `netpoll`, `chan`, `sleep`, `sync`, `select`, `signal`, `await`.
  public var group: WaitGroupName {
    switch self {
    case .none: .other
    case .netpollRead, .netpollWrite: .netpoll
    case .chanSend, .chanReceive: .chan
    case .sleep: .sleep
    case .waitGroup, .mutex, .condition, .semaphore: .sync
    case .select: .select
    case .signal: .signal
    case .await: .await
    }
  }
}

/// The groups of wait reasons that headlines show.
public enum WaitGroupName: String, CaseIterable, Sendable {
  case netpoll, chan, sleep, sync, select, signal, `await`, other
}

/// What an M (a thread) is doing.
public enum MState: UInt8, CaseIterable, Sendable {
  /// The slot is free; or its lane is lent to threads that are no Ms.
  case none = 0
  /// The thread was asked for and has not said hello yet.
  case starting = 1
  /// Runs a G, or the few instructions between two Gs, on a P.
  case running = 2
  /// Holds a P and searches for work.
  case spinning = 3
  /// Asleep on its futex, without a P.
  case parked = 4
  /// Inside a blocking system call.
  case syscall = 5
  /// The dedicated netpoll thread, inside `epoll_wait`.
  case netpoll = 6
  /// The dedicated netpoll thread, standing by: every P is busy and polls for itself.
  case standby = 7
  /// The monitor thread; never holds a P.
  case sysmon = 8
  /// The thread that reclaims stacks and descriptors; never holds a P.
  case gc = 9
  /// A thread that stands still, kept by a G that waits for its turn: in the signal handler, or at the border of the runtime.
  case preemptWait = 10
  /// The thread has left.
  case exited = 11
}

/// What a P (a processor) is doing.
public enum PStatus: UInt8, CaseIterable, Sendable {
  /// No M holds it; its run queue is empty.
  case idle = 0
  /// An M holds it and runs Gs.
  case running = 1
  /// An M holds it and searches for work.
  case spinning = 2
  /// Its M is inside a system call; sysmon may retake it.
  case syscall = 3
  /// Beyond the current number of procs.
  case stopped = 4
}

/// What a G is, for readers: user code, or the runtime's own.
public enum GKind: UInt8, CaseIterable, Sendable {
  case user = 0
  /// The G that runs the closure given to `MPG.main`.
  case main = 1
  /// A job of a Swift `Task`: what it does from one suspension to the next.
  case task = 2
}

/// The life of the process as its region tells it.
public enum ProcessState: UInt8, CaseIterable, Sendable {
  case booting = 0
  case live = 1
  case exited = 2
  case crashed = 3
}

/// The steps of the boot, in the order in which they happen, before the main G runs.
public enum BootStep: UInt8, CaseIterable, Sendable {
  case region = 1
  case procs = 2
  case m0 = 3
  case sysmon = 4
  case gc = 5
  case netpoll = 6
  case mainG = 7
  /// The main G runs: from here on it is the program's own code.
  case main = 8
}

/// The backends of netpoll: what the kernel is asked with.
public enum NetpollKind: UInt8, CaseIterable, Sendable, CustomStringConvertible {
  /// Nothing yet: the process boots.
  case none = 0
  /// Linux: says which descriptors are ready.
  case epoll = 1
  /// Linux: completes an order to watch, again and again.
  case ioUring = 2
  /// macOS and the BSDs.
  case kqueue = 3

  /// The word for it in the environment, in JSON and in the schema.
  public var description: String {
    switch self {
    case .none: "none"
    case .epoll: "epoll"
    case .ioUring: "io_uring"
    case .kqueue: "kqueue"
    }
  }
}
