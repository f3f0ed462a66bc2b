// A word: the only unit of the region. 64 bits, naturally aligned, always accessed atomically.
//
// Most words have one writer (the M that holds the P, or the M itself) and any number of readers in any
// process. For those, `bump` and `set` are a plain load and store on the machine: no locked instruction.
// Only words that several threads write use `add` or `compareExchange`.
public import Synchronization

/// One 64-bit word of shared memory. A handle: copying it does not copy the word.
///
/// Safe because: handles are made by `Block`, which owns the bounds; the memory outlives every handle (the
/// runtime never unmaps its region; a reader keeps its mapping alive while it reads).
@safe @frozen public struct Word {
  @usableFromInline let cell: UnsafeMutablePointer<Atomic<UInt64>>

  @inlinable @inline(__always)
  public init(at address: UnsafeMutableRawPointer) {
    unsafe cell = address.assumingMemoryBound(to: Atomic<UInt64>.self)
  }

  /// The value, ordered with nothing: for the only writer, and for counters.
  @inlinable @inline(__always)
  public var relaxed: UInt64 { unsafe cell.pointee.load(ordering: .relaxed) }

  /// The value; what its writer published before it is visible after.
  @inlinable @inline(__always)
  public var acquired: UInt64 { unsafe cell.pointee.load(ordering: .acquiring) }

  /// The value, in the single order of all sequentially consistent operations.
  @inlinable @inline(__always)
  public var ordered: UInt64 { unsafe cell.pointee.load(ordering: .sequentiallyConsistent) }

  /// Writes without ordering.
  @inlinable @inline(__always)
  public func set(_ value: UInt64) { unsafe cell.pointee.store(value, ordering: .relaxed) }

  /// Writes with release: pairs with `acquired`.
  @inlinable @inline(__always)
  public func publish(_ value: UInt64) { unsafe cell.pointee.store(value, ordering: .releasing) }

  /// Writes in the single order of all sequentially consistent operations (a full fence on x86).
  @inlinable @inline(__always)
  public func setOrdered(_ value: UInt64) {
    unsafe cell.pointee.store(value, ordering: .sequentiallyConsistent)
  }

  /// Adds without a locked instruction. Only for a word with a single writer.
  @inlinable @inline(__always)
  public func bump(by amount: UInt64 = 1) { set(relaxed &+ amount) }

  /// Adds one, as `bump` does, with release: who has seen the new value sees all that its writer wrote before.
  @inlinable @inline(__always)
  public func bumpPublished() { publish(relaxed &+ 1) }

  /// Adds a number that may be negative, with release. Only for a word with a single writer.
  @inlinable @inline(__always)
  public func shift(by change: Int) { publish(relaxed &+ UInt64(bitPattern: Int64(change))) }

  /// Adds atomically: for words that several threads write. Returns the new value.
  @inlinable @inline(__always) @discardableResult
  public func add(_ amount: UInt64) -> UInt64 {
    unsafe cell.pointee.wrappingAdd(amount, ordering: .sequentiallyConsistent).newValue
  }

  /// Subtracts atomically. Returns the new value.
  @inlinable @inline(__always) @discardableResult
  public func subtract(_ amount: UInt64) -> UInt64 {
    unsafe cell.pointee.wrappingSubtract(amount, ordering: .sequentiallyConsistent).newValue
  }

  /// Replaces `expected` by `desired`; false, and no change, when the word held something else.
  @inlinable @inline(__always)
  public func compareExchange(_ expected: UInt64, _ desired: UInt64) -> Bool {
    unsafe cell.pointee.compareExchange(
      expected: expected, desired: desired, ordering: .acquiringAndReleasing
    ).exchanged
  }

  /// Writes `value` and returns what was there, in the single order of all sequentially consistent operations.
  @inlinable @inline(__always)
  public func exchangeOrdered(_ value: UInt64) -> UInt64 {
    unsafe cell.pointee.exchange(value, ordering: .sequentiallyConsistent)
  }
}
