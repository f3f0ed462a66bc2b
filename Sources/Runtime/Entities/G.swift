// G: a goroutine. Its public half is a slot of the region's G table; its private half is here, at the same index.
import CMPG
import Region
import Synchronization

/// The private half of a G: what only the runtime needs. It lies in a table that never moves and is never unmapped.
///
/// It takes two cache lines (the table is aligned). The first line holds all that a switch or a queue touches, so
/// cycling through many Gs costs one line per G in this table. `MemoryTests` checks the layout.
@safe struct GRecord: ~Copyable {
  // MARK: the first line. Owner: the M that runs the G, or whoever makes the G's next move
  var fiber = unsafe mpg_fiber()
  /// The only M whose thread may run this G, because the G runs a Swift job (Home.swift); nil: any M may.
  var home: M?
  /// The lowest address of the G's stack; nil until the G first runs, because a G that has not started needs no stack; and nil
  /// while the G rests (Rest.swift).
  var stack: UnsafeMutableRawPointer?
  /// The wait word: several parties may try to end the wait, and one of them wins; see Claim.swift. Atomic;
  /// any thread may use it.
  let wait = Atomic<UInt64>(0)
  /// The next G in the `GQueue` that holds this one: slot + 1; 0: none. Owner: that queue.
  var next: UInt32 = 0
  /// The M whose thread stands still inside this stopped G (Preempt §2, §8): id + 1; 0: none.
  fileprivate var keeper: UInt32 = 0

  // MARK: the second line
  /// The closure that the G runs; nil once it has begun. Of a G that runs: what it does next instead of ending (Rest.swift).
  var body: (() throws -> Void)?
  /// The job of a Swift `Task` that the G runs instead of `body`, in one piece; nil once it has begun. See
  /// Executor.swift.
  var job: UnownedJob?
  /// The scope that can cancel the G; nil: none can.
  var scope: Cancellation?
  /// The number of the `PollSide` at which the G waits, if a cancellation may end that wait; 0: there is
  /// none. Atomic; any thread may use it.
  let pollSide = Atomic<UInt>(0)
  /// The G's neighbours in its scope's list: slot + 1; 0: none. Guarded by the lock of `scope`.
  var nextMember: UInt32 = 0
  var previousMember: UInt32 = 0
  /// The span to which the G belongs; see Span.swift.
  var span = GSpan.none

  init() {}
}

/// A handle to a G: its slot in the tables. A copy refers to the same G.
package struct G: Equatable {
  let slot: UInt32

  @inline(__always)
  package init(slot: UInt32) { self.slot = slot }

  /// Slot + 1, for words in which 0 means none.
  @inline(__always)
  var link: UInt32 { slot &+ 1 }

  @inline(__always)
  init?(link: UInt32) {
    guard link != 0 else { return nil }
    slot = link &- 1
  }

  @inline(__always)
  var record: UnsafeMutablePointer<GRecord> { unsafe gRecords.unsafelyUnwrapped + Int(slot) }

  @inline(__always)
  private var block: UnsafeMutableRawPointer {
    unsafe gBlocks.unsafelyUnwrapped + Int(slot) &* (GField.stride &* 8)
  }

  /// The public half: a slot of the region's G table.
  @inline(__always)
  var shared: Block<GField> { unsafe Block(at: block) }

  @inline(__always)
  var id: UInt64 { shared[.id].relaxed }

  @inline(__always)
  var status: GStatus { GStatus(word: shared[.status].relaxed) }

  @inline(__always)
  var next: UInt32 {
    get { unsafe record.pointee.next }
    nonmutating set { unsafe record.pointee.next = newValue }
  }

  /// Whether a thread stands still inside this G (stopped by the signal, or at the border). Only that thread can go on
  /// with it.
  @inline(__always)
  var hasKeeper: Bool { unsafe record.pointee.keeper != 0 }

  var keeper: M? {
    get { unsafe record.pointee.keeper == 0 ? nil : sched.m(Int(record.pointee.keeper) - 1) }
    nonmutating set { unsafe record.pointee.keeper = newValue.map { UInt32($0.id + 1) } ?? 0 }
  }

  @inline(__always)
  var span: GSpan {
    get { unsafe record.pointee.span }
    nonmutating set { unsafe record.pointee.span = newValue }
  }

  @inline(__always)
  var home: M? { unsafe record.pointee.home }

  /// Keeps the running G on the thread of `m` until the G ends: see Home.swift.
  func makeHome(_ m: M) { unsafe record.pointee.home = m }

  @inline(__always)
  var wait: WaitWord { unsafe WaitWord(of: record) }

  /// Prefetches both halves of the G, the public and the private one, into the CPU's cache. The G runs soon, and among
  /// many Gs its lines have gone cold.
  @inline(__always)
  func prefetch() {
    unsafe mpg_prefetch(record)
    unsafe mpg_prefetch(block)
  }

  /// Prefetches the top of the G's stack while the caller accounts for the start. The top is two cache lines: the saved
  /// registers, and the frame to which the switch returns.
  @inline(__always)
  func prefetchStack() {
    guard let top = unsafe record.pointee.fiber.sp else { return }
    unsafe mpg_prefetch(top)
    unsafe mpg_prefetch(top + 64)
  }

  /// Publishes the `PollSide` at which the G waits, so that a canceller can end the wait; nil: the G waits at
  /// none.
  func setPollSide(_ side: PollSide?) {
    unsafe record.pointee.pollSide.store(side?.number ?? 0, ordering: .sequentiallyConsistent)
  }
}
