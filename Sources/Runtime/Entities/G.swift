// G: a goroutine. Its public half is a slot of the region's G table; this is the private half, at the same index.
import CMPG
import Region

/// What only the runtime needs of a G. Lives in a table that never moves and is never unmapped.
@safe struct GRecord {
  // MARK: owner: the M that runs the G, or whoever makes its next move
  var fiber = unsafe mpg_fiber()
  /// What it shall run; nil once it has begun.
  var body: (() throws -> Void)?
  /// The lowest address of its stack; nil until it first runs: a G that waits for its first turn needs none.
  var stack: UnsafeMutableRawPointer?
  /// Where a channel moves a value to or from while the G is parked in it.
  var element: UnsafeMutableRawPointer?
  /// Whether the operation that it was parked in was carried out (and not ended by a close or a deadline).
  var granted = false

  // MARK: owner: the queue that holds the G
  /// The G behind it in a `GQueue`: slot + 1; 0: none.
  var next: UInt32 = 0

  init() {}
}

/// A G, by its slot in the tables. Copying it copies nothing but the number.
struct G: Equatable {
  let slot: UInt32

  @inline(__always)
  init(slot: UInt32) { self.slot = slot }

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

  /// The public half.
  @inline(__always)
  var shared: Block<GField> {
    unsafe Block(at: gBlocks.unsafelyUnwrapped + Int(slot) &* (GField.stride &* 8))
  }

  @inline(__always)
  var id: UInt64 { shared[.id].relaxed }

  @inline(__always)
  var status: GStatus { GStatus(word: shared[.status].relaxed) }

  @inline(__always)
  var next: UInt32 {
    get { unsafe record.pointee.next }
    nonmutating set { unsafe record.pointee.next = newValue }
  }

  @inline(__always)
  var granted: Bool {
    get { unsafe record.pointee.granted }
    nonmutating set { unsafe record.pointee.granted = newValue }
  }
}
