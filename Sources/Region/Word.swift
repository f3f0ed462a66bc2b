// A word: the unit of which the region consists. 64 bits, naturally aligned, always accessed atomically.
//
// Most words have one writer at a time (the M that holds the P, or the M itself) and any number of readers in any
// process. On such words `bump` and `set` compile to a plain load and store, without a locked instruction.
// Words that several threads write need `add` or `compareExchange`.
public import Synchronization

/// A handle to one 64-bit word of shared memory: copying the handle does not copy the word.
///
/// Safe because: `Block` makes the handles, and its bounds were checked; and the memory outlives every handle, since the
/// runtime never unmaps its region and a reader keeps its mapping while it reads.
@safe @frozen public struct Word {
  @usableFromInline let cell: UnsafeMutablePointer<Atomic<UInt64>>

  @inlinable @inline(__always)
  public init(at address: UnsafeMutableRawPointer) {
    unsafe cell = address.assumingMemoryBound(to: Atomic<UInt64>.self)
  }

  /// The value, loaded without ordering: for the word's only writer, and for counters.
  @inlinable @inline(__always)
  public var relaxed: UInt64 { unsafe cell.pointee.load(ordering: .relaxed) }

  /// The value, loaded with acquire: all that its writer wrote before it published the value is visible afterwards.
  @inlinable @inline(__always)
  public var acquired: UInt64 { unsafe cell.pointee.load(ordering: .acquiring) }

  /// The value, loaded in the single order of all sequentially consistent operations.
  @inlinable @inline(__always)
  public var ordered: UInt64 { unsafe cell.pointee.load(ordering: .sequentiallyConsistent) }

  /// Stores without ordering.
  @inlinable @inline(__always)
  public func set(_ value: UInt64) { unsafe cell.pointee.store(value, ordering: .relaxed) }

  /// Stores with release: pairs with `acquired`.
  @inlinable @inline(__always)
  public func publish(_ value: UInt64) { unsafe cell.pointee.store(value, ordering: .releasing) }

  /// Stores in the single order of all sequentially consistent operations (a full fence on x86).
  @inlinable @inline(__always)
  public func setOrdered(_ value: UInt64) {
    unsafe cell.pointee.store(value, ordering: .sequentiallyConsistent)
  }

  /// Adds without a locked instruction. Only for a word with a single writer: two would lose each other's additions.
  @inlinable @inline(__always)
  public func bump(by amount: UInt64 = 1) { set(relaxed &+ amount) }

  /// Adds one, like `bump`, and publishes with release: a thread that acquires the new value sees all that its writer wrote
  /// before.
  @inlinable @inline(__always)
  public func bumpPublished() { publish(relaxed &+ 1) }

  /// Adds a number that may be negative, with release. Only for a word with a single writer.
  @inlinable @inline(__always)
  public func shift(by change: Int) { publish(relaxed &+ UInt64(bitPattern: Int64(change))) }

  /// Adds atomically, for words that several threads write. Returns the new value.
  @inlinable @inline(__always) @discardableResult
  public func add(_ amount: UInt64) -> UInt64 {
    unsafe cell.pointee.wrappingAdd(amount, ordering: .sequentiallyConsistent).newValue
  }

  /// Subtracts atomically. Returns the new value.
  @inlinable @inline(__always) @discardableResult
  public func subtract(_ amount: UInt64) -> UInt64 {
    unsafe cell.pointee.wrappingSubtract(amount, ordering: .sequentiallyConsistent).newValue
  }

  /// Replaces `expected` by `desired`. When the word holds another value, it changes nothing and returns false.
  @inlinable @inline(__always)
  public func compareExchange(_ expected: UInt64, _ desired: UInt64) -> Bool {
    unsafe cell.pointee.compareExchange(
      expected: expected, desired: desired, ordering: .acquiringAndReleasing
    ).exchanged
  }

  /// Stores `value` and returns the value before, in the single order of all sequentially consistent operations.
  @inlinable @inline(__always)
  public func exchangeOrdered(_ value: UInt64) -> UInt64 {
    unsafe cell.pointee.exchange(value, ordering: .sequentiallyConsistent)
  }
}
