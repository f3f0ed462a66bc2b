// Mutex: one G at a time. Waiting parks the G, never the thread.
//
// §1 The word has three bits. locked: some G holds the mutex · waiting: some G stands in the queue · woken: a waiter
// was made ready and has not tried yet. Anyone may change `locked`, by compare-and-swap; the other two change only
// under the queue's lock. Without waiters, lock and unlock are one compare-and-swap each, outside the runtime.
//
// §2 Who gets it. An unlock with waiters releases the mutex and makes the first waiter ready. That waiter must try
// again, and a G that runs already may be faster (barging). Barging keeps the CPU busy: a hand-over to a G that is not
// running yet would make every G that wants the mutex wait for a switch. Only one waiter is woken at a time: until it
// has tried, further unlocks wake no waiter.
//
// §3 Nobody starves. A waiter that loses goes back to the front of the queue. Once the first waiter has waited for a
// millisecond, the mutex is handed over to it: it stays locked, so that no other G can barge in, and the G that unlocks
// gives way.
//
// §4 No wake-up is lost. A waiter sets `waiting` under the queue's lock, by compare-and-swap on a word that says
// locked. The holder's fast unlock expects the word to say locked and nothing else, so it fails, and takes the queue's
// lock.
//
// Source: Go's sync.Mutex. There starvation mode is a state; here the age of the first waiter decides.
import Region
import Synchronization

/// A mutual exclusion lock for Gs.
///
/// Thread-safe; use it from Gs only. A G may park while it holds the mutex; the Gs that want the mutex then wait as
/// long. It has no owner: one G may unlock what another has locked. Not recursive.
public final class Mutex: @unchecked Sendable {
  // Safe because: the word is atomic, and the queue is touched under its lock alone.
  @usableFromInline let word = Atomic<UInt32>(0)
  private let queueLock = Lock()
  private var waiters = WaitQueue()

  @usableFromInline static let locked: UInt32 = 1
  private static let waiting: UInt32 = 2
  private static let woken: UInt32 = 4

  /// A mutex that nobody holds.
  public init() {}
  deinit { queueLock.free() }

  /// Locks the mutex; parks the G until nobody else holds it.
  @inlinable
  public func lock() {
    // acquire: pairs with the release in `unlock`
    if !word.compareExchange(expected: 0, desired: Mutex.locked, ordering: .acquiring).exchanged {
      lockSlow()
    }
  }

  /// Locks the mutex if nobody holds it. True if it did.
  public func tryLock() -> Bool {
    var old = word.load(ordering: .relaxed)
    while old & Self.locked == 0 {
      let result = word.compareExchange(expected: old, desired: old | Self.locked, ordering: .acquiring)
      if result.exchanged { return true }
      old = result.original
    }
    return false
  }

  /// Unlocks the mutex. Ends the process if it is not locked.
  @inlinable
  public func unlock() {
    // release: pairs with the acquire in `lock`
    if !word.compareExchange(expected: Mutex.locked, desired: 0, ordering: .releasing).exchanged {
      unlockSlow()
    }
  }

  /// Runs `body` while the mutex is locked.
  @inlinable
  public func withLock<Result, Failure: Error>(
    _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    lock()
    defer { unlock() }
    return try body()
  }

  // MARK: the slow paths, with contention

  @usableFromInline @inline(never)
  func lockSlow() {
    if tryLock() { return }  // the mutex was free, though a woken waiter may be about to try
    let m = enterRuntime("Mutex.lock")
    if !spin(m) { lock(parking: m) }
    leaveRuntime()
  }

  /// Tries a few times to lock the mutex, in case the holder, on another P, unlocks soon. Gives up when other Gs wait
  /// for this P or for the mutex. Returns whether it has locked the mutex.
  private func spin(_ m: M) -> Bool {
    guard sched.procs > 1 else { return false }
    for _ in 0..<4 {
      guard m.p.lrq.depth == 0, word.load(ordering: .relaxed) & Self.waiting == 0 else { return false }
      for _ in 0..<30 { relaxCPU() }
      if tryLock() { return true }
    }
    return false
  }

