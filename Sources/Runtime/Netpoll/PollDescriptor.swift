// The poll descriptor: where the Gs that wait for one socket stand.
//
// Each direction has one word, which is in one of four states:
//     nothing    no news, and nobody waits
//     ready      there was news since the last wait; the next wait returns at once
//     waiting    a G is about to park: it has announced itself and is not yet off its stack
//     a G        that G is parked
//
//     waiter:   ready → nothing (return)        nothing → waiting, then park; the commit, off the stack, is
//               waiting → G, or, if somebody changed the word meanwhile, no park at all. After waking: → nothing
//     poller:   nothing → ready      waiting → ready (the waiter finds it at its commit)      G → ready, and ready G
//     closer,   the same with `nothing` in place of `ready`: the flag was set before, and the waiter reads it after
//     timer:    it announced itself and after it woke
// All changes are by compare-and-swap, sequentially consistent where flag and word must be ordered; so a G is taken
// out exactly once, and no news is lost between the failed system call and the park: edge-triggered epoll reports
// news after that call to a word that stays `ready`.
//
// Source: Go's netpoll.go (pollDesc, netpollblock, netpollunblock).
import CMPG
import Region
import Synchronization

/// One direction of a poll descriptor.
struct PollSideRecord: ~Copyable {
  /// See above: 0 nothing · 1 ready · 2 waiting · else a G's slot + 3.
  let state = Atomic<UInt64>(0)
  let expired = Atomic<Bool>(false)
  // MARK: under the descriptor's lock
  /// Ticks; 0: none.
  var deadline: UInt64 = 0
  /// When the timer of this side will look; 0: there is none. A later deadline needs no new timer. Written under the
  /// lock; read by who sweeps a heap of timers.
  let armed = Atomic<UInt64>(0)
  /// The P that has this timer.
  var armedOn: P?
}

struct PollRecord: ~Copyable {
  var read = PollSideRecord()
  var write = PollSideRecord()
  let closed = Atomic<Bool>(false)
  /// Counts lives; 16 bits of it travel in the tag.
  let generation = Atomic<UInt32>(1)
  let lock = Lock()
  var nextFree: PollDescriptor?
  /// What io_uring watches for it, or −1. Under the lock on the submission ring (Uring §3).
  var watched: Int32 = -1
}

/// A handle to one direction.
///
/// Safe because: records of poll descriptors are reused but never freed.
@safe struct PollSide {
  private let record: UnsafeMutablePointer<PollSideRecord>

  init(_ record: UnsafeMutablePointer<PollSideRecord>) { unsafe self.record = record }

  /// The side that `number` names; nil for 0. Records are never freed, so a number of the past does no harm.
  init?(number: UInt) {
    guard let record = unsafe UnsafeMutablePointer<PollSideRecord>(bitPattern: number) else { return nil }
    unsafe self.record = unsafe record
  }

  var number: UInt { unsafe UInt(bitPattern: record) }

  private static let nothing: UInt64 = 0
  private static let ready: UInt64 = 1
  private static let waiting: UInt64 = 2
  private static let firstG: UInt64 = 3

  var isExpired: Bool { unsafe record.pointee.expired.load(ordering: .sequentiallyConsistent) }
  func setExpired(_ value: Bool) {
    unsafe record.pointee.expired.store(value, ordering: .sequentiallyConsistent)
  }
  var deadline: UInt64 {
    get { unsafe record.pointee.deadline }
    nonmutating set { unsafe record.pointee.deadline = newValue }
  }
  var armed: UInt64 { unsafe record.pointee.armed.load(ordering: .relaxed) }

  /// Notes the timer that will look for this side from now on, instead of the one before. It is put into its heap
  /// afterwards, under that lock; so whoever finds it there, and another one noted here, may throw it away.
  func arm(at ticks: UInt64, on p: P) {
    disarm(isLeft: true)
    unsafe record.pointee.armed.store(ticks, ordering: .relaxed)
    unsafe record.pointee.armedOn = p
  }

  /// No timer looks for this side any more: it fired, or (`isLeft`) was replaced, or its descriptor is going.
  func disarm(isLeft: Bool) {
    guard armed != 0 else { return }
    unsafe record.pointee.armed.store(0, ordering: .relaxed)
    unsafe record.pointee.armedOn?.timers.disarmed(.readDeadline, isLeft: isLeft)
  }

  private func change(_ old: UInt64, _ new: UInt64) -> Bool {
    unsafe record.pointee.state.compareExchange(
      expected: old, desired: new, ordering: .sequentiallyConsistent
    ).exchanged
  }

  /// Announces a waiter; false when there is news already, which it consumes.
  func announce() -> Bool {
    while true {
      if change(Self.ready, Self.nothing) { return false }
      if change(Self.nothing, Self.waiting) { return true }
      let state = unsafe record.pointee.state.load(ordering: .relaxed)
      guard state < Self.waiting else {
        fatal("two goroutines wait for the same direction of one descriptor")
      }
    }
  }

  /// The waiter is off its stack: lets others find it. False when it must not park.
  func commit(_ g: G) -> Bool {
    change(Self.waiting, UInt64(g.slot) + Self.firstG)
  }

  /// The waiter goes on: takes itself out. Whether there was news.
  func conclude() -> Bool {
    unsafe record.pointee.state.exchange(Self.nothing, ordering: .sequentiallyConsistent) == Self.ready
  }

