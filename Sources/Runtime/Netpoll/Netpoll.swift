// Netpoll: waiting for sockets without blocking a thread for each.
//
// §1 A G that would block on a socket parks in the socket's poll descriptor (PollDescriptor.swift). A poller asks the
// kernel which sockets are ready, readies their Gs, and puts them on a run queue.
//
// §2 Who polls. A searching M polls without waiting, before it steals (FindRunnable). When nobody searches, one
// dedicated thread, an M without a P, waits in the kernel.
//
// §3 Standing by. While every P is busy, each packet would wake the dedicated thread, only to put a G on a queue that
// nobody has time for. So that thread waits in the kernel only while some P is idle. Otherwise it stands by on a futex,
// for 10 ms at most. For sockets sysmon is the backstop (Sysmon §4). The M that puts a P on the idle list calls `arm`.
//     thread:  mode ← standby, seq. cst.;   then idlePs = 0?  sleep
//     M:       idlePs ← idlePs + 1, seq. cst.;   then mode = standby?  wake it
// At least one sees the other's store. In the same way, whoever leaves work for the thread in the backend (io_uring's
// orders) calls `attend`, and the thread looks at `hasUnflushed` after it has announced that it stands by.
//
// §4 Timers. The thread's wait ends at the earliest timer of all Ps. `sleepUntil` says which moment that is; 0 while
// the thread does not wait (it looks at the timers before its next wait).
//     thread:  sleepUntil ← T, seq. cst.;   then the earliest < T?  look again
//     adder:   nextTimer ← t, seq. cst.;    then sleepUntil > t?    sleepUntil ← t by one CAS; on success, end the wait
// Of several threads that add timers at once, one ends the wait. The others, whose CAS failed, stored their timers
// before that, so the thread sees their timers. Busy Ps fire their timers themselves, whenever they schedule. So while
// the thread stands by, it sleeps until a little after the earliest timer (that little is the grace); it finds a timer
// due only when every P runs something long. While it finds none due, the grace grows. When it finds one, or a P has
// fired a timer late, the grace starts again from the smallest: Ps that must be stopped before they look at their
// timers cannot be relied on.
//
// §5 The backend (Backend.swift) is chosen at boot: epoll, or io_uring in the style of completions.
import CMPG
import Region
import Synchronization

/// The state of netpoll, which its dedicated thread shares with all other threads.
struct NetpollRecord: ~Copyable {
  let backend: Backend
  let shared: Block<SchedField>
  let standby = Atomic<Bool>(false)
  let sleepUntil = Atomic<UInt64>(0)
  /// Whether a P has fired a timer late since the dedicated thread last looked.
  let firedLate = Atomic<Bool>(false)
  /// The dedicated thread's M. Set at boot, before any G runs.
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

  /// Whether any descriptor is watched, so that a look is worth it. Only a hint. It does not say whether a G waits: to
  /// count the Gs that wait, all Ps would write to one cache line with every wait.
  @inline(__always)
  var watches: Bool { shared[.netpollFds].relaxed > 0 }

  /// The kind of thread that polls. The event `netpoll` carries it.
  enum Poller: UInt8 {
    case thread = 0
    case searching = 1
    case sysmon = 2
  }

  /// Asks the kernel, waiting up to `nanoseconds` (< 0: without limit), and readies the Gs whose sockets are ready.
  /// Returns these Gs; the caller must put them on a queue.
  func poll(_ m: M, nanoseconds: Int64, by poller: Poller) -> GQueue {
    var ready = GQueue()
    let before = shared[.netpollLast].relaxed
    var mayReady = poller != .thread
    let fds = backend.collect(m, nanoseconds: nanoseconds) { descriptor, readable, writable in
      if !mayReady { Pace.stand(m) }  // once: what the kernel told in one answer is one decision (Pace §2)
      mayReady = true
      if readable, let g = descriptor.read.unblock(ready: true) { m.readied(g, into: &ready) }
      if writable, let g = descriptor.write.unblock(ready: true) { m.readied(g, into: &ready) }
    }
    let now = Clock.now
    shared[.netpollLast].set(now)
    guard fds > 0 else { return ready }
    shared[.netpollWakeups].add(1)
    shared[.netpollReadied].add(UInt64(ready.count))
    // A poll that waits in the kernel is never late.
    if nanoseconds == 0, before != 0, now.excess(over: before) > sched.lateness, ready.count > 0 {
      m.noteLate(poller, since: before, gs: ready.count)
    }
    m.emit(.netpoll, detail: poller.rawValue, count: ready.count, arg: UInt64(fds))
    return ready
  }

