// The runtime's own lock: it spins a little, then sleeps on a futex. It blocks the thread, so code holds it for a few
// instructions only, and never across a park (a park may release it: see `Commit`).
import CMPG
import Synchronization

/// A mutual exclusion lock for threads. A handle to a cell on a cache line of its own.
///
/// Safe because: `init` allocates the cell and `free()` frees it; the owner calls `free()` when no thread can reach the
/// lock any more.
@safe struct Lock: @unchecked Sendable {
  /// 0: free; 1: held; 2: held, and a thread may sleep on it.
  private let cell: UnsafeMutablePointer<Atomic<UInt32>>

  private static let line = 64
  /// The offset in the cell's line at which the address of the allocation is kept; `free` needs that address.
  private static let home = 8

  /// Makes a free lock, in a cache line that it cuts out of a larger piece of memory. An aligned allocation would be
  /// slower: malloc makes one only on its slow path, and leaves behind the pieces that it cuts off, which slow that
  /// path further.
  init() {
    let piece = UnsafeMutableRawPointer.allocate(byteCount: 2 * Self.line - 16, alignment: 16)
    let start = unsafe piece.alignedUp(toMultipleOf: Self.line)
    unsafe start.storeBytes(of: piece, toByteOffset: Self.home, as: UnsafeMutableRawPointer.self)
    unsafe cell = start.bindMemory(to: Atomic<UInt32>.self, capacity: 1)
    unsafe cell.initialize(to: Atomic(0))
  }

  /// The address of the cell. It fits into one machine word, which can stand for the lock; `init(at:)` makes the lock
  /// from it again.
  var address: UnsafeRawPointer { unsafe UnsafeRawPointer(cell) }

  /// The lock with this `address`.
  init(at address: UnsafeRawPointer) {
    unsafe cell = UnsafeMutableRawPointer(mutating: address).assumingMemoryBound(to: Atomic<UInt32>.self)
  }

  func free() {
    unsafe UnsafeMutableRawPointer(cell).load(fromByteOffset: Self.home, as: UnsafeMutableRawPointer.self)
      .deallocate()
  }

  @inline(__always)
  func lock() {
    // acquire: pairs with the release in `unlock`
    let taken = unsafe cell.pointee.compareExchange(expected: 0, desired: 1, ordering: .acquiring)
    if !taken.exchanged { lockSlow() }
  }

  /// Takes the lock if it is free. True if it did.
  @inline(__always)
  func tryLock() -> Bool {
    unsafe cell.pointee.compareExchange(expected: 0, desired: 1, ordering: .acquiring).exchanged
  }

  @inline(never)
  private func lockSlow() {
    for _ in 0..<40 {
      for _ in 0..<10 { mpg_relax() }
      guard unsafe cell.pointee.load(ordering: .relaxed) == 0 else { continue }
      if unsafe cell.pointee.compareExchange(expected: 0, desired: 1, ordering: .acquiring).exchanged {
        return
      }
    }
    // From here on the word says 2 while this thread holds the lock: it cannot know whether another thread sleeps.
    while unsafe cell.pointee.exchange(2, ordering: .acquiring) != 0 {
      unsafe _ = mpg_futex_wait(cell, 2, -1)
    }
  }

  @inline(__always)
  func unlock() {
    // release: pairs with the acquire in `lock`
    if unsafe cell.pointee.exchange(0, ordering: .releasing) == 2 { unsafe mpg_futex_wake(cell, 1) }
  }
}
