// The runtime's own lock: spins a little, then sleeps on a futex. It blocks the thread, so it is held for a few
// instructions only, and never across a park (a park may release it: see `Commit`).
import CMPG
import Synchronization

/// A mutual exclusion lock of threads. A handle to a cell of its own cache line.
///
/// Safe because: the cell is allocated by `init` and freed by `free()`, which its owner calls when nobody can
/// reach the lock any more.
@safe struct Lock: @unchecked Sendable {
  /// 0 free · 1 held · 2 held, and someone may sleep.
  private let cell: UnsafeMutablePointer<Atomic<UInt32>>

  init() {
    let memory = UnsafeMutableRawPointer.allocate(byteCount: 64, alignment: 64)
    unsafe cell = memory.bindMemory(to: Atomic<UInt32>.self, capacity: 1)
    unsafe cell.initialize(to: Atomic(0))
  }

  func free() { unsafe UnsafeMutableRawPointer(cell).deallocate() }

  @inline(__always)
  func lock() {
    // acquire: pairs with the release in `unlock`
    let taken = unsafe cell.pointee.compareExchange(expected: 0, desired: 1, ordering: .acquiring)
    if !taken.exchanged { lockSlow() }
  }

  /// Takes it if it is free; whether it did.
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
    // From here on the word says 2 while we hold it: we cannot know that nobody else sleeps.
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
