// The clock of a channel: it has a value to receive when a moment has come. `after` and `Ticker` give such channels.
//
// §1 The problem. A timer that puts a value into the channel at each moment keeps a channel that nobody has any more until
// then; a fast ticker that nobody receives from takes a CPU; and while one is armed that nobody waits for, a deadlock
// looks like a program that will go on.
//
// §2 The design (Go's, since 1.23). Nobody puts ticks in. The clock knows when the next one is due; who receives and finds
// the buffer empty asks it, and if it is due has its value. Only who *waits* has a timer put into the heap of its P, one
// for all that wait. So a clock that nobody waits for costs nothing, and goes with its channel.
//
// §3 Invariants, under the channel's lock.
//   • It is armed exactly while one entry of one heap carries its generation. That entry looks at the clock when its
//     moment comes, which is not later than the next tick if somebody waits: a later tick needs no new entry, and nor
//     does one who goes and comes back.
//   • It is counted as a timer that may make a G runnable (`Timers.wakers`) exactly while a G waits and time runs; a G
//     that was given its tick is counted as runnable before (Deadlock §3).
//   • A tick that was due, and that nobody took, is one tick, however late.
// Records are reused, never freed: an entry may look at its clock's generation at any time. Which channel it belongs to
// stands under the record's lock, so that a channel cannot go while its timer has it in hand.
// Lock order: clock → channel → timers → nothing.
import Region
import Synchronization

struct ClockRecord: ~Copyable {
  let lock = Lock()
  /// Counts armings and lives.
  let generation = Atomic<UInt32>(1)
  // MARK: under the lock
  /// The channel; nil: the clock is free.
  var core: ChannelCore?

  // MARK: under the channel's lock
  /// When the next tick is due, in ticks of the clock; `.max`: never.
  var next = UInt64.max
  /// From one to the next; 0: there is one.
  var period: UInt64 = 0
  /// Gs that wait, or were woken and have yet to leave.
  var waiting = 0
  /// When its entry will look; 0: it is not armed.
  var armed: UInt64 = 0
  var armedOn: P?
  /// The P among whose timers it counts as one that may make a G runnable.
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

  /// One for `core`, which stands. Inside the runtime.
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

  /// The channel goes: nothing of the clock happens any more. Inside the runtime, or where no G is stopped.
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

  /// Any thread.
  var generation: UInt32 { unsafe record.pointee.generation.load(ordering: .acquiring) }

  // MARK: under the channel's lock

  /// Whether a tick is due, which is taken.
  func takeTick() -> Bool {
    guard unsafe record.pointee.next <= Clock.now else { return false }
    advance()
    return true
  }

  /// Ticks at `when`, and then every `period` ticks (0: once). `p` is the caller's.
  func start(at when: UInt64, every period: UInt64, on p: P) {
    unsafe (record.pointee.next, record.pointee.period) = (when, period)
    arm(on: p)
    settle(on: p)
  }

  /// Ticks no more.
  func stop() {
    unsafe record.pointee.next = .max
    disarm()
    settle(on: nil)
  }

  /// One more G waits, on `p`; its wait is not counted yet.
  func waits(on p: P) {
    unsafe record.pointee.waiting += 1
    arm(on: p)
    settle(on: p)
  }

  /// It goes on.
  func leaves() {
    unsafe record.pointee.waiting -= 1
    settle(on: nil)
  }

  /// The first tick after now: those that nobody had time for are left out.
  private func advance() {
    let (when, period) = unsafe (record.pointee.next, record.pointee.period)
    let late = Clock.now &- when
    unsafe record.pointee.next = period == 0 ? .max : when &+ (late / period &+ 1) &* period
  }

  private var isWaitedFor: Bool { unsafe record.pointee.waiting > 0 && record.pointee.next != .max }

  /// Sees to an entry that looks in time.
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

  /// Its entry does nothing from here on.
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

  /// Counts it in, on `p`, or out.
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

  /// Its entry in the heap of `p` looks. The G that has its tick, counted as runnable already.
  func fired(_ timer: Timer, on p: P, by m: M) -> G? {
    unsafe record.pointee.lock.lock()
    defer { unsafe record.pointee.lock.unlock() }
    guard generation == timer.generation, let core = unsafe record.pointee.core else { return nil }
    core.lock.lock()
    defer { core.lock.unlock() }
    // armed anew, or stopped, before the channel was locked
    guard generation == timer.generation, let home = invalidate() else { return nil }
    defer { home.timers.disarmed(.clock, isLeft: false) }
    var woken: G?
    if unsafe record.pointee.next <= Clock.now {
      // Nobody stands there: the tick waits for who comes, and no timer is needed for it.
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
