// The poll descriptor: where Gs wait for one socket.
//
// §1 Each direction has one word, which is in one of four states:
//     nothing       no news, and nobody waits
//     ready         there was news since the last wait; the next wait returns at once
//     announced G   G is about to park: it is not yet off its stack
//     parked G      G is parked
//
//     waiter:   ready → nothing (return)        nothing → announced, then park; the commit, off the stack, is
//               announced → parked, or, if somebody changed the word meanwhile, no park at all. After waking: §2
//     poller:   nothing → ready      announced → ready (the waiter finds it at its commit)      parked → ready, and
//               makes G ready
//     closer,   first set their flag; then do as the poller, with `nothing` in place of `ready`. The waiter reads the
//     timer:    flag after it announced itself, and again after it woke
// All changes are by compare-and-swap, sequentially consistent where flag and word must be ordered. So a G is taken out
// exactly once. No news is lost between the failed system call and the park: edge-triggered epoll reports whatever
// happens after that call, and the word then stays `ready`.
//
// §2 One waiter after the other. A G that was taken out of the word goes on (runs again) some time later, and the next
// waiter need not wait for that: a cancelled scope is over as soon as its flag is set, though its Gs have not gone on
// yet. So the word names its G, and a G that goes on takes only itself out of the word, or news. If its scope is
// cancelled by then, the news is not for this G: it puts the news back, and makes the G ready that waits there now. A G
// that goes on looks at its scope last of all. If it then sees no cancellation, it keeps the news. A G that begins to
// wait after a later cancellation also begins after that look, and its own system call, before the wait, finds in the
// socket what the news told. A G that is about to wait and finds another G in the word looks at its own scope. If its
// own scope was cancelled, the other G came later, and this G leaves. Otherwise it takes the other's place in the word.
// If the other has only announced itself, the other notices that at its commit, and tries again. If the other was
// parked, it is noted as displaced, and made ready. Suppose a displaced G was not cancelled, and its descriptor is
// neither closed nor past its deadline: then two Gs wait for one direction at once, and the process ends with a
// message. Each G asks only its own scope, because the other's scope may be gone. A G that goes on and finds another G
// in the word need not have been displaced: a late canceller may have taken this G out of the word, for nothing, before
// the other came.
//
// §3 What would break it. An announcement without a name: a commit would take another's announcement for its own, and
// that other G would sleep without standing in the word. Storing `nothing` after waking: it wipes out a waiter that
// came meanwhile, which then hangs beside its data. Keeping news that one does not use: the next G waits for news that
// was told already. Ending the process at the sight of another, or taking its place without a look at one's own scope:
// one of the two may be on its way out. PollModel has all of it.
//
// Source: Go's netpoll.go (pollDesc, netpollblock, netpollunblock).
import CMPG
import Region
import Synchronization

/// One direction of a poll descriptor.
struct PollSideRecord: ~Copyable {
  /// The word of §1. 0: nothing; 1: ready; else (a G's slot + 1) × 2, and 1 more once the G is parked.
  let state = Atomic<UInt64>(0)
  let expired = Atomic<Bool>(false)
  /// The G that was displaced last and has not noticed it yet: slot + 1; 0: none.
  let displaced = Atomic<UInt32>(0)
  // MARK: under the descriptor's lock
  /// The deadline of this direction, in ticks; 0: there is none.
  var deadline: UInt64 = 0
  /// When this direction's timer will check the deadline, in ticks; 0: there is no timer. A later deadline
  /// needs no new timer. Written under the lock; read also by whoever sweeps a heap of timers.
  let armed = Atomic<UInt64>(0)
  /// The P whose heap has this direction's timer.
  var armedOn: P?
}

/// The record that the two directions of a poll descriptor share. Their own records lie behind this one in
/// memory.
struct PollRecord: ~Copyable {
  let closed = Atomic<Bool>(false)
  /// Counts how often the record was reused; 16 bits of it travel in the tag.
  let generation = Atomic<UInt32>(1)
  let lock = Lock()
  var nextFree: PollDescriptor?
  /// The fd that io_uring watches for this descriptor, or −1. Under the lock on the submission ring (Uring §3).
  var watched: Int32 = -1
  /// The completion port's registration of this descriptor. Written by `register` only.
  var watch: PortWatch?
}

/// A handle to one direction of a poll descriptor: a *side*.
///
/// Safe because: records of poll descriptors are reused but never freed.
@safe struct PollSide {
  private let record: UnsafeMutablePointer<PollSideRecord>

  init(_ record: UnsafeMutablePointer<PollSideRecord>) { unsafe self.record = record }

  /// The side that `number` names; nil if `number` is 0. Records are never freed, so an old number does no
  /// harm.
  init?(number: UInt) {
    guard let record = unsafe UnsafeMutablePointer<PollSideRecord>(bitPattern: number) else { return nil }
    unsafe self.record = unsafe record
  }

  var number: UInt { unsafe UInt(bitPattern: record) }

  private static let nothing: UInt64 = 0
  private static let ready: UInt64 = 1
  private static func announced(_ g: G) -> UInt64 { UInt64(g.link) << 1 }
  private static func parked(_ g: G) -> UInt64 { UInt64(g.link) << 1 | 1 }
  /// The G that `state`, the word of a side, names, whether the G is parked or announced.
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

  /// Notes the timer that checks this side from now on, in place of an older one. The caller puts the timer into its
  /// heap afterwards, under the heap's lock. So whoever finds a timer there other than the one noted here may drop that
  /// timer.
  func arm(at ticks: UInt64, on p: P) {
    disarm(isLeft: true)
    unsafe record.pointee.armed.store(ticks, ordering: .relaxed)
    unsafe record.pointee.armedOn = p
  }

