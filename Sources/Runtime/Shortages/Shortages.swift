// Shortages: the system has no more descriptors, address space, threads or room in tmpfs, and the runtime goes on with
// what it has.
//
// §1 The problem. Each shortage ends by itself, mostly soon: a connection is closed, a thread ends. A runtime that ends
// the process because of one loses everything. One that waits on the spot holds a P or a lock meanwhile. One that tries
// again in a loop takes the CPU from the Gs and threads that could end the shortage.
//
// §2 The design. A thread that cannot get something puts the work back where other threads find it, notes the shortage
// and goes on:
//     accept   the connection stays in the kernel's queue; the G that accepts sleeps, 5 ms to 1 s (TCPListener)
//     stack    the G stays runnable and is set aside (Stackless); an M whose G ends gives that G's stack to one of
//              these
//     thread   the P goes back on the idle list, as if no M had been woken for it (Threads §2)
//     region   a new M that has no room there counts as a thread that cannot be had; new slots of the G table lie in
//              other memory, unlisted
// One `Backoff` spaces all tries to start a thread, another one all tries to get a stack, whichever thread makes the
// try.
//
// §3 The second look. Work that was put back must be looked at again, even if nothing else happens. The gc thread does
// that: it holds no P, may allocate and may start threads. `request` sets `due` and wakes it. While something is due,
// the gc thread looks every 10 ms for Gs without a stack, and for an idle P beside work. Looks are cheap and may hand a
// P to an M that sleeps; only tries need the backoffs.
//     failure:  undo (the P idle, spinningMs down; the G aside);   then due ← true, and wake the gc thread
//     look:     due ← false;   a fence;   then look at queues, spinningMs and the idle list
// Both are sequentially consistent. So a look that begins after a failure sees what the failure left, and a look that
// fails itself sets `due` again. If the flag were cleared after the look, a failure in between would never be seen.
//
// §4 Messages. Any thread may note a shortage, under any lock, so a note only counts. The gc thread writes the events,
// and one line to stderr for each episode, if there is room for the line at once: it must not wait, because other
// threads need its other services (Collector). An episode is over when there was no such shortage for ten seconds.
//
// §5 These still end the process: no region or no thread at all at the boot; no memory for malloc, which Swift cannot
// survive; more than `Capacity.gs` Gs.
import CMPG
import Glibc
import Region
import Synchronization

final class Shortages: Sendable {
  let threads = Backoff()
  let stacks = Backoff()
  /// Whether work is to be looked at again (§3).
  private let due = Atomic(false)
  private let episodes = Shortage.allCases.map { _ in Episode() }
  /// The earliest moment for the next look, in ticks. Only the gc thread uses it.
  private let nextLook = Atomic<UInt64>(0)

  private static let interval: UInt64 = 10_000_000

  /// Counts a shortage, and has it reported. Any thread, under any lock: takes no lock and allocates nothing.
  func note(_ kind: Shortage, _ errno: Int32) {
    sched.shared[kind.counter].add(1)
    episodes[Int(kind.rawValue) - 1].add(errno)
    request()
  }

  /// Asks for a look. Any thread; cheap when a look is due already.
  func request() {
    guard !due.exchange(true, ordering: .sequentiallyConsistent) else { return }
    unsafe collectorM?.wake()
  }

  /// Whether a look was asked for and has not begun.
  var isDue: Bool { due.load(ordering: .sequentiallyConsistent) }

  // MARK: the gc thread

  /// How long the gc thread may sleep, in nanoseconds; < 0: until it is woken.
  var pause: Int64 {
    guard isDue else { return -1 }
    let (now, next) = (Clock.now, nextLook.load(ordering: .relaxed))
    return next > now ? Int64(clamping: Clock.nanoseconds(ticks: next - now)) + 1 : 0
  }