  /// Makes the dedicated thread wait in the kernel instead of standing by. Call it after putting a P on the idle list
  /// (§3).
  @inline(__always)
  func arm(_ m: M) {
    guard unsafe record.pointee.standby.load(ordering: .sequentiallyConsistent) else { return }
    // Of several Ms that arm at once, only one wakes the thread.
    let first = unsafe record.pointee.standby.exchange(false, ordering: .sequentiallyConsistent)
    if first { unsafe record.pointee.thread?.wake() }
  }

  /// Makes the dedicated thread flush the backend soon, wherever it waits: there is something that only it may do.
  func attend(_ m: M) {
    if isThread(m) { return }
    if unsafe record.pointee.standby.load(ordering: .sequentiallyConsistent) {
      arm(m)
    } else {
      backend.breakWait()
    }
  }

  /// Polls if the dedicated thread stands by and nobody has polled for 10 ms (Sysmon §4). True if it polled. Called by
  /// sysmon.
  func pollIfNobodyDid(_ sysmon: M) -> Bool {
    guard !Pace.isOn, unsafe record.pointee.standby.load(ordering: .relaxed), watches,
      isStale(unsafe Self.backstop)
    else {
      return false
    }
    shared[.netpollSysmonPolls].add(1)
    sched.inject(poll(sysmon, nanoseconds: 0, by: .sysmon), by: sysmon)
    return true
  }

  /// Whether nobody has polled for a millisecond; `now` in ticks.
  func isLate(at now: UInt64) -> Bool {
    let last = shared[.netpollLast].relaxed
    return now.excess(over: last) > sched.lateness
  }

  /// Whether the last poll was more than this many nanoseconds ago.
  private func isStale(_ nanoseconds: Int64) -> Bool {
    let last = shared[.netpollLast].relaxed
    return Clock.now.excess(over: last) > Clock.ticks(nanoseconds: UInt64(nanoseconds))
  }

  /// Notes that a P has fired a timer late (§4).
  func noteFiredLate() { unsafe record.pointee.firedLate.store(true, ordering: .relaxed) }

  /// Shortens the dedicated thread's wait if it would last too long for a timer at `when` (§4).
  @inline(__always)
  func timerAdded(_ when: UInt64) {
    let until = unsafe record.pointee.sleepUntil.load(ordering: .sequentiallyConsistent)
    if until > when { hasten(until, when) }
  }

  /// Makes the dedicated thread wait until `when` at the latest, the moment of a new timer: stores `when` by one CAS,
  /// and breaks the present wait (§4). If the CAS fails, the thread has woken up, or another adder of a timer breaks
  /// its wait; the thread then sees this timer too.
  private func hasten(_ old: UInt64, _ when: UInt64) {
    let isMine = unsafe record.pointee.sleepUntil.compareExchange(
      expected: old, desired: when, ordering: .sequentiallyConsistent
    ).exchanged
    if isMine { hurry() }
  }

  /// Ends the dedicated thread's wait: because a timer is due earlier, or the runtime's clock goes again or was moved.
  func hurry() {
    let standsBy = unsafe record.pointee.standby.load(ordering: .sequentiallyConsistent)
    if standsBy { unsafe record.pointee.thread?.wake() } else { backend.breakWait() }
  }

  // MARK: the dedicated thread

