// Timers: a heap in every P, under a lock of its own, because others may fire what its owner has no time for.
//
// Who fires: the M that holds the P, before each G that it starts; an M that steals, for all; the netpoll thread,
// whose wait in the kernel ends at the earliest timer of all (Netpoll §4). The moment of the earliest timer stands in
// the region, so that all of them look at one word before they touch the lock.
//
// Nobody takes a timer out of the middle: that would cost a search. What is stopped, replaced or over stays in the heap
// as an entry that will do nothing (`isStale`), and is counted as that. When such entries are the larger half of a heap
// it is swept: so it is never larger than twice what is alive and a few, and each one that is stopped pays for two at
// most that are looked at. The count is about right: it begins anew with each sweep.
//
// What is told of timers besides the gauge in the region is for Deadlock: which of them may make a G runnable whose own
// wait does not say that it will end (`wakers`).
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
    /// The clock of a channel (address in `target`), which counts itself as a waker while somebody waits for it.
    case clock
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
    case .readDeadline: PollDescriptor(self).hasNo(self, for: .read)
    case .writeDeadline: PollDescriptor(self).hasNo(self, for: .write)
    case .wait: G(slot: UInt32(target)).wait.isOver(generation)
    case .descriptor: TimerDescriptor(self).generation != generation
    case .clock: ChannelClock(self).generation != generation
    }
  }
}

/// What is counted of the timers of a P besides the gauge in the region. Any thread; on a line of its own.
struct TimerCounts: ~Copyable {
  /// See `Timers.wakers`.
  let wakers = Atomic<Int>(0)
  /// Entries of the heap that became stale since it was swept.
  let stale = Atomic<Int>(0)
  /// Entries of the heap. Written under the lock; a hint without.
  let entries = Atomic<Int>(0)
}

extension Timer.Kind {
  /// See `Timers.wakers`.
  @inline(__always)
  var isWaker: Bool { self == .wait || self == .descriptor }
}

/// A handle to the timers of one P.
///
/// Safe because: the heap is touched under `lock` alone, and lives as long as the process.
@safe struct Timers {
  let heap: UnsafeMutablePointer<Heap<Timer>>
  let block: Block<PField>
  private let counts: UnsafeMutablePointer<TimerCounts>
  /// Entries at which the heap is swept, whatever was counted. Under `lock`.
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
    let line = UnsafeMutableRawPointer.allocate(byteCount: 64, alignment: 64)
    unsafe counts = line.bindMemory(to: TimerCounts.self, capacity: 1)
    unsafe counts.initialize(to: TimerCounts())
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
    if timer.kind.isWaker { addWaker() }
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

  // MARK: counting out

  /// Timers of this P that may make a G runnable whose wait does not tell of them: all but sleepers, which are
  /// told by what they wait for, and deadlines, which end waits for the network only. A timer counts until what it does
  /// is counted: Deadlock §3.
  var wakers: Int { unsafe counts.pointee.wakers.load(ordering: .sequentiallyConsistent) }

  /// A timer of this kind that was armed here does nothing more: it was stopped (`isLeft`: its entry lies in the heap), or
  /// all that it did is counted. Any thread, not under `lock`.
  func disarmed(_ kind: Timer.Kind, isLeft: Bool) {
    block[.timers].subtract(1)
    if kind.isWaker { wakerIsOver() }
    if isLeft { noteStale() }
  }

  func addWaker() { unsafe counts.pointee.wakers.wrappingAdd(1, ordering: .sequentiallyConsistent) }

  func wakerIsOver() {
    let before = unsafe counts.pointee.wakers.wrappingSubtract(1, ordering: .sequentiallyConsistent).oldValue
    if before == 1 { Sysmon.noteQuiet() }
  }

  /// Few are not worth a sweep.
  private static let fewStale = 64

  private func noteStale() {
    // A hint without the lock: of a P that is being closed the wrong heap may be swept too early.
    if unsafe closed.pointee.load(ordering: .relaxed) { return sched.p(0).timers.noteStale() }
    let stale = unsafe counts.pointee.stale.wrappingAdd(1, ordering: .relaxed).newValue
    let entries = unsafe counts.pointee.entries.load(ordering: .relaxed)
    guard stale > Self.fewStale, stale > entries / 2 else { return }
    lock.lock()
    sweep()
    noteNext()
    lock.unlock()
  }

  /// Lets go of what will do nothing any more. Under `lock`.
  private func sweep() {
    unsafe counts.pointee.stale.store(0, ordering: .relaxed)
    unsafe heap.pointee = Heap(heap.pointee.unordered.filter { !$0.isStale })
    unsafe limit.pointee = 2 * heap.pointee.count + 2 * Self.fewStale
  }

  // MARK: firing

  /// Takes up to `limit` timers that are due at `now`.
  func takeDue(at now: UInt64, limit: Int = 256) -> [Timer] {
    var due: [Timer] = []
    lock.lock()
    defer { lock.unlock() }
    while due.count < limit, let first = unsafe heap.pointee.min, first.when <= now {
      let timer = unsafe heap.pointee.removeMin()
      // of a deadline its descriptor knows whether it was still armed
      if timer.kind == .wake { block[.timers].subtract(1) }
      due.append(timer)
    }
    noteNext()
    return due
  }

  /// Tells what became of the heap. Under `lock`.
  func noteNext() {
    unsafe counts.pointee.entries.store(heap.pointee.count, ordering: .relaxed)
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
      } else if timer.kind == .clock {
        if let g = ChannelClock(timer).fired(timer, on: p, by: self) { ready.append(g) }
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
    if heldP != nil { sched.netpoll.noteFiredLate() }
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
    case .descriptor, .clock: nil
    }
  }
}

extension G {
  /// The time of its wait is over; the G to make ready, if the wait was not.
  fileprivate func endedInTime(_ ticket: UInt32) -> G? {
    wait.claim(ticket, .timedOut) == .parked ? self : nil
  }

  /// Lets a timer end the wait with this ticket. Once the G goes on, `timerIsOver`.
  func addTimer(at when: UInt64, _ ticket: UInt32, on p: P) {
    p.timers.lock.lock()
    p.timers.insert(Timer(when: when, target: UInt64(slot), kind: .wait, generation: ticket))
    p.timers.lock.unlock()
    sched.netpoll.timerAdded(when)
  }

  /// The wait that had a timer on `p` is over, by this or otherwise.
  func timerIsOver(on p: P) { p.timers.disarmed(.wait, isLeft: wait.outcome != .timedOut) }
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
  g.timerIsOver(on: p)
  if g.wait.outcome == .cancelled { throw CancellationError() }
}
