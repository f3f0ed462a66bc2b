// Netpoll: waiting for sockets without blocking a thread for each.
//
// §1 A G that would block on a socket parks in the socket's poll descriptor (PollDescriptor.swift). Someone asks the
// kernel which sockets are ready, readies their Gs, and puts them on a run queue.
//
// §2 Who asks. A searching M asks without waiting, before it steals (FindRunnable). And one dedicated thread, an M
// without a P, waits in the kernel for the times when nobody searches.
//
// §3 Standing by. While every P is busy the dedicated thread would be woken for each packet, only to put a G on a
// queue that nobody has time for. So it waits in the kernel only while some P is idle; else it stands by on a futex,
// for 10 ms at most. For sockets sysmon is the backstop (Sysmon §4). The M that puts a P on the idle list calls `arm`.
//     thread:  mode ← standby, seq. cst.;   then idlePs = 0?  sleep
//     M:       idlePs ← idlePs + 1, seq. cst.;   then mode = standby?  wake it
// At least one sees the other's store. In the same way whoever leaves work for the thread in the backend (io_uring's
// orders) calls `attend`, and the thread looks at `hasUnflushed` after it has announced itself.
//
// §4 Timers. The thread's wait ends at the earliest timer of all Ps. `sleepUntil` says which moment that is; 0 while
// it does not wait (it will look before it does).
//     thread:  sleepUntil ← T, seq. cst.;   then the earliest < T?  look again
//     adder:   nextTimer ← t, seq. cst.;    then sleepUntil > t?    sleepUntil ← t by one CAS; if it was, end its wait
// Of several adders one ends the wait; those whose CAS failed had stored their timers before, so that it sees them.
// Busy Ps fire their timers themselves, whenever they schedule. So while it stands by it leaves them a moment of grace;
// only when every P runs something long is it the one that finds them due. While it is not, the grace grows; unless a P
// has fired a timer late: Ps that have to be stopped before they look are not relied upon.
//
// §5 The backend (Backend.swift) is chosen at boot: epoll, or io_uring in the style of completions.
import CMPG
import Region
import Synchronization

/// What the dedicated thread shares with everyone.
struct NetpollRecord: ~Copyable {
  let backend: Backend
  let shared: Block<SchedField>
  let standby = Atomic<Bool>(false)
  let sleepUntil = Atomic<UInt64>(0)
  /// Whether a P has fired a timer late since the dedicated thread last looked.
  let firedLate = Atomic<Bool>(false)
  /// The dedicated thread's M; set at boot, before any G runs.
  var thread: M?

  init(backend: Backend, shared: Block<SchedField>) { (self.backend, self.shared) = (backend, shared) }
}

/// A handle to the one netpoll.
///
/// Safe because: the record is made at boot and lives as long as the process.
@safe struct Netpoll {
  let record: UnsafeMutablePointer<NetpollRecord>

  init(_ shared: Block<SchedField>, _ backend: Backend) {
    unsafe record = .allocate(capacity: 1)
    unsafe record.initialize(to: NetpollRecord(backend: backend, shared: shared))
    shared[.netpollBackend].set(UInt64(backend.kind.rawValue))
  }

  var backend: Backend { unsafe record.pointee.backend }
  private var shared: Block<SchedField> { unsafe record.pointee.shared }
  func setThread(_ m: M) { unsafe record.pointee.thread = m }
  func isThread(_ m: M) -> Bool { unsafe record.pointee.thread == m }

  /// Whether any descriptor is watched, so that a look is worth it; a hint. That is not to say that a G waits for one: to
  /// count those would be a line of memory that all Ps write to with every wait.
  @inline(__always)
  var watches: Bool { shared[.netpollFds].relaxed > 0 }

  /// Who asks; as the event says it.
  enum Poller: UInt8 {
    case thread = 0
    case searching = 1
    case sysmon = 2
  }