  /// Looks, if a look is due (§3).
  func look(_ m: M) {
    guard isDue, Clock.now >= nextLook.load(ordering: .relaxed) else { return }
    due.store(false, ordering: .sequentiallyConsistent)
    atomicMemoryFence(ordering: .sequentiallyConsistent)
    for kind in Shortage.allCases { episodes[Int(kind.rawValue) - 1].tell(kind, m) }
    if stacks.isOpen { takeUpAll(m) } else if sched.hasStackless { request() }
    if sched.hasWork { sched.wakePAfterSubmit(m) }
    nextLook.store(Clock.now &+ Clock.ticks(nanoseconds: Self.interval), ordering: .relaxed)
  }
}

extension Shortages {
  /// Puts all Gs that were set aside on the GRQ. They get a stack when an M takes them.
  private func takeUpAll(_ m: M) {
    let taken = sched.takeStackless()
    m.noteTakeUp(taken.count)
    sched.inject(taken, by: m)
  }
}

/// Spaces repeated tries: the first is made at once; after a failure the next comes 1 ms later, then 2 ms, up
/// to 1 s. Any thread may use it.
final class Backoff: Sendable {
  private let pause = Atomic<UInt64>(0)
  /// The moment before which what failed must not be tried again, in ticks; 0: it may be tried at once.
  private let until = Atomic<UInt64>(0)

  var isOpen: Bool {
    let until = until.load(ordering: .relaxed)
    return until == 0 || Clock.now >= until
  }

  func failed() {
    let next = min(max(pause.load(ordering: .relaxed) * 2, 1_000_000), 1_000_000_000)
    pause.store(next, ordering: .relaxed)
    until.store(Clock.now &+ Clock.ticks(nanoseconds: next), ordering: .relaxed)
  }

  func succeeded() {
    guard pause.load(ordering: .relaxed) != 0 else { return }
    pause.store(0, ordering: .relaxed)
    until.store(0, ordering: .relaxed)
  }
}

/// The shortages of one kind that the gc thread has yet to report, and the moment of the last report (§4).
private final class Episode: Sendable {
  private let untold = Atomic<UInt64>(0)
  private let errno = Atomic<Int32>(0)
  /// When a shortage of this kind was last reported, in ticks; 0: never. Only the gc thread uses it.
  private let last = Atomic<UInt64>(0)

  private static let calm: UInt64 = 10_000_000_000

  func add(_ code: Int32) {
    errno.store(code, ordering: .relaxed)
    untold.wrappingAdd(1, ordering: .releasing)
  }

  func tell(_ kind: Shortage, _ m: M) {
    let count = untold.exchange(0, ordering: .acquiring)
    guard count > 0 else { return }
    let code = errno.load(ordering: .relaxed)
    m.emit(.shortage, detail: kind.rawValue, count: Int(clamping: count), arg: UInt64(clamping: code))
    let now = Clock.now
    let before = last.exchange(now, ordering: .relaxed)
    guard before == 0 || now.excess(over: before) > Clock.ticks(nanoseconds: Self.calm) else { return }
    PlainText.line(patience: 0) { text in
      text.add("mpg: ")
      text.add(kind.words)
      text.add(" (")
      text.add(name(of: code))
      text.add("); it is tried again, and nothing is lost")
    }
  }

  private func name(of code: Int32) -> StaticString {
    switch code {
    case EAGAIN: "EAGAIN"
    case EMFILE: "EMFILE"
    case ENFILE: "ENFILE"
    case ENOBUFS: "ENOBUFS"
    case ENOMEM: "ENOMEM"
    case ENOSPC: "ENOSPC"
    default: "see errno in its event"
    }
  }
}

extension Shortage {
  fileprivate var words: StaticString {
    switch self {
    case .accept: "no descriptor for a further connection"
    case .stack: "no memory for a further stack"
    case .thread: "no further thread can be started"
    case .region: "no room for the shared region to grow"
    }
  }
}

/// Notes that a connection could not be accepted for want of descriptors or memory, and that the caller will try again.
/// For code that wraps sockets. Must be called from a G.
public func noteAcceptShortage(errno: Int32) {
  _ = enterRuntime("noteAcceptShortage")
  sched.shortages.note(.accept, errno)
  leaveRuntime()
}
