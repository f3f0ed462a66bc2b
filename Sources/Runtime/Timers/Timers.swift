// Timers: a heap in every P, under a lock of its own, because other threads may fire the timers that its owner has no
// time for.
//
// Who fires: the M that holds the P, before each G that it starts; an M that steals, for all Ps; and the netpoll
// thread, whose wait in the kernel ends at the earliest timer of all (Netpoll §4). The moment of a P's earliest timer
// stands in the region, so all of these read one word before they touch the lock.
//
// No timer is taken out of the middle of a heap, because that would cost a search. A timer that is stopped, replaced or
// over stays in the heap as a stale entry, which does nothing (`isStale`). Stale entries are counted. When they are the
// larger half of a heap, the heap is swept. So a heap is never larger than twice its live timers and a few more, and
// each stopped timer pays for a look at two entries at most. The count is only about right, but begins at zero again
// with each sweep.
//
// Besides the gauge in the region, one number is kept for Deadlock (`wakers`): how many timers may make a G runnable
// whose wait reason does not show that its wait will end by itself.
import HeapModule
import Region
import Synchronization

/// Something to do at a moment.
struct Timer: Comparable {
  enum Kind: UInt32 {
    /// Make the sleeping G in slot `target` runnable.
    case wake
    /// Check the deadline of a poll descriptor (address in `target`), to read or to write.
    case readDeadline
    case writeDeadline
    /// End the wait of the G in slot `target` whose ticket is `generation`; see Claim. The G then subtracts
    /// the timer from the counts (`timerIsOver`).
    case wait
    /// Fire a timer descriptor (address in `target`).
    case descriptor
    /// Tick the clock of a channel (address in `target`). The clock counts itself as a waker while a G waits for it.
    case clock
  }

  /// The moment at which the timer is due, in ticks of the runtime's clock (PaceClock).
  let when: UInt64
  let target: UInt64
  let kind: Kind
  /// The descriptor's generation, or the ticket of a wait. If the target has another number by now, the timer does
  /// nothing.
  let generation: UInt32

  static func < (a: Timer, b: Timer) -> Bool { a.when < b.when }

  /// Whether the timer will do nothing: its descriptor was reused or armed anew, or its wait is over.
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

/// A P's counts of timers, besides the gauge in the region. They have a cache line of their own; any thread
/// may use them.
struct TimerCounts: ~Copyable {
  /// The number of timers that `Timers.wakers` counts.
  let wakers = Atomic<Int>(0)
  /// The number of heap entries that became stale since the last sweep.
  let stale = Atomic<Int>(0)
  /// The number of heap entries. Written under the lock; without it only a hint.
  let entries = Atomic<Int>(0)
}

extension Timer.Kind {
  /// Whether `Timers.wakers` counts timers of this kind.
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
  /// When the heap has this many entries it is swept, however few of them are known to be stale. Used under
  /// `lock`.
  let limit: UnsafeMutablePointer<Int>
  let lock = Lock()
  /// Whether the P was stopped: a timer that is added then goes to P 0. Set under `lock`.
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

  /// When the earliest timer is due, in ticks; `.max`: there is none.
  /// Ordering: sequentially consistent; see Netpoll §4.
  @inline(__always)
  var next: UInt64 { block[.nextTimer].ordered }

  /// Adds a timer. Call under `lock`, then call `Netpoll.timerAdded`.
  func insert(_ timer: Timer) {
    if timer.kind.isWaker { addWaker() }
    if unsafe closed.pointee.load(ordering: .relaxed) { return insertElsewhere(timer) }
    add(timer)
    block[.timers].add(1)
  }

  /// Puts a timer into the heap, but does not count it in `timers`: its caller does. Call under `lock`.
  func add(_ timer: Timer) {
    if unsafe heap.pointee.count >= limit.pointee { sweep() }
    unsafe heap.pointee.insert(timer)
    noteNext()
  }

  /// The number of heap entries, stale ones included.
  var entries: Int {
    lock.lock()
    defer { lock.unlock() }
    return unsafe heap.pointee.count
  }

  // MARK: subtracting timers from the counts

  /// The number of this P's timers that may make a G runnable although the G's wait reason does not show that its wait
  /// will end by itself. Sleepers do not count, because their reason shows it. Deadlines do not count either, because
  /// they end only waits for the network. A timer counts until its effect is counted: Deadlock §3.
  var wakers: Int { unsafe counts.pointee.wakers.load(ordering: .sequentiallyConsistent) }

  /// Subtracts a timer of this kind, which was armed here, from the counts. Either it was stopped, and its
  /// entry still lies in the heap (`isLeft`); or it fired, and all that it did is counted. Any thread may
  /// call this, not under `lock`.
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

  /// Up to this many stale entries are not worth a sweep.
  private static let fewStale = 64