  /// Notes that this side has no timer any more: the timer fired; or (`isLeft`) it was replaced or given up, and stays
  /// in its heap.
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

  /// The outcome of an announcement (§1).
  enum Announcement {
    /// There was news already, and the G has consumed it: no need to wait.
    case news
    /// The word now names the G. `displacing`: the G that was parked there; the caller must make it ready
    /// (§2).
    case made(displacing: G?)
    /// The G was cancelled, and the word names another G: the G must not wait here any more.
    case tooLate
  }

  /// Announces in the descriptor's word that `g` is about to wait. If the word names another G, `g` takes its place, unless
  /// `isCancelled` says that the scope of `g` was cancelled: then the other G came later, and `g` must not wait.
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
      unsafe record.pointee.displaced.store(other.link, ordering: .releasing)  // before `other` is readied
      return .made(displacing: other)
    }
  }

  /// Marks `g`, which has left its stack, as parked, so that others can find it. False when `g` must not
  /// park.
  func commit(_ g: G) -> Bool { change(Self.announced(g), Self.parked(g)) }

  /// The reason why a waiter goes on.
  enum Ending {
    case news
    /// The G was woken for another reason, or did not park at all.
    case noNews
    /// Another G has taken this G's place in the word while it was parked.
    case displaced
  }

  /// Takes `g`, which goes on now, out of the word, or takes the news out if there is news. Returns why `g`
  /// goes on.
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

  /// Whether `g` was displaced after it was announced. Clears the note.
  private func takeNote(of g: G) -> Bool {
    guard unsafe record.pointee.displaced.load(ordering: .acquiring) == g.link else { return false }
    return unsafe record.pointee.displaced.compareExchange(
      expected: g.link, desired: 0, ordering: .relaxed
    ).exchanged
  }

  /// The G that the side's state word names, if any. Another thread may change the word right after this read, so use
  /// the G only in the text of a message.
  var owner: G? { Self.g(in: state) }

  /// Ends the wait of the G that is parked on this side, and returns this G, which the caller must make ready; nil: no
  /// G is parked here. If `ready` is true, there is news, and the side becomes ready; if it is false, a deadline, a
  /// close or a cancellation ends the wait.
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

  /// Allocates record and sides in one piece of memory.
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
  /// Marks the descriptor as closed; false when it was closed already.
  func close() -> Bool { unsafe !record.pointee.closed.exchange(true, ordering: .sequentiallyConsistent) }

  var watched: Int32 {
    get { unsafe record.pointee.watched }
    nonmutating set { unsafe record.pointee.watched = newValue }
  }

  /// The completion port's registration, while there is one (IOCP.swift).
  var watch: PortWatch? {
    get { unsafe record.pointee.watch }
    nonmutating set { unsafe record.pointee.watch = newValue }
  }

  var generation: UInt32 { unsafe record.pointee.generation.load(ordering: .acquiring) }

  // MARK: names that travel

  /// The name of a descriptor in the kernel's events: the address in the low 48 bits, the low 16 bits of the
  /// generation above them.
  var tag: UInt64 { UInt64(address) | UInt64(generation & 0xffff) << 48 }
  private var address: UInt { unsafe UInt(bitPattern: record) }

  /// The descriptor that `tag` names; nil when the descriptor was reused since.
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

  /// A fresh descriptor, new or reused.
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

  /// Gives the descriptor back for reuse; old events and timers will not find it any more. It must be
  /// unregistered, and no G may wait in it.
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

  /// Sets or clears (`ticks` = 0) a deadline. Returns the G to make ready when the deadline has passed already. Adds a
  /// timer to `p` only if no timer would check in time: so moving a deadline later, as every request does, costs only a
  /// store.
  func setDeadline(_ ticks: UInt64, _ direction: Pollable.Direction, on p: P) -> G? {
    let side = side(direction)
    lock.lock()
    defer { lock.unlock() }
    side.deadline = ticks
    side.setExpired(false)
    guard ticks != 0 else { return nil }
    if ticks <= Clock.paced {
      side.setExpired(true)
      return side.unblock(ready: false)
    }
    if side.armed == 0 || ticks < side.armed { arm(direction, at: ticks, on: p) }
    return nil
  }

  /// The deadline for `direction`; nil: none.
  func deadline(_ direction: Pollable.Direction) -> Deadline? {
    lock.lock()
    defer { lock.unlock() }
    let ticks = side(direction).deadline
    return ticks == 0 ? nil : Deadline(ticks: ticks)
  }

  /// Checks the deadline, because a timer of this side went off. Returns the G to make ready when the deadline has
  /// passed.
  func deadlineFired(_ direction: Pollable.Direction, _ timer: Timer, on p: P) -> G? {
    let side = side(direction)
    lock.lock()
    defer { lock.unlock() }
    // If generation or moment differ, the timer was replaced by an earlier one, or the descriptor was reused.
    guard generation == timer.generation, side.armed == timer.when else { return nil }
    side.disarm(isLeft: false)
    guard side.deadline != 0 else { return nil }
    guard side.deadline <= Clock.paced else {
      arm(direction, at: side.deadline, on: p)
      return nil
    }
    side.setExpired(true)
    return side.unblock(ready: false)
  }

  /// Whether `timer` is stale: this side has another timer by now, or none, or the descriptor was reused. Call under
  /// the lock of the timer's heap.
  func hasNo(_ timer: Timer, for direction: Pollable.Direction) -> Bool {
    generation != timer.generation || side(direction).armed != timer.when
  }

  /// Adds a timer for this side to `p`. Call under the descriptor's lock.
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
