// The poll descriptor: where the Gs that wait for one socket stand.
//
// §1 Each direction has one word, which is in one of four states:
//     nothing       no news, and nobody waits
//     ready         there was news since the last wait; the next wait returns at once
//     announced G   that G is about to park: it is not yet off its stack
//     parked G      that G is parked
//
//     waiter:   ready → nothing (return)        nothing → announced, then park; the commit, off the stack, is
//               announced → parked, or, if somebody changed the word meanwhile, no park at all. After waking: §2
//     poller:   nothing → ready      announced → ready (the waiter finds it at its commit)      parked → ready, and ready G
//     closer,   the same with `nothing` in place of `ready`: the flag was set before, and the waiter reads it after
//     timer:    it announced itself and after it woke
// All changes are by compare-and-swap, sequentially consistent where flag and word must be ordered; so a G is taken
// out exactly once, and no news is lost between the failed system call and the park: edge-triggered epoll reports
// news after that call to a word that stays `ready`.
//
// §2 One waiter after the other. A G that was taken out goes on some time later, and who comes after it need not wait
// for that: a scope that was cancelled is over as soon as its flag is set, though its Gs have not gone on yet. So a word
// tells whose it is, and the one who goes on takes out nothing but itself, or news. If its scope is cancelled by then, the
// news is not for it: it puts it back, and wakes who waits for it now. It looks at the scope last: whoever came after the
// cancellation came after that look, and what the system has told before it finds in the socket.
// Whoever finds another in the word looks at its own scope: if that was cancelled, the other came after it, and it leaves.
// Else it takes that one's place. One that has only announced itself finds out at its commit, and tries again. One that
// was parked is noted as displaced, and made ready; if it was not cancelled either, nor its descriptor closed or out of
// time, there are two at once for one direction, and it ends the process with words. So each asks its own scope; that of
// another may be gone. To find another in the word is not to be displaced: a canceller that comes late may have woken who
// stood there for nothing.
//
// §3 What would break it. An announcement without a name: a commit would make another's announcement its own, and that
// one would sleep outside of the word. To store `nothing` after waking: a waiter that came meanwhile is wiped out, and
// hangs beside its data. To keep news that one does not use: the next waits for news that was told already. To end the
// process at the sight of another, or to take its place without a look at one's own scope: one of the two may be on its
// way out. PollModel has all of it.
//
// Source: Go's netpoll.go (pollDesc, netpollblock, netpollunblock).
import CMPG
import Region
import Synchronization

/// One direction of a poll descriptor.
struct PollSideRecord: ~Copyable {
  /// §1: 0 nothing · 1 ready · else a G's slot + 1, doubled; odd once it is parked.
  let state = Atomic<UInt64>(0)
  let expired = Atomic<Bool>(false)
  /// The G that was displaced last and has not noticed yet: slot + 1; 0: none.
  let displaced = Atomic<UInt32>(0)
  // MARK: under the descriptor's lock
  /// Ticks; 0: none.
  var deadline: UInt64 = 0
  /// When the timer of this side will look; 0: there is none. A later deadline needs no new timer. Written under the
  /// lock; read by who sweeps a heap of timers.
  let armed = Atomic<UInt64>(0)
  /// The P that has this timer.
  var armedOn: P?
}

/// What there is of it besides its two sides, which lie behind it.
struct PollRecord: ~Copyable {
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
  private static func announced(_ g: G) -> UInt64 { UInt64(g.link) << 1 }
  private static func parked(_ g: G) -> UInt64 { UInt64(g.link) << 1 | 1 }
  /// The G in a word, parked or about to.
  private static func g(in state: UInt64) -> G? { G(link: UInt32(truncatingIfNeeded: state >> 1)) }

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

  private var state: UInt64 { unsafe record.pointee.state.load(ordering: .sequentiallyConsistent) }

  /// What comes of an announcement.
  enum Announcement {
    /// There was news already, which it has consumed: no need to wait.
    case news
    /// It stands in the word. `displacing`: the G that was parked there, which the caller makes ready (§2).
    case made(displacing: G?)
    /// Another stands there, and it was cancelled: it has nothing to do here any more.
    case tooLate
  }