  /// Asks the kernel, waiting up to `nanoseconds` (< 0: without limit), and readies the Gs whose sockets are ready.
  /// The caller puts them on a queue.
  func poll(_ m: M, nanoseconds: Int64, by poller: Poller) -> GQueue {
    var ready = GQueue()
    let before = shared[.netpollLast].relaxed
    let fds = backend.collect(m, nanoseconds: nanoseconds) { descriptor, readable, writable in
      if readable, let g = descriptor.read.unblock(ready: true) { m.readied(g, into: &ready) }
      if writable, let g = descriptor.write.unblock(ready: true) { m.readied(g, into: &ready) }
    }
    let now = Clock.now
    shared[.netpollLast].set(now)
    guard fds > 0 else { return ready }
    shared[.netpollWakeups].add(1)
    shared[.netpollReadied].add(UInt64(ready.count))
    // One that waits in the kernel is never late.
    if nanoseconds == 0, before != 0, now.excess(over: before) > sched.lateness, ready.count > 0 {
      m.noteLate(poller, since: before, gs: ready.count)
    }
    m.emit(.netpoll, detail: poller.rawValue, count: ready.count, arg: UInt64(fds))
    return ready
  }

  /// Makes sure that the dedicated thread waits in the kernel: the caller has put a P on the idle list (§3).
  @inline(__always)
  func arm(_ m: M) {
    guard unsafe record.pointee.standby.load(ordering: .sequentiallyConsistent) else { return }
    // Of several that arm at once, one wakes it.
    let first = unsafe record.pointee.standby.exchange(false, ordering: .sequentiallyConsistent)
    if first { unsafe record.pointee.thread?.wake() }
  }

  /// Has the dedicated thread come round, wherever it is: there is something in the backend that only it may do.
  func attend(_ m: M) {
    if isThread(m) { return }
    if unsafe record.pointee.standby.load(ordering: .sequentiallyConsistent) {
      arm(m)
    } else {
      backend.breakWait()
    }
  }

  /// Sysmon's look (Sysmon §4): polls if the thread stands by and nobody has looked for 10 ms. Whether it did.
  func pollIfNobodyDid(_ sysmon: M) -> Bool {
    guard unsafe record.pointee.standby.load(ordering: .relaxed), watches, isStale(unsafe Self.backstop)
    else {
      return false
    }
    shared[.netpollSysmonPolls].add(1)
    sched.inject(poll(sysmon, nanoseconds: 0, by: .sysmon), by: sysmon)
    return true
  }

  /// Whether nobody has looked for a millisecond; `now` in ticks.
  func isLate(at now: UInt64) -> Bool {
    let last = shared[.netpollLast].relaxed
    return now.excess(over: last) > sched.lateness
  }

  /// Whether the last look is so many nanoseconds ago.
  private func isStale(_ nanoseconds: Int64) -> Bool {
    let last = shared[.netpollLast].relaxed
    return Clock.now.excess(over: last) > Clock.ticks(nanoseconds: UInt64(nanoseconds))
  }

  /// A timer was fired late (§4).
  func noteFiredLate() { unsafe record.pointee.firedLate.store(true, ordering: .relaxed) }

  /// Ends the dedicated thread's wait when it would last too long for a timer at `when` (§4).
  @inline(__always)
  func timerAdded(_ when: UInt64) {
    let until = unsafe record.pointee.sleepUntil.load(ordering: .sequentiallyConsistent)
    if until > when { hasten(until, when) }
  }

  /// One try: who fails has stored its timer before the other's success, and the wait ends after that.
  private func hasten(_ old: UInt64, _ when: UInt64) {
    let isMine = unsafe record.pointee.sleepUntil.compareExchange(
      expected: old, desired: when, ordering: .sequentiallyConsistent
    ).exchanged
    guard isMine else { return }
    let standsBy = unsafe record.pointee.standby.load(ordering: .sequentiallyConsistent)
    if standsBy { unsafe record.pointee.thread?.wake() } else { backend.breakWait() }
  }

  // MARK: the dedicated thread

