// The states of G, M and P: one vocabulary for the runtime, for readers and for screens.
//
// The raw values are the wire format (docs/region.md). A new case is only ever added at the end.

/// The life of a goroutine. The legal moves are in `moves`; the runtime asserts them in debug builds.
///
/// At every moment one thread owns a G's next move, and only that thread writes the state. The state word is stored
/// without ordering (relaxed). The operation that hands the G on to another thread orders the store: putting the G on a
/// queue (release of the LRQ's `tail`, exchange of `runnext`, the scheduler's lock), the lock or compare-and-swap that
/// ends a wait, or the stop word of a thread that stands still. `Trace/Moves.swift` in the runtime has one function for
/// each move.
public enum GState: UInt8, CaseIterable, Sendable {
  /// The slot in the G table is free, and its memory is fresh: all zeros.
  /// - In: no code stores this state. A slot is idle when the table first grows over it, and again after the gc thread
  ///   has given the memory of free (`dead`) slots back, under the lock of the descriptor pool.
  /// - Out: to `runnable`, by the M that creates a G in the slot. That M has taken the slot from a pool or a P's cache,
  ///   so no other M uses it.
  case idle = 0
  /// Ready to run: on exactly one run queue, in one `runnext`, or set aside because there is no stack for it. A G that
  /// comes from a system call outside of `blocking` may keep its thread, which stands still inside the G.
  /// - In: a new G, by the M that creates it. From `waiting`, by the thread that ended the wait. From `running`, by the
  ///   G's own M on its scheduling stack, when the G yields or its slice is over. From `syscall`, by the G's own M, or by
  ///   sysmon for a thread that lost its P while it slept. The thread that moves the G then puts it on a queue, which
  ///   publishes the move.
  /// - Out: to `running`, by the M that has taken the G from its queue: by compare-and-swap on the LRQ's `head` or on
  ///   `runnext`, or under the scheduler's lock. Sysmon may also take a G whose thread stands still from the GRQ.
  case runnable = 1
  /// Executing user code on an M that holds a P; on no queue.
  /// - In: from `runnable`, by the M that takes it up. From `preempted`: see `preempted`. From `syscall`, by the G's
  ///   own M, once that M holds a P again: its old one, claimed by compare-and-swap, or an idle one.
  /// - Out: to `waiting`, `runnable` or `dead`, by the G's own M on its scheduling stack. To `syscall`, by the G's own
  ///   M on the G's stack. Sysmon may move the G only while the M's stop word gives sysmon the M's record: to
  ///   `preempted` (the thread stands still) or to `syscall` (the thread sleeps in the kernel outside of `blocking`).
  case running = 2
  /// Executing a system call, in `blocking` or outside of it; outside, the G enters this state when sysmon finds its
  /// thread asleep in the kernel. Its P is on offer (the G's own M or sysmon may claim it), or was taken.
  /// - In: from `running`, by the G's own M before it puts its P on offer (release); or by sysmon, while the M's stop
  ///   word says that the P is being taken.
  /// - Out: to `running`, by the G's own M, once it has a P. To `runnable`, by the G's own M, when it can have no P.
  ///   For a call outside of `blocking`: to `runnable`, by sysmon, once the thread stands still (acquire of its stop
  ///   word).
  case syscall = 3
  /// Parked for a `WaitReason`; on no run queue.
  /// - In: from `running`, by the G's own M on its scheduling stack, before it releases the lock, or does the
  ///   compare-and-swap, by which others can find the G.
  /// - Out: to `runnable`, by the one side that ends the wait. It takes the G out of its wait queue under the queue's
  ///   lock, out of a poll descriptor or by its ticket by compare-and-swap, or out of a heap of timers under the heap's
  ///   lock. When the wait was ended before the G was off its stack, the G's own M makes this move.
  case waiting = 4
  /// Stopped by sysmon, and on the GRQ. Its thread stands still in a signal handler on the G's stack; or, after a loan
  /// (a time in which it ran without a P), where it entered the runtime. During a loan too the G is in this state.
  /// - In: from `running`, by sysmon, under the scheduler's lock, after it acquired the stop word of the thread.
  /// - Out: to `running`, by the M or by sysmon, whichever took the G from the GRQ under the scheduler's lock. It moves
  ///   the G on behalf of the thread, gives the thread a P, and publishes both by a release of the stop word.
  case preempted = 5
  /// Finished. The slot is in a P's cache or in the descriptor pool; the G's stack has been given back.
  /// - In: from `running`, by the G's own M on its scheduling stack.
  /// - Out: to `runnable`, by the M that creates the next G in the slot. To `idle`: see `idle`.
  case dead = 6

  /// The states into which `self` may change.
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