  /// Announces `g`, which is about to wait. `isCancelled`: whether it is, asked when another is found.
  @inline(__always)
  func announce(_ g: G, _ isCancelled: () -> Bool) -> Announcement {
    while true {
      if change(Self.nothing, Self.announced(g)) { return .made(displacing: nil) }
      if change(Self.ready, Self.nothing) { return .news }
      let old = state
      guard let other = Self.g(in: old) else { continue }
      if isCancelled() { return .tooLate }
      guard change(old, Self.announced(g)) else { continue }
      guard old == Self.parked(other) else { return .made(displacing: nil) }
      unsafe record.pointee.displaced.store(other.link, ordering: .releasing)  // before it is made ready
      return .made(displacing: other)
    }
  }

  /// The waiter is off its stack: lets others find it. False when it must not park.
  func commit(_ g: G) -> Bool { change(Self.announced(g), Self.parked(g)) }

  /// What a waiter that goes on finds.
  enum Ending {
    case news
    /// It was woken for another reason, or did not wait at all.
    case noNews
    /// Another has taken its place while it was parked.
    case displaced
  }

  /// The waiter goes on: takes out itself, or the news.
  func conclude(_ g: G) -> Ending {
    let isDisplaced = takeNote(of: g)
    while true {
      let old = state
      if let owner = Self.g(in: old), owner != g { break }
      if old == Self.nothing { break }
      if change(old, Self.nothing) {
        if old == Self.ready { return .news }
        break
      }
    }
    return isDisplaced ? .displaced : .noNews
  }

  /// Whether `g` was displaced since it was announced.
  private func takeNote(of g: G) -> Bool {
    guard unsafe record.pointee.displaced.load(ordering: .acquiring) == g.link else { return false }
    return unsafe record.pointee.displaced.compareExchange(
      expected: g.link, desired: 0, ordering: .relaxed
    ).exchanged
  }

  /// The G that stands there, if any; of no use but for words.
  var owner: G? { Self.g(in: state) }

  /// Brings news (`ready`), or only wakes (a deadline, a close). The G to make ready, if one was parked.
  func unblock(ready: Bool) -> G? {
    while true {
      let old = state
      if old == Self.ready || (old == Self.nothing && !ready) { return nil }
      guard change(old, ready ? Self.ready : Self.nothing) else { continue }
      guard let g = Self.g(in: old), old == Self.parked(g) else { return nil }
      return g
    }
  }

  func reset() {
    setExpired(false)
    deadline = 0
    unsafe record.pointee.displaced.store(0, ordering: .relaxed)
    unsafe record.pointee.state.store(Self.nothing, ordering: .sequentiallyConsistent)
  }
}

/// A handle to a poll descriptor.
///
/// Safe because: records are reused but never freed, and their fields are atomic or under their lock.
@safe struct PollDescriptor: @unchecked Sendable {
  private let record: UnsafeMutablePointer<PollRecord>

  var read: PollSide { unsafe PollSide(sides) }
  var write: PollSide { unsafe PollSide(sides + 1) }

  private var sides: UnsafeMutablePointer<PollSideRecord> {
    unsafe (UnsafeMutableRawPointer(record) + Self.sidesOffset).assumingMemoryBound(to: PollSideRecord.self)
  }

  private static var sidesOffset: Int {
    let alignment = MemoryLayout<PollSideRecord>.alignment
    return (MemoryLayout<PollRecord>.size + alignment - 1) / alignment * alignment
  }

  /// Record and sides in one piece of memory.
  private static func allocate() -> UnsafeMutablePointer<PollRecord> {
    let side = MemoryLayout<PollSideRecord>.self
    let memory = UnsafeMutableRawPointer.allocate(
      byteCount: sidesOffset + 2 * side.stride,
      alignment: max(MemoryLayout<PollRecord>.alignment, side.alignment))
    let sides = unsafe (memory + sidesOffset).bindMemory(to: PollSideRecord.self, capacity: 2)
    for index in 0..<2 { unsafe (sides + index).initialize(to: PollSideRecord()) }
    let record = unsafe memory.bindMemory(to: PollRecord.self, capacity: 1)
    unsafe record.initialize(to: PollRecord())
    return unsafe record
  }

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
      unsafe record = Self.allocate()
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

  /// The deadline of a side; nil: none.
  func deadline(_ direction: Pollable.Direction) -> Deadline? {
    lock.lock()
    defer { lock.unlock() }
    let ticks = side(direction).deadline
    return ticks == 0 ? nil : Deadline(ticks: ticks)
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
