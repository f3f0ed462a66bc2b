// The clock of a channel. A channel with a clock has a value to receive once a moment has come. `after` and `Ticker`
// make such channels.
//
// §1 The problem. A timer that puts a value into the channel at each moment has three faults. Until that moment it
// keeps a channel alive that the program has dropped. A fast ticker from which no G receives takes a CPU. And while a
// timer is armed for which no G waits, a deadlock looks like a program that will go on.
//
// §2 The design (Go's, since 1.23). No thread puts ticks into the channel. Instead the clock knows when the next tick
// is due. A G that receives and finds the buffer empty asks the clock, and if a tick is due the G has its value. Only a
// G that *waits* adds a timer to the heap of its P, and only if the clock has no timer that is due in time: one timer
// serves all Gs that wait for the clock. So a clock for which no G waits costs nothing, and is freed with its channel.
//
// §3 Invariants, under the channel's lock.
//   • A clock is armed exactly while one entry of one heap carries its generation. That entry checks the clock when its
//     moment comes. While a G waits, that moment is not later than the next tick. When the next tick moves to a later
//     moment, or a G stops waiting and then waits again, no new entry is needed.
//   • A clock counts as a timer that may make a G runnable (`Timers.wakers`) exactly while a G waits and a tick
//     is to come. A G that was given its tick is counted as runnable before the clock is taken off that count
//     (Deadlock §3).
//   • Ticks that came due and that no G received count as one tick, however late.
// Records are reused, never freed, because an entry may look at its clock's generation at any time. The record's own
// lock guards which channel the clock belongs to, so that a channel cannot be freed while its timer works on it. Lock
// order: clock → channel → timers → nothing.
import Region
import Synchronization

struct ClockRecord: ~Copyable {
  let lock = Lock()
  /// Counts armings and reuses, so that an entry that carries an older count is stale.
  let generation = Atomic<UInt32>(1)
  // MARK: under the lock
  /// The channel whose clock this is; nil: the clock is free.
  var core: ChannelCore?

  // MARK: under the channel's lock
  /// When the next tick is due, in ticks of the CPU's clock; `.max`: never.
  var next = UInt64.max
  /// The time from one tick to the next, in ticks of the CPU's clock; 0: the channel's clock ticks only once.
  var period: UInt64 = 0
  /// The number of Gs that wait, or were woken but have yet to leave.
  var waiting = 0
  /// When the clock's entry in a heap is due; 0: the clock is not armed.
  var armed: UInt64 = 0
  var armedOn: P?
  /// The P among whose `wakers` the clock counts; nil: it does not count.
  var countedOn: P?

  // MARK: under the lock of the free list
  var nextFree: ChannelClock?
}

/// A handle to the clock of a channel.
///
/// Safe because: records are reused but never freed, and their fields are atomic or under a lock.
@safe struct ChannelClock: @unchecked Sendable {
  private let record: UnsafeMutablePointer<ClockRecord>

  private static let freeLock = Lock()
  nonisolated(unsafe) private static var free: ChannelClock?

  /// Makes a clock for `core`, which is stopped. Call it inside the runtime.
  init(of core: ChannelCore) {
    Self.freeLock.lock()
    if let reused = unsafe Self.free {
      unsafe Self.free = reused.record.pointee.nextFree
      Self.freeLock.unlock()
      unsafe record = reused.record
    } else {
      Self.freeLock.unlock()
      unsafe record = .allocate(capacity: 1)
      unsafe record.initialize(to: ClockRecord())
    }
    unsafe record.pointee.lock.lock()
    unsafe record.pointee.core = core
    unsafe record.pointee.lock.unlock()
  }

  /// Stops the clock and gives it back, because its channel is freed. Call it inside the runtime, or on a thread that
  /// runs no G, because a G that holds these locks must not be stopped.
  func giveBack() {
    unsafe record.pointee.lock.lock()
    unsafe record.pointee.core = nil
    stop()
    unsafe record.pointee.lock.unlock()
    Self.freeLock.lock()
    unsafe record.pointee.nextFree = Self.free
    unsafe Self.free = self
    Self.freeLock.unlock()
  }

  /// The current generation. Any thread may read it.
  var generation: UInt32 { unsafe record.pointee.generation.load(ordering: .acquiring) }

  // MARK: under the channel's lock