  /// Locks the mutex, parking if necessary. Call it inside the runtime; the G may be on another M afterwards.
  func lock(parking m: M) {
    guard let g = m.g else { fatal("Mutex.lock was called outside of a G") }
    var record = WaiterRecord(g)
    unsafe withUnsafeMutablePointer(to: &record) {
      let waiter = unsafe Waiter($0)
      while true {
        queueLock.lock()
        if lockOrAnnounce(afterWaking: waiter.amount != 0) { return queueLock.unlock() }
        if waiter.amount == 0 {
          waiter.amount = Clock.paced
          waiters.append(waiter)
        } else {
          waiters.prepend(waiter)
        }
        // Take the M anew: the G may have moved to another M in the last round.
        unsafe M.current.unsafelyUnwrapped.park(.mutex, commit: .unlock(queueLock))
        if waiter.granted { return }
      }
    }
  }

  /// Locks the mutex if it is free, and returns true; otherwise sets `waiting`, and returns false. `afterWaking`: the
  /// caller is a waiter that was woken; then `woken` is cleared in either case. Call it under the queue's lock, so that
  /// no unlock can miss the waiter between this call and its queueing.
  private func lockOrAnnounce(afterWaking: Bool) -> Bool {
    var old = word.load(ordering: .relaxed)
    while true {
      let rest = afterWaking ? old & ~Self.woken : old
      let isFree = old & Self.locked == 0
      let new = rest | (isFree ? Self.locked : Self.waiting)
      let result = word.compareExchange(expected: old, desired: new, ordering: .acquiring)
      if result.exchanged { return isFree }
      old = result.original
    }
  }

  @usableFromInline @inline(never)
  func unlockSlow() {
    if releaseQuietly() { return }
    let m = enterRuntime("Mutex.unlock")
    switch release() {
    case .quietly: break
    case .waking(let g): m.ready(g)
    case .handingOver(let g):
      m.ready(g)  // makes `g` the next to run on this P
      m.giveWay()
    }
    leaveRuntime()
  }

  /// The work that is left to the caller after a release.
  enum Release {
    case quietly
    case waking(G)
    case handingOver(G)
  }

  /// Releases the mutex if no waiter must be woken. Returns whether it did; false: a waiter must be woken, and the
  /// mutex is still locked.
  private func releaseQuietly() -> Bool {
    var old = word.load(ordering: .relaxed)
    while true {
      guard old & Self.locked != 0 else { fatal("unlock of a Mutex that is not locked") }
      guard old & Self.waiting == 0 || old & Self.woken != 0 else { return false }
      let result = word.compareExchange(expected: old, desired: old & ~Self.locked, ordering: .releasing)
      if result.exchanged { return true }
      old = result.original
    }
  }

  /// Releases the mutex, or hands it over to the first waiter. Call it inside the runtime.
  func release() -> Release {
    if releaseQuietly() { return .quietly }
    queueLock.lock()
    defer { queueLock.unlock() }
    guard let first = waiters.popFirst() else { fatal("a Mutex says that somebody waits, and nobody does") }
    let isOld = Clock.paced &- first.amount > Clock.ticks(nanoseconds: 1_000_000)
    first.granted = isOld
    settle(
      clear: (isOld ? 0 : Self.locked) | (waiters.isEmpty ? Self.waiting : 0), set: isOld ? 0 : Self.woken)
    return isOld ? .handingOver(first.g) : .waking(first.g)
  }

  private func settle(clear: UInt32, set: UInt32) {
    var old = word.load(ordering: .relaxed)
    while true {
      let result = word.compareExchange(expected: old, desired: old & ~clear | set, ordering: .releasing)
      if result.exchanged { return }
      old = result.original
    }
  }
}

extension M {
  /// Puts the running G at the end of its run queue, so that the new holder runs first.
  fileprivate func giveWay() {
    guard let g else { return }
    ask(.yield)
    switchAway(g, self)
  }
}
