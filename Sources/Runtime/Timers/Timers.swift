// Timers: a heap in every P, under a lock of its own, because others may fire what its owner has no time for.
//
// Who fires: the M that holds the P, before each G that it starts; an M that steals, for all; the netpoll thread,
// whose wait in the kernel ends at the earliest timer of all (Netpoll §4). The moment of the earliest timer stands in
// the region, so that all of them look at one word before they touch the lock.
import HeapModule
import Region
import Synchronization

/// Something to do at a moment.
struct Timer: Comparable {
  enum Kind: UInt32 {
    /// Make the G in slot `target` runnable: it sleeps.
    case wake
    /// The deadline of a poll descriptor (address in `target`), to read or to write.
    case readDeadline
    case writeDeadline
    /// End the wait of the G in slot `target` whose ticket is the generation; see Claim. The waiter counts it out.
    case wait
    /// A timer descriptor (address in `target`).
    case descriptor
  }

  /// Ticks.
  let when: UInt64
  let target: UInt64
  let kind: Kind
  /// The descriptor's generation, or the ticket of a wait: a timer of an earlier one does nothing.
  let generation: UInt32

  static func < (a: Timer, b: Timer) -> Bool { a.when < b.when }

  /// Whether it belongs to an earlier life of its descriptor, or to a wait that is over.
  var isStale: Bool {
    switch kind {
    case .wake: false
    case .readDeadline, .writeDeadline: PollDescriptor(self).generation != generation
    case .wait: G(slot: UInt32(target)).wait.isOver(generation)
    case .descriptor: TimerDescriptor(self).generation != generation
    }
  }
}

/// A handle to the timers of one P.
///
/// Safe because: the heap is touched under `lock` alone, and lives as long as the process.
@safe struct Timers {
  let heap: UnsafeMutablePointer<Heap<Timer>>
  let block: Block<PField>
  /// Entries at which the heap is swept. Under `lock`.
  let limit: UnsafeMutablePointer<Int>
  let lock = Lock()
  /// Whether its P was stopped: what is added goes to P 0. Set under `lock`.
  let closed: UnsafeMutablePointer<Atomic<Bool>>

  init(_ block: Block<PField>) {
    self.block = block
    unsafe heap = .allocate(capacity: 1)
    unsafe heap.initialize(to: Heap())
    unsafe limit = .allocate(capacity: 1)
    unsafe limit.initialize(to: 64)
    unsafe closed = .allocate(capacity: 1)
    unsafe closed.initialize(to: Atomic(false))
    block[.nextTimer].set(.max)
  }

  /// When the earliest is due, in ticks; `.max`: never.
  /// Ordering: sequentially consistent; see Netpoll §4.
  @inline(__always)
  var next: UInt64 { block[.nextTimer].ordered }

  /// Adds a timer. Under `lock`. Afterwards tell `Netpoll.timerAdded`.
  func insert(_ timer: Timer) {
    if unsafe closed.pointee.load(ordering: .relaxed) { return insertElsewhere(timer) }
    add(timer)
    block[.timers].add(1)
  }

  /// Adds an entry that is counted already. Under `lock`.
  func add(_ timer: Timer) {
    if unsafe heap.pointee.count >= limit.pointee { sweep() }
    unsafe heap.pointee.insert(timer)
    noteNext()
  }

  /// Entries, with those that will do nothing any more.
  var entries: Int {
    lock.lock()
    defer { lock.unlock() }
    return unsafe heap.pointee.count
  }

  /// One of them will do nothing any more. Any thread.
  func disarmed() { block[.timers].subtract(1) }

  /// Nobody takes a timer out of the middle; so those whose descriptor is gone are swept when the heap has doubled
  /// since the last time. It is never much larger than twice what is alive, at a constant cost for each timer.
  private func sweep() {
    unsafe heap.pointee = Heap(heap.pointee.unordered.filter { !$0.isStale })
    unsafe limit.pointee = 2 * heap.pointee.count + 64
  }

  /// Takes up to `limit` timers that are due at `now`.
  func takeDue(at now: UInt64, limit: Int = 256) -> [Timer] {
    var due: [Timer] = []
    lock.lock()
    defer { lock.unlock() }
    while due.count < limit, let first = unsafe heap.pointee.min, first.when <= now {
      let timer = unsafe heap.pointee.removeMin()
      if timer.kind == .wake { disarmed() }  // of a deadline its descriptor knows whether it was still armed
      due.append(timer)
    }
    noteNext()
    return due
  }