  /// Whether `moves` has `next`. Allocates nothing, so the runtime may ask anywhere, even on sysmon's thread.
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

/// The reason why a G is parked. Everything uses this one list, from `park()` to the screen.
public enum WaitReason: UInt8, CaseIterable, Sendable {
  case none = 0
  /// Waits for a socket, until it can be read or accepted from.
  case netpollRead = 1
  /// Waits for a socket, until it can be written to.
  case netpollWrite = 2
  case chanSend = 3
  case chanReceive = 4
  case sleep = 5
  case waitGroup = 6
  case mutex = 7
  case select = 8
  case condition = 9
  case semaphore = 10
  /// Waits for a signal of the operating system. Not counted as parked on netpoll, though netpoll ends the wait.
  case signal = 11
  /// Waits for an `async` function of Swift's own concurrency.
  case await = 12

  /// How many reasons every block of counters has room for, so that a new reason moves no other field.
  public static let capacity = 16

  /// The group under which screens and JSON sum the reason up: `netpoll`, `chan`, `sleep`, `sync`, `select`, `signal`,
  /// `await`.
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

/// The state of an M (a thread).
///
/// The state is for readers: it is stored with release, and the runtime decides nothing about another thread by it
/// alone. Unless a case says otherwise, only the thread itself moves its M in and out, and needs no lock for that.
public enum MState: UInt8, CaseIterable, Sendable {
  /// The M has no thread: the slot is free, or its thread could not be started, or its lane is lent to threads that are
  /// no Ms.
  /// - In: from `starting`, when the thread could not be started, by the thread that tried, under the scheduler's lock.
  ///   For the lent M, by the thread that makes it, under the lock for lending.
  /// - Out: to `starting`, by the thread that needs an M, under the scheduler's lock. The lent M stays here.
  case none = 0
  /// The M's thread was asked for, and has not begun yet.
  /// - In: from `none` or `exited`, by the thread that needs an M, under the scheduler's lock (at boot, without).
  /// - Out: by the thread itself when it begins: to `running` or `parked`, or to a state of the runtime's own threads.
  ///   To `none`, by the thread that could not start it, under the scheduler's lock.
  case starting = 1
  /// The M runs a G, or the few instructions between two Gs, on a P.
  /// - In: by the thread itself: when it begins or wakes with a P, when a search finds a G, when a system call is over.
  ///   From `preemptWait`, by the M that gives it a P, or by sysmon.
  /// - Out: by the thread itself: to `spinning`, `parked` or `syscall`. By sysmon, while the stop word gives it the M's
  ///   record: to `preemptWait`, under the scheduler's lock, or to `syscall`.
  case running = 2
  /// The M holds a P and searches for work.
  /// - In: by the thread itself, after it was counted in `SchedField.spinningMs`.
  /// - Out: by the thread itself: to `running` when it finds a G, to `parked` when it finds none.
  case spinning = 3
  /// The M's thread is asleep on its futex, without a P. The M is on the list of idle Ms; or not, if it waits for the
  /// one G that must run on it.
  /// - In: by the thread itself, under the scheduler's lock when it goes on the list of idle Ms.
  /// - Out: by the thread itself after it was woken: to `running` or `spinning` with the P that its waker has prepared,
  ///   or to `exited`. The waker takes the M off the list under the scheduler's lock, and publishes the P by a release
  ///   of the futex word.
  case parked = 4
  /// The M's thread is inside a blocking system call. The M's P is on offer (the M or sysmon may claim it), or taken.
  /// - In: by the thread itself, before the call. By sysmon, when the thread sleeps in the kernel outside of
  ///   `blocking`, while the stop word says that its P is being taken.
  /// - Out: by the thread itself: to `running` with a P, to `parked` without one. For a call outside of `blocking`: to
  ///   `preemptWait`, by sysmon, once the thread stands still.
  case syscall = 5
  /// The dedicated netpoll thread, waiting in the kernel for descriptors and timers, or about to.
  /// - In and out: by the thread itself, from and to `standby`, depending on whether a P is idle.
  case netpoll = 6
  /// The dedicated netpoll thread, standing by on its futex: every P is busy and polls for itself.
  /// - In and out: by the thread itself, from and to `netpoll`.
  case standby = 7
  /// The monitor thread. It never holds a P, and never leaves this state.
  case sysmon = 8
  /// The thread that reclaims stacks and descriptors. It never holds a P, and never leaves this state.
  case gc = 9
  /// The M's thread stands still inside a preempted G, until that G is taken from the GRQ: in the signal handler, or
  /// where it entered the runtime. During a loan the thread runs, without a P, and the M stays in this state.
  /// - In: by sysmon, on behalf of the thread, whose stop word says that it stands still: from `running` under the
  ///   scheduler's lock, from `syscall` without it.
  /// - Out: to `running`, by the M or by sysmon, whichever took the G from the GRQ under the scheduler's lock. That
  ///   side gives the thread a P, and publishes the P by a release of the stop word.
  case preemptWait = 10
  /// The M's thread has ended, or is about to.
  /// - In: from `parked`, by the thread itself, after the gc thread has taken the M off the list of idle Ms.
  /// - Out: to `starting`, by the thread that needs an M, under the scheduler's lock.
  case exited = 11
}

/// The status of a P (a processor).
///
/// Only the owner of a P changes its status, and stores it with release. The owner is the M that holds the P;
/// or the winner of the compare-and-swap that takes a P on offer; or, while no M has the P, whoever holds the
/// scheduler's lock.
public enum PStatus: UInt8, CaseIterable, Sendable {
  /// No M holds the P: the P is on the idle list, or on its way to an M. Its run queue is empty, or an M is about to be
  /// woken for the Gs in the queue.
  /// - In: from `running` or `spinning`, by the M that lets go of the P, or by sysmon on behalf of a thread that lost
  ///   the P. From `syscall`, by sysmon, which took the P from the call, or by the old M, if the P must retire. From
  ///   `stopped`, by the M that raises the number of procs or by the gc thread, under the scheduler's lock.
  /// - Out: to `running` or `spinning`, by the M that takes hold of the P, or by the M (or sysmon) that gives the P to
  ///   a thread that stands still. A P on the idle list is first taken off the list, under the scheduler's lock. To
  ///   `stopped`: see `stopped`.
  case idle = 0
  /// An M holds the P and runs Gs.
  /// - In: from `idle`: see `idle`. From `spinning`, by its M, when the search finds a G. From `syscall`, by its old M,
  ///   which claimed it by compare-and-swap.
  /// - Out: to `spinning` or `syscall`, by its M. To `idle`, by its M, or by sysmon on behalf of a thread that stands
  ///   still or sleeps in the kernel.
  case running = 1
  /// An M holds the P and searches for work.
  /// - In: from `running`, by its M, when the search begins. From `idle`, by the M that takes hold of it to search.
  /// - Out: to `running`, by its M, when it finds a G. To `idle`, by its M, when it finds none.
  case spinning = 2
  /// The P's M is inside a system call and has put the P on offer: that M or sysmon may claim it.
  /// - In: from `running`, by its M, before the release store that puts the P on offer.
  /// - Out: by the winner of the compare-and-swap on the offer: to `running` if the winner is the old M; to `idle` if
  ///   it is sysmon, or if the number of procs has become too small for this P.
  case syscall = 3
  /// The P is beyond the current number of procs: retired, or not opened yet. No M holds the P, and its run queue is
  /// empty.
  /// - In: from `idle`, by the thread that lets go of the P, or lowers the number of procs, under the scheduler's lock. A P
  ///   that is made after the boot begins here.
  /// - Out: to `idle`, by the M that raises the number of procs, or by the gc thread after cleaning up, under the
  ///   scheduler's lock.
  case stopped = 4
}

/// The kind of a G, for readers.
public enum GKind: UInt8, CaseIterable, Sendable {
  case user = 0
  /// The G that runs the closure given to `MPG.main`.
  case main = 1
  /// A G that runs a job of a Swift `Task`: what the task does from one suspension to the next.
  case task = 2
}

/// The life of the process, as its region tells it.
public enum ProcessState: UInt8, CaseIterable, Sendable {
  case booting = 0
  case live = 1
  case exited = 2
  case crashed = 3
}

/// The steps of the boot before the main G runs, in the order in which they happen.
public enum BootStep: UInt8, CaseIterable, Sendable {
  case region = 1
  case procs = 2
  case m0 = 3
  case sysmon = 4
  case gc = 5
  case netpoll = 6
  case mainG = 7
  /// The main G runs. From here on the program's own code runs.
  case main = 8
}

/// The backends of netpoll, each an interface by which netpoll asks the kernel.
public enum NetpollKind: UInt8, CaseIterable, Sendable, CustomStringConvertible {
  /// No backend is chosen yet, because the process boots.
  case none = 0
  /// Linux: the kernel says which descriptors are ready.
  case epoll = 1
  /// Linux: the runtime orders a watch of a descriptor once, and the kernel reports each time that it becomes ready.
  case ioUring = 2
  /// macOS and the BSDs: the kernel says which descriptors are ready, each direction by itself.
  case kqueue = 3
  /// Windows: each wait begins a poll of the socket, and a completion port reports the end of that poll.
  case iocp = 4

  /// The name of the backend in the environment, in JSON and in the schema.
  public var description: String {
    switch self {
    case .none: "none"
    case .epoll: "epoll"
    case .ioUring: "io_uring"
    case .kqueue: "kqueue"
    case .iocp: "iocp"
    }
  }
}

/// How a scheduler is paced from outside, over its control socket. Only the control thread changes it.
public enum Pacing: UInt8, CaseIterable, Sendable {
  /// The scheduler cannot be paced: it was not started with control.
  case none = 0
  /// The scheduler can be paced, and runs free.
  case free = 1
  /// Every thread waits before its next decision, until the controller lets it make that decision.
  case held = 2
  /// Threads make their next decisions one after the other, at a given rate for all of them together.
  case slow = 3
}