  /// The loop of netpoll's dedicated thread.
  func run(_ m: M) -> Never {
    mpg_thread_punctual()
    mpg_thread_prompt()
    // How long Ps are given to fire their timers, in nanoseconds: see the grace of §4. At least a fiftieth of the
    // backstop: 200 µs.
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

  /// Stands by (§3, §4). Afterwards polls the network itself if nobody did, not even sysmon.
  private func standBy(_ m: M, _ grace: Int64) {
    Pace.rests(m)
    let limit = unsafe Clock.paced &+ Clock.ticks(nanoseconds: UInt64(Self.backstop))
    let until = min(earliestTimer, limit)
    unsafe record.pointee.sleepUntil.store(until, ordering: .sequentiallyConsistent)
    unsafe record.pointee.standby.store(true, ordering: .sequentiallyConsistent)
    if shared[.idlePs].ordered == 0, !backend.hasUnflushed, earliestTimer >= until {
      m.nowWaits(.standby)
      let rest = unsafe Clock.stands ? Self.backstop : Self.nanoseconds(until: until)
      m.sleepUntilWoken(nanoseconds: rest + (until < limit ? grace : 0))
    }
    unsafe record.pointee.sleepUntil.store(0, ordering: .sequentiallyConsistent)
    unsafe record.pointee.standby.store(false, ordering: .sequentiallyConsistent)
    if watches, isStale(unsafe 3 * Self.backstop) {
      sched.inject(poll(m, nanoseconds: 0, by: .thread), by: m)
    }
  }

  /// After this many nanoseconds without a poll, sysmon or else the netpoll thread polls in any case (§3). Tests raise
  /// this number before the boot, so that neither does.
  nonisolated(unsafe) static var backstop = RuleNumbers.backstop

  /// Waits in the kernel until a descriptor is ready or the earliest timer is due (§4).
  private func waitInKernel(_ m: M) {
    Pace.rests(m)
    m.nowWaits(.netpoll)
    let until = earliestTimer
    unsafe record.pointee.sleepUntil.store(until, ordering: .sequentiallyConsistent)
    // While the runtime's clock stands, no timer will be due. When it goes again, `hurry` ends this wait.
    var wait: Int64 = until == .max || Clock.stands ? -1 : Self.nanoseconds(until: until)
    if earliestTimer < until { wait = 0 }
    let ready = poll(m, nanoseconds: wait, by: .thread)
    unsafe record.pointee.sleepUntil.store(0, ordering: .sequentiallyConsistent)
    sched.inject(ready, by: m)
  }

  private static func nanoseconds(until moment: UInt64) -> Int64 {
    let now = Clock.paced
    return moment > now ? Int64(clamping: Clock.nanoseconds(ticks: moment - now)) + 1 : 0
  }

  /// When the earliest timer of all Ps is due, in ticks of the runtime's clock; `.max`: there is none.
  var earliestTimer: UInt64 {
    var earliest = UInt64.max
    for id in 0..<sched.psBound { earliest = min(earliest, sched.p(id).timers.next) }
    return earliest
  }

  private func readyAllDue(_ m: M) -> GQueue {
    var ready = GQueue()
    guard earliestTimer <= Clock.paced else { return ready }
    Pace.stand(m)
    let now = Clock.paced
    for id in 0..<sched.psBound where sched.p(id).timers.next <= now {
      ready.append(m.readyDue(of: sched.p(id)))
    }
    return ready
  }
}

extension M {
  /// Publishes how the dedicated thread, whose M this is, waits from now on: in the kernel or standing by. Does nothing
  /// if that has not changed.
  fileprivate func nowWaits(_ state: MState) {
    guard shared[.state].relaxed != UInt64(state.rawValue) else { return }
    let now = stamp()
    emitOther(.netpollStandby, on: lane, at: now, detail: state == .standby ? 1 : 0) {
      setState(state, at: now)
    }
  }

  /// Reports that this poll came late: nobody had polled since `since`.
  fileprivate func noteLate(_ poller: Netpoll.Poller, since: UInt64, gs: Int) {
    let now = stamp()
    emitOther(.netpollLate, at: now, detail: poller.rawValue, count: gs, arg: now &- since)
  }

  fileprivate func readied(_ g: G, into queue: inout GQueue) {
    readied(g, batchPlace(behind: queue.count))
    queue.append(g)
  }
}
