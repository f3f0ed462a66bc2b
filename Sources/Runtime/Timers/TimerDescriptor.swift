// The timer descriptor: an action at a moment, which can be stopped.
//
// Invariant, under the descriptor's lock:
//   • A descriptor is armed exactly while one entry of one P's heap carries its generation. Stopping raises the
//     generation, so that entry does nothing any more and is swept later (Timers). So stopping costs no search.
// Descriptors are reused, never freed: an entry may look at its descriptor's generation at any time.
// Lock order: timer descriptor → timers → nothing.
import Region
import Synchronization

/// The action of a timer descriptor at its moment.
enum TimerAction {
  case nothing
  /// Start a G that runs `body`; `entry` is its name, a string id.
  case spawn(body: @Sendable () throws -> Void, entry: UInt32)
  case cancel(Cancellation)
}

struct TimerRecord: ~Copyable {
  let lock = Lock()
  /// Counts armings and reuses, so that an entry that carries an older count is stale.
  let generation = Atomic<UInt32>(1)
  // MARK: under the lock
  var action = TimerAction.nothing
  /// The P in whose heap the descriptor is armed; nil: it is not armed.
  var armedOn: P?
  /// Whether the descriptor gives itself back after it has fired, because nobody holds it any more.
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

  /// A fresh descriptor, not armed. Call it inside the runtime, as all functions here.
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

  /// A fresh descriptor that fires `delay` from now.
  init(_ action: TimerAction, after delay: Duration, by m: M) {
    self.init(action)
    _ = start(after: delay, on: m.p)
  }

  /// Stops the descriptor, and gives it back for reuse. Returns the action, which the caller must free where it may run
  /// user code.
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
  /// The current generation. Any thread may read it.
  var generation: UInt32 { unsafe record.pointee.generation.load(ordering: .acquiring) }

  /// Arms the descriptor anew. True if it was armed before.
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

  /// Disarms the descriptor. True if it was armed.
  func stop() -> Bool { lock.with { disarm() } }

  /// Lets the descriptor fire, and then give itself back, if it is armed. False: it is not armed, and the caller must
  /// give it back.
  func abandon() -> Bool {
    lock.with {
      guard unsafe record.pointee.armedOn != nil else { return false }
      unsafe record.pointee.isAbandoned = true
      return true
    }
  }

  /// Adds an entry to the heap of `p`. Call under the lock.
  private func arm(at when: UInt64, on p: P) {
    unsafe record.pointee.armedOn = p
    let target = UInt64(unsafe UInt(bitPattern: record))
    p.timers.lock.lock()
    p.timers.insert(Timer(when: when, target: target, kind: .descriptor, generation: generation))
    p.timers.lock.unlock()
  }

  /// Makes the descriptor's entry stale, and subtracts the timer from its P's counts. True if it was armed.
  /// Call under the lock.
  @discardableResult
  private func disarm() -> Bool {
    guard let p = invalidate() else { return false }
    p.timers.disarmed(.descriptor, isLeft: true)
    return true
  }

  /// Makes the descriptor's entry stale. Returns the P on which the descriptor was armed, and from whose
  /// counts the caller must subtract the timer; nil: it was not armed. Call under the lock.
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

  /// Carries out the action, because its entry in the heap of `p` is due. Returns the Gs that are to run for
  /// it, counted as runnable already; only afterwards does it subtract the timer from the counts (Deadlock
  /// §3).
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
  /// Makes a runnable G for a timer. If this M holds no P, the G's descriptor and id come from the scheduler.
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