  /// The life of the dedicated thread.
  func run(_ m: M) -> Never {
    mpg_thread_punctual()
    mpg_thread_prompt()
    // Nanoseconds that Ps are given for their timers: see §4. A fiftieth of the backstop at least: 200 µs.
    let shortest = unsafe Self.backstop / 50
    var grace = shortest
    while true {
      backend.flush()
      let standsBy = shared[.idlePs].ordered == 0
      if standsBy { standBy(m, grace) } else { waitInKernel(m) }
      let due = readyAllDue(m)
      let isLate = unsafe record.pointee.firedLate.exchange(false, ordering: .relaxed)
      grace =
        due.count > 0 || isLate ? shortest : standsBy ? min(grace * 2, unsafe Self.backstop) : grace
      sched.inject(due, by: m)
    }
  }

  /// §3, §4. Afterwards looks at the network itself if nobody did, sysmon included.
  private func standBy(_ m: M, _ grace: Int64) {
    let limit = unsafe Clock.now &+ Clock.ticks(nanoseconds: UInt64(Self.backstop))
    let until = min(earliestTimer, limit)
    unsafe record.pointee.sleepUntil.store(until, ordering: .sequentiallyConsistent)
    unsafe record.pointee.standby.store(true, ordering: .sequentiallyConsistent)
    if shared[.idlePs].ordered == 0, !backend.hasUnflushed, earliestTimer >= until {
      m.nowWaits(.standby)
      m.sleepUntilWoken(nanoseconds: Self.nanoseconds(until: until) + (until < limit ? grace : 0))
    }
    unsafe record.pointee.sleepUntil.store(0, ordering: .sequentiallyConsistent)
    unsafe record.pointee.standby.store(false, ordering: .sequentiallyConsistent)
    if watches, isStale(unsafe 3 * Self.backstop) {
      sched.inject(poll(m, nanoseconds: 0, by: .thread), by: m)
    }
  }

  /// Tests set it before the boot, to have nobody look for long.
  nonisolated(unsafe) static var backstop = RuleNumbers.backstop

  /// §4.
  private func waitInKernel(_ m: M) {
    m.nowWaits(.netpoll)
    let until = earliestTimer
    unsafe record.pointee.sleepUntil.store(until, ordering: .sequentiallyConsistent)
    var wait: Int64 = until == .max ? -1 : Self.nanoseconds(until: until)
    if earliestTimer < until { wait = 0 }
    let ready = poll(m, nanoseconds: wait, by: .thread)
    unsafe record.pointee.sleepUntil.store(0, ordering: .sequentiallyConsistent)
    sched.inject(ready, by: m)
  }

  private static func nanoseconds(until moment: UInt64) -> Int64 {
    let now = Clock.now
    return moment > now ? Int64(clamping: Clock.nanoseconds(ticks: moment - now)) + 1 : 0
  }

  private var earliestTimer: UInt64 {
    var earliest = UInt64.max
    for id in 0..<sched.psBound { earliest = min(earliest, sched.p(id).timers.next) }
    return earliest
  }

  private func readyAllDue(_ m: M) -> GQueue {
    var ready = GQueue()
    let now = Clock.now
    for id in 0..<sched.psBound where sched.p(id).timers.next <= now {
      ready.append(m.readyDue(of: sched.p(id)))
    }
    return ready
  }
}

extension M {
  /// Tells in which of its two ways the dedicated thread, which this M is, waits from here on, if that is another than
  /// before.
  fileprivate func nowWaits(_ state: MState) {
    guard shared[.state].relaxed != UInt64(state.rawValue) else { return }
    let now = stamp()
    emitOther(.netpollStandby, on: lane, at: now, detail: state == .standby ? 1 : 0) {
      setState(state, at: now)
    }
  }

  /// Tells that nobody had polled since then.
  fileprivate func noteLate(_ poller: Netpoll.Poller, since: UInt64, gs: Int) {
    let now = stamp()
    emitOther(.netpollLate, at: now, detail: poller.rawValue, count: gs, arg: now &- since)
  }

  fileprivate func readied(_ g: G, into queue: inout GQueue) {
    readied(g, batchPlace(behind: queue.count))
    queue.append(g)
  }
}