  private func noteStale() {
    // This word is read without the lock, so it is a hint: while the P is being closed, the wrong heap may be
    // swept too early.
    if unsafe closed.pointee.load(ordering: .relaxed) { return sched.p(0).timers.noteStale() }
    let stale = unsafe counts.pointee.stale.wrappingAdd(1, ordering: .relaxed).newValue
    let entries = unsafe counts.pointee.entries.load(ordering: .relaxed)
    guard stale > Self.fewStale, stale > entries / 2 else { return }
    lock.lock()
    sweep()
    noteNext()
    lock.unlock()
  }

  /// Drops stale entries. Call under `lock`.
  private func sweep() {
    unsafe counts.pointee.stale.store(0, ordering: .relaxed)
    unsafe heap.pointee = Heap(heap.pointee.unordered.filter { !$0.isStale })
    unsafe limit.pointee = 2 * heap.pointee.count + 2 * Self.fewStale
  }

  // MARK: firing

  /// Takes up to `limit` timers that are due at `now`. The earliest come first.
  func takeDue(at now: UInt64, limit: Int = 256) -> [Timer] {
    var due: [Timer] = []
    lock.lock()
    defer { lock.unlock() }
    while due.count < limit, let first = unsafe heap.pointee.min, first.when <= now {
      let timer = unsafe heap.pointee.removeMin()
      // A timer of another kind is subtracted from the counts by its descriptor or waiter, which knows whether the
      // timer was still armed.
      if timer.kind == .wake { block[.timers].subtract(1) }
      due.append(timer)
    }
    noteNext()
    return due
  }

  /// Publishes the number of entries and the earliest moment. Call under `lock`.
  func noteNext() {
    unsafe counts.pointee.entries.store(heap.pointee.count, ordering: .relaxed)
    block[.nextTimer].setOrdered(unsafe heap.pointee.min?.when ?? .max)
  }
}

extension M {
  /// Fires the due timers of `p`, and puts the Gs that they ready on this M's P. True if there were such Gs.
  @inline(__always) @discardableResult
  func fireTimers(of p: P) -> Bool {
    let next = p.shared[.nextTimer].relaxed
    guard next != .max, (step != 0 ? step : Clock.now) >= next else { return false }
    return fireDue(of: p, next)
  }

  /// What `fireTimers` does when the first timer seems to be due. The runtime's clock is never ahead of the events'
  /// clock, so it is enough to ask the runtime's clock here. A function of its own, because each decision goes through
  /// `fireTimers`, and most find nothing due.
  @inline(never)
  private func fireDue(of p: P, _ next: UInt64) -> Bool {
    guard Clock.paced >= next else { return false }
    let ready = readyDue(of: p)
    guard ready.count > 0 else { return false }
    pushLocal(ready)
    return true
  }

  /// Takes the due timers of `p` and readies their Gs. The caller must put these on a queue.
  @inline(never)
  func readyDue(of p: P) -> GQueue {
    var ready = GQueue()
    let now = Clock.paced
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

  /// Reports that the timer of `g`, which was due at `moment` of the runtime's clock, fired late. The event carries the
  /// delay: its own moment minus the delay is the moment at which the timer was due.
  private func noteLate(_ g: G, since moment: UInt64) {
    if heldP != nil { sched.netpoll.noteFiredLate() }
    let now = stamp()
    emitOther(.timerLate, at: now, g: g.id, arg: now.excess(over: moment &+ Clock.behind))
  }

  /// The G that a due timer makes ready; nil: the timer comes too late for its wait.
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
  /// Ends the wait with this ticket as timed out. Returns the G to make ready; nil if something else has ended that
  /// wait, or the G has yet to park.
  fileprivate func endedInTime(_ ticket: UInt32) -> G? {
    wait.claim(ticket, .timedOut) == .parked ? self : nil
  }

  /// Adds a timer that ends the wait with this ticket. When the G runs again, it must call `timerIsOver`.
  func addTimer(at when: UInt64, _ ticket: UInt32, on p: P) {
    p.timers.lock.lock()
    p.timers.insert(Timer(when: when, target: UInt64(slot), kind: .wait, generation: ticket))
    p.timers.lock.unlock()
    sched.netpoll.timerAdded(when)
  }

  /// Subtracts the timer that `addTimer` armed on `p` from the counts of `p`, because this G's wait is over.
  /// Call it whether the timer ended the wait or something else did.
  func timerIsOver(on p: P) { p.timers.disarmed(.wait, isLeft: wait.outcome != .timedOut) }
}

/// Parks the running G for `duration`. A zero or negative duration only yields. It may return late, by what the
/// machine's timers and a busy P cost, but never early. Must be called from a G.
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

/// As `sleep`, but ends when the G's scope is cancelled.
/// - Throws: `CancellationError` when the scope was cancelled first.
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
