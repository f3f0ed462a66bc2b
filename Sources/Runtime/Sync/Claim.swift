// Claims: several sides may end the wait of one G, and exactly one does.
//
// §1 The problem. A G in `select` stands in the queues of several channels and in a heap of timers, and may be
// cancelled. The side that comes first must end the wait, and all other sides must find it ended. A timer may also come
// late, when the G waits for something else already, or when the G's slot belongs to another G. It must not end that
// other wait.
//
// §2 The design. Every slot of the G table has one word, which outlives the Gs that use the slot. It holds the number
// of the latest wait (the ticket), whether that wait can still be ended (open), whether the G is off its stack
// (parked), and how the wait was ended. A side that wants to end a wait (a claimer) names its ticket and closes the
// word by compare-and-swap. Only one side succeeds, and an old ticket never matches. Waits that only one side can end
// need none of this (WaitQueue).
//
// §3 The protocol.
//   waiter:   W1  open: ticket + 1, open
//             W2  lets claimers find it: timer, queues (whose locks it holds until W4)
//             W3  leaves its stack
//             W4  commit, on the scheduling stack: open → open and parked, by CAS; then releases the locks of W2. If
//                 the CAS fails, a claimer has ended the wait already, and the M makes the G ready itself
//             W5  awake again: takes its waiters out of every queue, under each lock
//   claimer:  C1  open with the ticket that it knows → closed, with the outcome, by CAS
//             C2  if the G was parked: makes it ready. If not: W4 will fail, so there is nothing to do
//   Channels claim under their lock, which the waiter holds until W4, so they find the wait parked or ended. Timers and
//   cancellation may come between W1 and W4.
//
// §4 What would break it. W4 without CAS: a claim between W1 and W4 is lost, and the G sleeps for ever. C2 without the
// look at `parked`: an M runs the G while it is still on its stack. No ticket: a late timer ends a later wait. W5
// without the locks: the frame with the waiters is freed while a claimer still uses it, or the list of locks is freed
// while W4 still reads it.
//
// A canceller finds a cancellable wait through its scope, not in a queue: see Cancellation §3.
import Synchronization

/// How a wait ended.
struct Outcome: Equatable {
  fileprivate let code: UInt32

  static let timedOut = Outcome(code: 0)
  static let cancelled = Outcome(code: 1)
  /// The outcome of a wait that the owner of a queue ended; the G stood in that queue with this number.
  @inline(__always)
  static func place(_ number: UInt32) -> Outcome { Outcome(code: number &+ 2) }

  /// The number of the place in the queue, for a wait that the queue's owner ended; nil: the wait timed out or was
  /// cancelled.
  var place: UInt32? { code >= 2 ? code - 2 : nil }
}

/// The outcome of a claim, for the claimer.
enum Claim {
  /// Another side has ended that wait, or the wait is long over.
  case lost
  /// The wait is over. The G is still on its stack and will notice at its commit; the claimer need do nothing.
  case ended
  /// The wait is over, and the claimer must make the G ready.
  case parked
}

/// A handle to the wait word of one G (§2).
///
/// Safe because: it lies in a G's record, which is never freed.
@safe struct WaitWord {
  /// The G's record. Its `wait` has: ticket 32 bits · outcome 29 bits · cancellable, parked, open: a bit each.
  private let record: UnsafeMutablePointer<GRecord>

  private static let open: UInt64 = 1
  private static let parked: UInt64 = 2
  private static let cancellable: UInt64 = 4

  @inline(__always)
  init(of record: UnsafeMutablePointer<GRecord>) { unsafe self.record = record }

  /// The number of the latest wait.
  var ticket: UInt32 { UInt32(truncatingIfNeeded: relaxed >> 32) }

  /// Makes the tickets of a record that was set up anew go on from `ticket`, so that no old ticket matches.
  func start(after ticket: UInt32) {
    unsafe record.pointee.wait.store(UInt64(ticket) << 32, ordering: .relaxed)
  }

  private var relaxed: UInt64 { unsafe record.pointee.wait.load(ordering: .relaxed) }

