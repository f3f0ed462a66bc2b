// G: a goroutine. Its public half is a slot of the region's G table; this is the private half, at the same index.
import CMPG
import Region
import Synchronization

/// What only the runtime needs of a G. Lives in a table that never moves and is never unmapped.
///
/// Two cache lines, the table being aligned: the first has all that a switch or a queue touches, so that going round many
/// Gs costs one line each here. `MemoryTests` holds it to that.
@safe struct GRecord: ~Copyable {
  // MARK: the first line. Owner: the M that runs the G, or whoever makes its next move
  var fiber = unsafe mpg_fiber()
  /// The M whose thread it may not leave, because it runs a job (Home.swift); nil: it runs anywhere.
  var home: M?
  /// The lowest address of its stack; nil until it first runs: a G that waits for its first turn needs none.
  var stack: UnsafeMutableRawPointer?
  /// The wait that several sides may end; see Claim.swift. Any thread, atomic.
  let wait = Atomic<UInt64>(0)
  /// The G behind it in a `GQueue`: slot + 1; 0: none. Owner: the queue that holds the G.
  var next: UInt32 = 0
  /// The M whose thread it keeps while it stands still (Preempt §2, §8): id + 1; 0: none.
  fileprivate var keeper: UInt32 = 0

  // MARK: the second line
  /// What it shall run; nil once it has begun.
  var body: (() throws -> Void)?
  /// The job of a Swift `Task` that it shall run instead, in one piece; nil once it has begun. See Executor.swift.
  var job: UnownedJob?
  /// What may cancel it; nil: nothing.
  var scope: Cancellation?
  /// The side of a poll descriptor in which it waits, as a number, while it may be cancelled; 0: none. Any thread, atomic.
  let pollSide = Atomic<UInt>(0)
  /// Its neighbours among the Gs of the scope: slot + 1; 0: none. Under the lock of `scope`.
  var nextMember: UInt32 = 0
  var previousMember: UInt32 = 0
  /// The span to which it belongs; see Span.swift.
  var span = GSpan.none

  init() {}
}

/// A G, by its slot in the tables. Copying it copies nothing but the number.
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

  /// The public half.
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

  /// Whether it keeps a thread, which alone can go on with it: it was stopped by the signal, or stands at the border.
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

  /// Keeps the running G on this thread until it ends: see Home.swift.
  func makeHome(_ m: M) { unsafe record.pointee.home = m }

  @inline(__always)
  var wait: WaitWord { unsafe WaitWord(of: record) }

  /// Has both halves brought near: its turn comes soon, and where many take turns they have gone cold.
  @inline(__always)
  func prefetch() {
    unsafe mpg_prefetch(record)
    unsafe mpg_prefetch(block)
  }

  /// Has the top of its stack brought near while its start is accounted for. Two lines: the registers, and what it returns
  /// to.
  @inline(__always)
  func prefetchStack() {
    guard let top = unsafe record.pointee.fiber.sp else { return }
    unsafe mpg_prefetch(top)
    unsafe mpg_prefetch(top + 64)
  }

  /// Says where a wait that may be cancelled can be found.
  func setPollSide(_ side: PollSide?) {
    unsafe record.pointee.pollSide.store(side?.number ?? 0, ordering: .sequentiallyConsistent)
  }
}
