// Wait queues: who stands in line for a channel, a mutex, a semaphore.
//
// Invariants:
//   • A place in a queue, a waiter, lies on the stack of the G that waits; stacks do not move. It is in one queue at
//     most, and all of it is touched under that queue's lock alone.
//   • The G looks at its waiter, or leaves the frame that it lies in, only after it was taken out of the queue: by
//     whoever ended the wait, or by itself, under the lock.
//   • A G that stands in one queue and nowhere else (`ticket` 0) belongs to whoever takes its waiter out. One that can
//     be woken from several sides has a ticket: taking the waiter out is not enough, the wait must be claimed (Claim).
import Region

/// A place in a wait queue.
@safe struct WaiterRecord {
  let g: G
  /// The ticket of a wait that others may end as well; 0: only this queue can.
  let ticket: UInt32
  /// What the claim says to the G: which of its places it was (`Outcome.place`).
  let place: UInt32
  /// Where a channel moves the value to or from: memory for one element, initialized if it is to be sent.
  let element: UnsafeMutableRawPointer?
  /// What the owner of the queue needs to know: permits wanted, or ticks since when.
  var amount: UInt64 = 0
  /// Whether what it waited for was done, and not ended by a close, a deadline or a cancellation.
  var granted = false
  fileprivate var isQueued = false
  fileprivate var next: Waiter?
  fileprivate var previous: Waiter?

  init(_ g: G, ticket: UInt32 = 0, amount: UInt64 = 0) {
    unsafe self.init(g, ticket: ticket, element: nil)
    self.amount = amount
  }

  @inline(__always)
  init(_ g: G, ticket: UInt32 = 0, place: UInt32 = 0, element: UnsafeMutableRawPointer?) {
    self.g = g
    self.ticket = ticket
    self.place = place
    unsafe self.element = element
  }
}

/// A handle to a waiter.
///
/// Safe because: it is used by the G on whose stack it points, and by the owner of the queue while it is in there.
@safe struct Waiter: Equatable {
  private let record: UnsafeMutablePointer<WaiterRecord>

  @inline(__always)
  init(_ record: UnsafeMutablePointer<WaiterRecord>) { unsafe self.record = record }

  static func == (a: Waiter, b: Waiter) -> Bool { unsafe a.record == b.record }

  @inline(__always) var g: G { unsafe record.pointee.g }
  @inline(__always) var element: UnsafeMutableRawPointer { unsafe record.pointee.element.unsafelyUnwrapped }
  @inline(__always)
  var amount: UInt64 {
    get { unsafe record.pointee.amount }
    nonmutating set { unsafe record.pointee.amount = newValue }
  }
  @inline(__always)
  var granted: Bool {
    get { unsafe record.pointee.granted }
    nonmutating set { unsafe record.pointee.granted = newValue }
  }
  @inline(__always)
  fileprivate(set) var isQueued: Bool {
    get { unsafe record.pointee.isQueued }
    nonmutating set { unsafe record.pointee.isQueued = newValue }
  }
  @inline(__always)
  fileprivate var next: Waiter? {
    get { unsafe record.pointee.next }
    nonmutating set { unsafe record.pointee.next = newValue }
  }
  @inline(__always)
  fileprivate var previous: Waiter? {
    get { unsafe record.pointee.previous }
    nonmutating set { unsafe record.pointee.previous = newValue }
  }

  /// Whether its wait was ended from another side, though it has not left the queue yet. True for good.
  fileprivate var isOver: Bool {
    let ticket = unsafe record.pointee.ticket
    return ticket != 0 && g.wait.isOver(ticket)
  }

  /// Whether the caller, who has taken it out of its queue, may end the wait.
  @inline(__always)
  fileprivate var isClaimed: Bool {
    let ticket = unsafe record.pointee.ticket
    return ticket == 0 || g.wait.claim(ticket, .place(unsafe record.pointee.place)) == .parked
  }
}

/// Waiters, first in, first out. The owner holds the lock that guards it.
struct WaitQueue {
  private(set) var first: Waiter?
  private var last: Waiter?

  /// Whether there is no place in it; one in it may be of a wait that is over (`firstWaiting`).
  @inline(__always)
  var isEmpty: Bool { first == nil }

  /// The first that waits still. Those before it, whose waits were ended from another side, are taken out: they count for
  /// nothing, however long they take to leave.
  mutating func firstWaiting() -> Waiter? {
    while let waiter = first, waiter.isOver { remove(waiter) }
    return first
  }

  @inline(__always)
  mutating func append(_ waiter: Waiter) {
    waiter.isQueued = true
    waiter.next = nil
    waiter.previous = last
    if let last { last.next = waiter } else { first = waiter }
    last = waiter
  }

  /// Puts it before all others: it waited already.
  mutating func prepend(_ waiter: Waiter) {
    waiter.isQueued = true
    waiter.next = first
    waiter.previous = nil
    if let first { first.previous = waiter } else { last = waiter }
    first = waiter
  }

  /// Takes out a waiter that may be in here; whether it was.
  @discardableResult
  mutating func remove(_ waiter: Waiter) -> Bool {
    guard waiter.isQueued else { return false }
    waiter.isQueued = false
    if let next = waiter.next { next.previous = waiter.previous } else { last = waiter.previous }
    if let previous = waiter.previous { previous.next = waiter.next } else { first = waiter.next }
    return true
  }

  /// Takes out the first. nil if its wait was ended from another side; else the caller ends it, and from here on owns
  /// that G's next move.
  @inline(__always)
  mutating func claimFirst() -> Waiter? {
    guard let waiter = first else { return nil }
    first = waiter.next
    if let next = waiter.next { next.previous = nil } else { last = nil }
    waiter.isQueued = false
    return waiter.isClaimed ? waiter : nil
  }

  /// Takes out the first whose wait the caller can end, and those before it.
  @inline(__always)
  mutating func popFirst() -> Waiter? {
    while first != nil {
      if let waiter = claimFirst() { return waiter }
    }
    return nil
  }
}