  @inline(__always)
  private func change(_ old: UInt64, _ new: UInt64) -> Bool {
    // acquire and release: claimer and waiter each see what the other wrote into the frame of the wait
    unsafe record.pointee.wait.compareExchange(expected: old, desired: new, ordering: .acquiringAndReleasing)
      .exchanged
  }

  // MARK: the waiter

  /// Opens a new wait (W1 of §3), and returns its ticket, never 0. Sequentially consistent if cancellable: see
  /// Cancellation §3.
  func open(cancellable: Bool = false) -> UInt32 {
    var ticket = UInt32(truncatingIfNeeded: relaxed >> 32) &+ 1
    if ticket == 0 { ticket = 1 }
    let new = UInt64(ticket) << 32 | Self.open | (cancellable ? Self.cancellable : 0)
    if cancellable {
      unsafe _ = record.pointee.wait.exchange(new, ordering: .sequentiallyConsistent)
    } else {
      unsafe record.pointee.wait.store(new, ordering: .releasing)
    }
    return ticket
  }

  /// Marks the G as parked (W4 of §3). Returns false if a claimer has ended the wait meanwhile.
  func commit() -> Bool {
    let old = relaxed
    return old & Self.open != 0 && change(old, old | Self.parked)
  }

  /// How the wait ended. Valid only after the wait has ended.
  var outcome: Outcome {
    Outcome(code: UInt32(truncatingIfNeeded: unsafe record.pointee.wait.load(ordering: .acquiring)) >> 3)
  }

  // MARK: the claimer

  /// Ends the wait with this ticket, unless it is over (C1 of §3).
  func claim(_ ticket: UInt32, _ outcome: Outcome) -> Claim {
    while true {
      let old = unsafe record.pointee.wait.load(ordering: .acquiring)
      guard old >> 32 == UInt64(ticket), old & Self.open != 0 else { return .lost }
      if change(old, UInt64(ticket) << 32 | UInt64(outcome.code) << 3) {
        return old & Self.parked != 0 ? .parked : .ended
      }
    }
  }

  /// Ends the current wait, whatever its ticket, if it is cancellable.
  func cancel() -> Claim {
    while true {
      // sequentially consistent: Cancellation §3
      let old = unsafe record.pointee.wait.load(ordering: .sequentiallyConsistent)
      guard old & Self.open != 0, old & Self.cancellable != 0 else { return .lost }
      if change(old, (old >> 32) << 32 | UInt64(Outcome.cancelled.code) << 3) {
        return old & Self.parked != 0 ? .parked : .ended
      }
    }
  }

  /// Whether the wait with this ticket is over. Any thread; once true, it stays true.
  func isOver(_ ticket: UInt32) -> Bool {
    let now = unsafe record.pointee.wait.load(ordering: .acquiring)
    return now >> 32 != UInt64(ticket) || now & Self.open == 0
  }
}

/// The locks that a parking G holds until it is off its stack: one lock, or an array of several.
///
/// Safe because: an array lies in memory that the waiting G has lent. The G takes that memory back only after it has
/// held each of the locks again (W5). A single lock is stored in the handle itself.
@safe struct HeldLocks {
  // The handle has two words and no more, because every park writes them.
  /// The address of an array of locks, or of a single lock; nil: no lock is held.
  private let address: UnsafeRawPointer?
  /// The number of locks in the array; 0: `address` is that of a single lock.
  private let count: Int

  static var none: HeldLocks { unsafe HeldLocks(nil, count: 0) }

  init(_ lock: Lock) {
    unsafe address = lock.address
    count = 0
  }

  init(_ locks: UnsafePointer<Lock>?, count: Int) {
    unsafe address = count == 0 ? nil : UnsafeRawPointer(locks)
    self.count = count
  }

  func unlock() {
    guard let address = unsafe address else { return }
    guard count > 0 else { return unsafe Lock(at: address).unlock() }
    let several = unsafe address.assumingMemoryBound(to: Lock.self)
    for index in 0..<count { unsafe several[index].unlock() }
  }
}
