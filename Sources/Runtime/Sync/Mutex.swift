// Mutex: one G at a time. Waiting parks the G, never the thread.
//
// §1 The word. locked: somebody holds it · waiting: somebody stands in the queue · woken: a waiter was made ready and
// has not yet had its try. The first is changed by anyone by compare-and-swap, the others under the queue's lock.
// Without waiters to lock and to unlock is one compare-and-swap each, outside the runtime.
//
// §2 Who gets it. An unlock with waiters lets the mutex go and makes the first of them ready; it must try again, and
// somebody who runs already may be faster (barging). That keeps the CPU busy, where a hand-over to a G that is not
// running yet would leave everybody waiting for a switch. One waiter is woken at a time: while it has not tried, more
// unlocks wake nobody.
//
// §3 Nobody starves. A waiter that loses goes back to the front of the queue. When the first has waited for 1 ms the
// mutex is handed over to it: it stays locked, so that nobody can barge in, and the one who unlocks steps aside.
//
// §4 No wake-up is lost. A waiter sets `waiting` under the queue's lock, by compare-and-swap on a word that says locked;
// so the holder's fast unlock, which expects the word to say nothing else, fails, and takes the lock of the queue.
//
// Source: Go's sync.Mutex, whose starvation mode is a state; here it is what the first waiter's age says.
import Region
import Synchronization

/// A mutual exclusion lock for Gs.
///
/// Thread-safe; from Gs only. A G may park while it holds one: others then wait for as long. It belongs to nobody in
/// particular: one G may unlock what another has locked. Not recursive.
public final class Mutex: @unchecked Sendable {
  // Safe because: the word is atomic, and the queue is touched under its lock alone.
  @usableFromInline let word = Atomic<UInt32>(0)
  private let queueLock = Lock()
  private var waiters = WaitQueue()

  @usableFromInline static let locked: UInt32 = 1
  private static let waiting: UInt32 = 2
  private static let woken: UInt32 = 4

  public init() {}
  deinit { queueLock.free() }

  /// Locks it; parks the G until nobody else holds it.
  @inlinable
  public func lock() {
    // acquire: pairs with the release in `unlock`
    if !word.compareExchange(expected: 0, desired: Mutex.locked, ordering: .acquiring).exchanged {
      lockSlow()
    }
  }

  /// Locks it if nobody holds it; whether it did.
  public func tryLock() -> Bool {
    var old = word.load(ordering: .relaxed)
    while old & Self.locked == 0 {
      let result = word.compareExchange(expected: old, desired: old | Self.locked, ordering: .acquiring)
      if result.exchanged { return true }
      old = result.original
    }
    return false
  }

  /// Unlocks it. If it is not locked, the process ends.
  @inlinable
  public func unlock() {
    // release: pairs with the acquire in `lock`
    if !word.compareExchange(expected: Mutex.locked, desired: 0, ordering: .releasing).exchanged {
      unlockSlow()
    }
  }

  /// Runs `body` while it is locked.
  @inlinable
  public func withLock<Result, Failure: Error>(
    _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    lock()
    defer { unlock() }
    return try body()
  }

  // MARK: with others about

  @usableFromInline @inline(never)
  func lockSlow() {
    if tryLock() { return }  // free, with somebody on the way to it
    let m = enterRuntime("Mutex.lock")
    if !spin(m) { lock(parking: m) }
    leaveRuntime()
  }

  /// Looks a few times whether the holder, on another P, is done soon. Not while other Gs could run here.
  private func spin(_ m: M) -> Bool {
    guard sched.procs > 1 else { return false }
    for _ in 0..<4 {
      guard m.p.lrq.depth == 0, word.load(ordering: .relaxed) & Self.waiting == 0 else { return false }
      for _ in 0..<30 { relaxCPU() }
      if tryLock() { return true }
    }
    return false
  }

  /// Locks it, on the long way. Inside the runtime; the G may be on another M afterwards.
  func lock(parking m: M) {
    guard let g = m.g else { fatal("Mutex.lock was called outside of a G") }
    var record = WaiterRecord(g)
    unsafe withUnsafeMutablePointer(to: &record) {
      let waiter = unsafe Waiter($0)
      while true {
        queueLock.lock()
        if lockOrAnnounce(afterWaking: waiter.amount != 0) { return queueLock.unlock() }
        if waiter.amount == 0 {
          waiter.amount = Clock.now
          waiters.append(waiter)
        } else {
          waiters.prepend(waiter)
        }
        // the M of now: it may have changed in the last round
        unsafe M.current.unsafelyUnwrapped.park(.mutex, commit: .unlock(queueLock))
        if waiter.granted { return }
      }
    }
  }

  /// Locks it if it is not, else says that somebody waits; whether it did lock. A waiter that was woken has its try
  /// with this. Under the queue's lock.
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
      m.ready(g)  // it is next on this P
      m.giveWay()
    }
    leaveRuntime()
  }

  /// What remains to be done after a release.
  enum Release {
    case quietly
    case waking(G)
    case handingOver(G)
  }

  /// Lets it go if nobody is to be woken for it; false: somebody is, and it is still locked.
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

  /// Lets it go, or hands it over. Inside the runtime.
  func release() -> Release {
    if releaseQuietly() { return .quietly }
    queueLock.lock()
    defer { queueLock.unlock() }
    guard let first = waiters.popFirst() else { fatal("a Mutex says that somebody waits, and nobody does") }
    let isOld = Clock.now &- first.amount > Clock.ticks(nanoseconds: 1_000_000)
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
  /// The running G goes to the end of the line.
  fileprivate func giveWay() {
    guard let g else { return }
    ask(.yield)
    switchAway(g, self)
  }
}