  func noteNext() {
    block[.nextTimer].setOrdered(unsafe heap.pointee.min?.when ?? .max)
  }
}

extension M {
  /// Fires what is due in the timers of `p`, into this M's P. Whether anything was.
  @inline(__always) @discardableResult
  func fireTimers(of p: P) -> Bool {
    let next = p.shared[.nextTimer].relaxed
    guard next != .max, (step != 0 ? step : Clock.now) >= next else { return false }
    let ready = readyDue(of: p)
    guard ready.count > 0 else { return false }
    pushLocal(ready)
    return true
  }

  /// Takes the timers of `p` that are due and readies their Gs, which the caller puts on a queue.
  @inline(never)
  func readyDue(of p: P) -> GQueue {
    var ready = GQueue()
    let now = Clock.now
    let due = p.timers.takeDue(at: now)
    for timer in due {
      if timer.kind == .descriptor {
        ready.append(TimerDescriptor(timer).fired(timer, on: p, by: self))
      } else if let g = target(of: timer, on: p) {
        if now &- timer.when > sched.lateness { noteLate(g, since: timer.when) }
        readied(g, batchPlace(behind: ready.count))
        ready.append(g)
      }
    }
    if !due.isEmpty { emit(.timers, count: due.count) }
    return ready
  }

  /// Tells that the timer of `g` was due then.
  private func noteLate(_ g: G, since: UInt64) {
    let now = stamp()
    emitOther(.timerLate, at: now, g: g.id, arg: now &- since)
  }

  /// The G that a due timer wakes.
  private func target(of timer: Timer, on p: P) -> G? {
    switch timer.kind {
    case .wake: G(slot: UInt32(timer.target))
    case .readDeadline: PollDescriptor(timer).deadlineFired(.read, timer, on: p)
    case .writeDeadline: PollDescriptor(timer).deadlineFired(.write, timer, on: p)
    case .wait: G(slot: UInt32(timer.target)).endedInTime(timer.generation)
    case .descriptor: nil
    }
  }
}

extension G {
  /// The time of its wait is over; the G to make ready, if the wait was not.
  fileprivate func endedInTime(_ ticket: UInt32) -> G? {
    wait.claim(ticket, .timedOut) == .parked ? self : nil
  }

  /// Lets a timer end the wait with this ticket. Afterwards tell its P that it is `disarmed`.
  func addTimer(at when: UInt64, _ ticket: UInt32, on p: P) {
    p.timers.lock.lock()
    p.timers.insert(Timer(when: when, target: UInt64(slot), kind: .wait, generation: ticket))
    p.timers.lock.unlock()
    sched.netpoll.timerAdded(when)
  }
}

/// Parks the running G for `duration`; at once when it is zero or negative. Late by what the machine's timers and
/// a busy P cost; never early.
public func sleep(_ duration: Duration) {
  let nanoseconds = duration.wholeNanoseconds
  guard nanoseconds > 0 else { return yield() }
  let m = enterRuntime("sleep")
  guard let g = m.g else { fatal("sleep was called outside of a G") }
  let when = Deadline.after(duration).ticks
  let timers = m.p.timers
  timers.lock.lock()
  timers.insert(Timer(when: when, target: UInt64(g.slot), kind: .wake, generation: 0))
  sched.netpoll.timerAdded(when)
  m.park(.sleep, commit: .unlock(timers.lock))
  leaveRuntime()
}

/// The same, unless the G's scope is cancelled first.
public func sleepOrCancelled(_ duration: Duration) throws(CancellationError) {
  try checkCancellation()
  let nanoseconds = duration.wholeNanoseconds
  guard nanoseconds > 0 else { return yield() }
  let m = enterRuntime("sleepOrCancelled")
  defer { leaveRuntime() }
  guard let g = m.g else { fatal("sleepOrCancelled was called outside of a G") }
  guard let ticket = g.openCancellable() else { throw CancellationError() }
  let p = m.p
  g.addTimer(at: Deadline.after(duration).ticks, ticket, on: p)
  m.park(.sleep, commit: .claimable(.none))
  p.timers.disarmed()
  if g.wait.outcome == .cancelled { throw CancellationError() }
}