  /// Takes the tick that is due; false: none is.
  func takeTick() -> Bool {
    guard unsafe record.pointee.next <= Clock.paced else { return false }
    advance()
    return true
  }

  /// Makes the clock tick at `when`, and then every `period` ticks of the CPU's clock (0: only once). `p` is
  /// the caller's P.
  func start(at when: UInt64, every period: UInt64, on p: P) {
    unsafe (record.pointee.next, record.pointee.period) = (when, period)
    arm(on: p)
    settle(on: p)
  }

  /// Stops the clock: there will be no more ticks.
  func stop() {
    unsafe record.pointee.next = .max
    disarm()
    settle(on: nil)
  }

  /// Notes that one more G is about to wait, on `p`. Call it before the G is counted as parked.
  func waits(on p: P) {
    unsafe record.pointee.waiting += 1
    arm(on: p)
    settle(on: p)
  }

  /// Notes that a G that waited stops waiting.
  func leaves() {
    unsafe record.pointee.waiting -= 1
    settle(on: nil)
  }

  /// Moves `next` to the first tick after now. Ticks that came due in between and were not received are left out.
  private func advance() {
    let (when, period) = unsafe (record.pointee.next, record.pointee.period)
    let late = Clock.paced &- when
    unsafe record.pointee.next = period == 0 ? .max : when &+ (late / period &+ 1) &* period
  }

  private var isWaitedFor: Bool { unsafe record.pointee.waiting > 0 && record.pointee.next != .max }

  /// Makes sure that the clock's entry is due in time for the next tick; if not, replaces it by one in the heap of `p`.
  private func arm(on p: P) {
    let next = unsafe record.pointee.next
    guard isWaitedFor, unsafe record.pointee.armed == 0 || record.pointee.armed > next else { return }
    disarm()
    unsafe (record.pointee.armed, record.pointee.armedOn) = (next, p)
    let target = UInt64(unsafe UInt(bitPattern: record))
    p.timers.lock.lock()
    p.timers.insert(Timer(when: next, target: target, kind: .clock, generation: generation))
    p.timers.lock.unlock()
    sched.netpoll.timerAdded(next)
  }

  /// Makes the clock's entry stale, and subtracts it from the P's counts of timers.
  private func disarm() {
    guard let p = invalidate() else { return }
    p.timers.disarmed(.clock, isLeft: true)
  }

  private func invalidate() -> P? {
    guard let p = unsafe record.pointee.armedOn else { return nil }
    unsafe (record.pointee.armed, record.pointee.armedOn) = (0, nil)
    unsafe record.pointee.generation.wrappingAdd(1, ordering: .acquiringAndReleasing)
    return p
  }

  /// Adds the clock to the wakers of `p` when a G begins to wait for its ticks, and subtracts it when no G waits any
  /// more.
  private func settle(on p: P?) {
    if let counted = unsafe record.pointee.countedOn {
      guard !isWaitedFor else { return }
      unsafe record.pointee.countedOn = nil
      counted.timers.wakerIsOver()
    } else if let p, isWaitedFor {
      unsafe record.pointee.countedOn = p
      p.timers.addWaker()
    }
  }

  // MARK: firing

  init(_ timer: Timer) {
    unsafe record = UnsafeMutablePointer(bitPattern: UInt(timer.target)).unsafelyUnwrapped
  }

  /// Checks the clock, because its entry in the heap of `p` is due. Returns the G that was given a tick, counted as
  /// runnable already.
  func fired(_ timer: Timer, on p: P, by m: M) -> G? {
    unsafe record.pointee.lock.lock()
    defer { unsafe record.pointee.lock.unlock() }
    guard generation == timer.generation, let core = unsafe record.pointee.core else { return nil }
    core.lock.lock()
    defer { core.lock.unlock() }
    // Look again: the clock may have been armed anew, or stopped, before the channel was locked.
    guard generation == timer.generation, let home = invalidate() else { return nil }
    defer { home.timers.disarmed(.clock, isLeft: false) }
    var woken: G?
    if unsafe record.pointee.next <= Clock.paced {
      // If no G waits, the tick stays for the next G that receives, and no timer is needed for that.
      guard let g = core.grantFirst() else { return nil }
      m.readied(g, m.batchPlace(behind: 0))
      advance()
      woken = g
    }
    if core.hasReceivers { arm(on: p) }
    settle(on: nil)
    return woken
  }
}