  /// Brings news (`ready`), or only wakes (a deadline, a close). The G to make ready, if one was parked.
  func unblock(ready: Bool) -> G? {
    while true {
      let old = unsafe record.pointee.state.load(ordering: .sequentiallyConsistent)
      if old == Self.ready || (old == Self.nothing && !ready) { return nil }
      guard change(old, ready ? Self.ready : Self.nothing) else { continue }
      guard old >= Self.firstG else { return nil }
      return G(slot: UInt32(old - Self.firstG))
    }
  }

  func reset() {
    setExpired(false)
    deadline = 0
    unsafe record.pointee.state.store(Self.nothing, ordering: .sequentiallyConsistent)
  }
}

/// A handle to a poll descriptor.
///
/// Safe because: records are reused but never freed, and their fields are atomic or under their lock.
@safe struct PollDescriptor: @unchecked Sendable {
  private let record: UnsafeMutablePointer<PollRecord>

  var read: PollSide { unsafe PollSide(&record.pointee.read) }
  var write: PollSide { unsafe PollSide(&record.pointee.write) }
  func side(_ direction: Pollable.Direction) -> PollSide { direction == .read ? read : write }

  var lock: Lock { unsafe record.pointee.lock }
  var isClosed: Bool { unsafe record.pointee.closed.load(ordering: .sequentiallyConsistent) }
  /// Marks it closed; false when it was.
  func close() -> Bool { unsafe !record.pointee.closed.exchange(true, ordering: .sequentiallyConsistent) }

  var watched: Int32 {
    get { unsafe record.pointee.watched }
    nonmutating set { unsafe record.pointee.watched = newValue }
  }

  var generation: UInt32 { unsafe record.pointee.generation.load(ordering: .acquiring) }

  // MARK: names that travel

  /// The address in the low 48 bits, the low 16 of the generation above.
  var tag: UInt64 { UInt64(address) | UInt64(generation & 0xffff) << 48 }
  private var address: UInt { unsafe UInt(bitPattern: record) }

  /// nil when the tag is of an earlier life of its descriptor.
  init?(tag: UInt64) {
    let address = UInt(tag & 0x0000_ffff_ffff_ffff)
    unsafe record = UnsafeMutablePointer(bitPattern: address).unsafelyUnwrapped
    if UInt64(generation & 0xffff) != tag >> 48 { return nil }
  }

  init(_ timer: Timer) {
    unsafe record = UnsafeMutablePointer(bitPattern: UInt(timer.target)).unsafelyUnwrapped
  }

  // MARK: the free list

  private static let freeLock = Lock()
  nonisolated(unsafe) private static var free: PollDescriptor?

  /// A descriptor that nobody uses.
  init() {
    Self.freeLock.lock()
    defer { Self.freeLock.unlock() }
    if let reused = unsafe Self.free {
      unsafe Self.free = reused.record.pointee.nextFree
      unsafe record = reused.record
      unsafe record.pointee.closed.store(false, ordering: .sequentiallyConsistent)
      read.reset()
      write.reset()
    } else {
      unsafe record = .allocate(capacity: 1)
      unsafe record.initialize(to: PollRecord())
    }
  }

  /// Gives it back; events and timers of this life find nothing any more. It must be unregistered, and no G in it.
  func giveBack() {
    lock.lock()
    read.disarm(isLeft: true)
    write.disarm(isLeft: true)
    unsafe record.pointee.generation.wrappingAdd(1, ordering: .acquiringAndReleasing)
    lock.unlock()
    Self.freeLock.lock()
    unsafe record.pointee.nextFree = Self.free
    unsafe Self.free = self
    Self.freeLock.unlock()
  }

  // MARK: deadlines

  /// Sets or clears (`ticks` = 0) a deadline; the G to make ready when it has passed already. A timer is added to `p`
  /// only if none would look in time: moving a deadline later, as every request does, costs a store.
  func setDeadline(_ ticks: UInt64, _ direction: Pollable.Direction, on p: P) -> G? {
    let side = side(direction)
    lock.lock()
    defer { lock.unlock() }
    side.deadline = ticks
    side.setExpired(false)
    guard ticks != 0 else { return nil }
    if ticks <= Clock.now {
      side.setExpired(true)
      return side.unblock(ready: false)
    }
    if side.armed == 0 || ticks < side.armed { arm(direction, at: ticks, on: p) }
    return nil
  }

  /// The timer of a side looks. The G to make ready when the deadline has passed.
  func deadlineFired(_ direction: Pollable.Direction, _ timer: Timer, on p: P) -> G? {
    let side = side(direction)
    lock.lock()
    defer { lock.unlock() }
    // replaced by an earlier one
    guard generation == timer.generation, side.armed == timer.when else { return nil }
    side.disarm(isLeft: false)
    guard side.deadline != 0 else { return nil }
    guard side.deadline <= Clock.now else {
      arm(direction, at: side.deadline, on: p)
      return nil
    }
    side.setExpired(true)
    return side.unblock(ready: false)
  }

  /// Whether a timer of a heap does nothing for this side any more: it was replaced, or is of an earlier life. Under the
  /// lock of that heap.
  func hasNo(_ timer: Timer, for direction: Pollable.Direction) -> Bool {
    generation != timer.generation || side(direction).armed != timer.when
  }

  /// Under the lock.
  private func arm(_ direction: Pollable.Direction, at ticks: UInt64, on p: P) {
    side(direction).arm(at: ticks, on: p)
    let kind: Timer.Kind = direction == .read ? .readDeadline : .writeDeadline
    let timer = Timer(when: ticks, target: UInt64(address), kind: kind, generation: generation)
    p.timers.lock.lock()
    p.timers.insert(timer)
    p.timers.lock.unlock()
    sched.netpoll.timerAdded(ticks)
  }
}
