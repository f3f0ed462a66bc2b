// Wait queues: Gs stand in line for a channel, a mutex, a semaphore.
//
// Invariants:
//   • A waiter (a G's place in a queue) lies on the stack of the G that waits; stacks do not move. It is in one queue
//     at most, and all of it is touched only under that queue's lock.
//   • The G reads its waiter, or leaves the frame that holds it, only after the waiter was taken out of the queue: by
//     the side that ended the wait, or by the G itself, under the lock.
//   • If a G stands in one queue and nowhere else (`ticket` 0), the side that takes its waiter out may make it ready. A
//     G that several sides can make ready has a ticket: the side that takes its waiter out must also claim the wait.
import Region

/// A G's place in a wait queue: a waiter.
@safe struct WaiterRecord {
  let g: G
  /// The ticket of a wait that other sides may end as well; 0: only this queue can end it.
  let ticket: UInt32
  /// The number that a claim hands to the G, so that the G knows through which of its waiters its wait ended
  /// (`Outcome.place`).
  let place: UInt32
  /// Memory for one element. When the G sends, a channel takes the element from here; when the G receives, a channel
  /// puts it here. Initialized if the element is to be sent.
  let element: UnsafeMutableRawPointer?
  /// A number that the owner of the queue needs: how many permits the G wants, or since when it waits, in
  /// ticks.
  var amount: UInt64 = 0
  /// Whether the G got what it waited for; false when a close, a deadline or a cancellation ended the wait.
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
/// Safe because: only the G on whose stack it lies uses it, and, while it is in a queue, that queue's owner.
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

  /// Whether another side has ended the wait, though the waiter has not left the queue yet. Once true, it stays true.
  fileprivate var isOver: Bool {
    let ticket = unsafe record.pointee.ticket
    return ticket != 0 && g.wait.isOver(ticket)
  }

  /// Claims the wait for the caller, which has taken the waiter out of its queue. False: another side has ended the
  /// wait.
  @inline(__always)
  fileprivate var isClaimed: Bool {
    let ticket = unsafe record.pointee.ticket
    return ticket == 0 || g.wait.claim(ticket, .place(unsafe record.pointee.place)) == .parked
  }
}

/// A queue of waiters, first in, first out. The owner must hold the lock that guards it.
struct WaitQueue {
  private(set) var first: Waiter?
  private var last: Waiter?

  /// Whether no waiter is in the queue. A waiter that is in it may have a wait that is over (`firstWaiting`).
  @inline(__always)
  var isEmpty: Bool { first == nil }

  /// The first waiter that still waits. Takes out the waiters before it, whose waits another side has ended: they do
  /// not count, however long their Gs take to leave.
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

  /// Puts the waiter before all others, because it has waited already.
  mutating func prepend(_ waiter: Waiter) {
    waiter.isQueued = true
    waiter.next = first
    waiter.previous = nil
    if let first { first.previous = waiter } else { last = waiter }
    first = waiter
  }

  /// Takes out a waiter that may be in this queue. True if it was.
  @discardableResult
  mutating func remove(_ waiter: Waiter) -> Bool {
    guard waiter.isQueued else { return false }
    waiter.isQueued = false
    if let next = waiter.next { next.previous = waiter.previous } else { last = waiter.previous }
    if let previous = waiter.previous { previous.next = waiter.next } else { first = waiter.next }
    return true
  }

  /// Takes out the first waiter and ends its wait; only the caller may make that G ready from here on. nil if another
  /// side has ended that wait already.
  @inline(__always)
  mutating func claimFirst() -> Waiter? {
    guard let waiter = first else { return nil }
    first = waiter.next
    if let next = waiter.next { next.previous = nil } else { last = nil }
    waiter.isQueued = false
    return waiter.isClaimed ? waiter : nil
  }

  /// Takes out the first waiter whose wait the caller can end, and the waiters before it; nil: there is none.
  @inline(__always)
  mutating func popFirst() -> Waiter? {
    while first != nil {
      if let waiter = claimFirst() { return waiter }
    }
    return nil
  }
}
