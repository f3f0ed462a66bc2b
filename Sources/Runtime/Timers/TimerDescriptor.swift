// The timer descriptor: something that happens at a moment, and can be stopped.
//
// Invariants, under the descriptor's lock:
//   • It is armed exactly while one entry of one P's heap carries its generation. Stopping raises the generation, so
//     that entry does nothing any more and is swept some day (Timers): stopping costs no search.
// Descriptors are reused, never freed: an entry may look at its descriptor's generation at any time.
// Lock order: timer descriptor → timers → nothing.
import Region
import Synchronization

/// What happens.
enum TimerAction {
  case nothing
  /// A G, named by the entry.
  case spawn(body: @Sendable () throws -> Void, entry: UInt32)
  case cancel(Cancellation)
}

struct TimerRecord: ~Copyable {
  let lock = Lock()
  /// Counts armings and lives.
  let generation = Atomic<UInt32>(1)
  // MARK: under the lock
  var action = TimerAction.nothing
  /// The P in whose heap it is armed; nil: it is not armed.
  var armedOn: P?
  /// Whether it goes back to the others after it has happened: nobody can stop it any more.
  var isAbandoned = false

  // MARK: under the lock of the free list
  var nextFree: TimerDescriptor?
}

/// A handle to a timer descriptor.
///
/// Safe because: records are reused but never freed, and their fields are atomic or under a lock.
@safe struct TimerDescriptor: @unchecked Sendable {
  private let record: UnsafeMutablePointer<TimerRecord>

  private static let freeLock = Lock()
  nonisolated(unsafe) private static var free: TimerDescriptor?

  /// One that nobody uses, not armed. Inside the runtime, as all functions here.
  init(_ action: TimerAction) {
    Self.freeLock.lock()
    if let reused = unsafe Self.free {
      unsafe Self.free = reused.record.pointee.nextFree
      Self.freeLock.unlock()
      unsafe record = reused.record
    } else {
      Self.freeLock.unlock()
      unsafe record = .allocate(capacity: 1)
      unsafe record.initialize(to: TimerRecord())
    }
    unsafe record.pointee.action = action
    unsafe record.pointee.isAbandoned = false
  }

  /// One that happens `delay` from now.
  init(_ action: TimerAction, after delay: Duration, by m: M) {
    self.init(action)
    _ = start(after: delay, on: m.p)
  }

  /// Stops it, and gives it back; the action is returned for the caller to let go of, where it may.
  @discardableResult
  func giveBack() -> TimerAction {
    let action = lock.with { () -> TimerAction in
      disarm()
      let action = unsafe record.pointee.action
      unsafe record.pointee.action = .nothing
      return action
    }
    putFree()
    return action
  }

  private func putFree() {
    Self.freeLock.lock()
    unsafe record.pointee.nextFree = Self.free
    unsafe Self.free = self
    Self.freeLock.unlock()
  }

  private var lock: Lock { unsafe record.pointee.lock }
  /// Any thread.
  var generation: UInt32 { unsafe record.pointee.generation.load(ordering: .acquiring) }

  /// Arms it anew; whether it was armed.
  func start(after delay: Duration, on p: P) -> Bool {
    let when = Deadline.after(delay).ticks
    let wasArmed = lock.with {
      let wasArmed = disarm()
      arm(at: when, on: p)
      return wasArmed
    }
    sched.netpoll.timerAdded(when)
    return wasArmed
  }

  /// Stops it; whether it was armed.
  func stop() -> Bool { lock.with { disarm() } }

  /// Lets it happen, if it is armed, and go back by itself then; false: it is not armed, and the caller's to give back.
  func abandon() -> Bool {
    lock.with {
      guard unsafe record.pointee.armedOn != nil else { return false }
      unsafe record.pointee.isAbandoned = true
      return true
    }
  }

  /// Under the lock.
  private func arm(at when: UInt64, on p: P) {
    unsafe record.pointee.armedOn = p
    let target = UInt64(unsafe UInt(bitPattern: record))
    p.timers.lock.lock()
    p.timers.insert(Timer(when: when, target: target, kind: .descriptor, generation: generation))
    p.timers.lock.unlock()
  }

  /// Under the lock. Whether it was armed.
  @discardableResult
  private func disarm() -> Bool {
    guard let p = invalidate() else { return false }
    p.timers.disarmed(.descriptor, isLeft: true)
    return true
  }

  /// Its entry does nothing from here on. Under the lock. The P on which it was armed, and is to be counted out; nil: it
  /// was not.
  private func invalidate() -> P? {
    guard let p = unsafe record.pointee.armedOn else { return nil }
    unsafe record.pointee.armedOn = nil
    unsafe record.pointee.generation.wrappingAdd(1, ordering: .acquiringAndReleasing)
    return p
  }

  // MARK: firing

  init(_ timer: Timer) {
    unsafe record = UnsafeMutablePointer(bitPattern: UInt(timer.target)).unsafelyUnwrapped
  }

  /// Its entry in the heap of `p` is due. The Gs that are to run for it, counted as runnable already; only then is it
  /// counted out (Deadlock §3).
  func fired(_ timer: Timer, on p: P, by m: M) -> GQueue {
    var ready = GQueue()
    lock.lock()
    guard generation == timer.generation, let home = invalidate() else {
      lock.unlock()
      return ready
    }
    let action = unsafe record.pointee.action
    let isOver = unsafe record.pointee.isAbandoned
    if isOver { unsafe record.pointee.action = .nothing }
    lock.unlock()
    if isOver { putFree() }
    switch action {
    case .nothing: break
    case .spawn(let body, let entry): ready.append(m.newG(running: body, entry: entry))
    case .cancel(let scope): ready.append(scope.timedOut(m))
    }
    home.timers.disarmed(.descriptor, isLeft: false)
    return ready
  }
}

extension Lock {
  fileprivate func with<Result>(_ body: () -> Result) -> Result {
    lock()
    defer { unlock() }
    return body()
  }
}

extension M {
  /// A new runnable G on behalf of a timer. This M may be without a P, and takes what it needs from the scheduler.
  fileprivate func newG(running body: @escaping @Sendable () throws -> Void, entry: UInt32) -> G {
    let g: G
    if let p = heldP {
      g = p.takeG()
      g.shared[.id].set(p.newId())
    } else {
      var cache = GQueueLIFO()
      g = sched.descriptors.refill(&cache)
      sched.descriptors.giveBack(all: &cache)
      g.shared[.id].set(sched.takeIds(1))
    }
    unsafe g.record.pointee.body = body
    g.shared[.entry].set(UInt64(entry))
    created(g, entry: entry, kind: .user, batchPlace(behind: 0))
    return g
  }
}
