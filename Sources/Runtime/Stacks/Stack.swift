// Stacks: address space in slabs, memory on touch, a guard below each.
//
// A stack is named by its lowest address. All of a process have one size, which is an option of the boot. Slabs are
// reserved without commitment and never in huge pages (one touched page would commit 2 MiB). Their addresses are kept
// for ever; what the gc thread gives back is the memory behind them, and their page tables.
//
// The size costs address space, and page tables: a page of them for each 2 MiB in which anything was touched, so 512
// bytes for a G with the default of 256 KiB, and 128 with 64 KiB. docs/performance.md has the numbers. The default has
// room for what Foundation's formatters and a debug build need; a stack that is too small ends the process.
//
// The guard. A function may have a frame of many KiB of which it touches only the low end. What is above is skipped, and a
// guard of one page with it: the function would write into the stack of another G, and nobody would know. C compilers can
// touch each page of a large frame in turn (`-fstack-clash-protection`, with which our own C is built); Swift 6.3 does
// not, nor does C of others. So the guard is a quarter of the stack and a page more, up to 2 MiB: 68 KiB of the default
// 256. A frame that is no larger cannot get past it. It costs no memory: the kernel keeps it as marks in page tables that
// the stack has anyway (MADV_GUARD_INSTALL; before Linux 6.13, mprotect, a mapping for each guard as a page would
// take). What it costs is address space inside the stack: there are 188 KiB to use; and 17 marks to set instead of one when a
// stack is first used, a tenth of what that takes anyway. Rejected: guards of 64 KiB *beside* the
// stacks, which keep all 256: stacks are then 320 KiB apart, and each parked G pays 128 bytes more of page tables, 2.6 %,
// for room that it does not touch; a larger share, which takes more than it protects; and 2 MiB is what one page of page
// tables spans, so a larger guard below a stack of 16 MiB would need another.
// Which goroutine overflowed is not a matter of the address that was hit: see Faults.swift.
//
// No function of ours that runs on a G's stack has a frame of kilobytes. Swift keeps a `withUnsafeTemporaryAllocation` of more
// than 1,024 bytes on the heap, *and*, where its size is a constant, takes as much of the stack (6.3.1): so ours are no
// larger. `scripts/stackframes.py` looks for large frames in the machine code.
import CMPG
import Region

enum StackSize {
  /// Bytes from one stack to the next, guard included: a power of two.
  @inline(__always) static var stride: Int { unsafe chosen }
  /// Set once, at boot.
  nonisolated(unsafe) private static var chosen = 256 * 1024
  /// Bytes of the guard at the low end: frames up to this size cannot get past it.
  @inline(__always) static var guardBytes: Int { unsafe chosenGuard }
  nonisolated(unsafe) private static var chosenGuard = 0
  /// What one page of page tables spans, where pages have 4 KiB.
  private static let mostGuard = 2 << 20
  /// Stacks in a slab: a group of a `SlotSet`. 2 MiB at least, so that a slab has its page tables for itself.
  static let slab = SlotSet.group
  /// Sizes that may be asked for, in KiB.
  static let range = 32...16_384

  /// At boot: the size, rounded up to a power of two.
  static func set(kibibytes: Int) {
    guard range.contains(kibibytes) else {
      fatal("stacks of \(kibibytes) KiB; they can have \(range.lowerBound) to \(range.upperBound)")
    }
    let page = SystemCall.pageBytes
    var size = max(range.lowerBound * 1024, 4 * page)
    while size < kibibytes * 1024 { size *= 2 }
    unsafe chosen = size
    unsafe chosenGuard = min(size / 4 + page, mostGuard)
  }
}

/// The free stacks of a P: addresses that only Context.swift and the gc thread look behind.
@safe struct StackCache {
  static let capacity = 32
  private let cells: UnsafeMutablePointer<UnsafeMutableRawPointer>
  private(set) var count = 0

  init() { unsafe cells = .allocate(capacity: Self.capacity) }

  @inline(__always)
  mutating func pop() -> UnsafeMutableRawPointer? {
    guard count > 0 else { return nil }
    count &-= 1
    return unsafe cells[count]
  }

  /// One of them, below `count`.
  subscript(index: Int) -> UnsafeMutableRawPointer { unsafe cells[index] }

  /// Throws out those for which `isKept` is false.
  mutating func keep(_ isKept: (Int, UnsafeMutableRawPointer) -> Bool) {
    var kept = 0
    for index in 0..<count where unsafe isKept(index, cells[index]) {
      unsafe cells[kept] = cells[index]
      kept += 1
    }
    count = kept
  }

  /// False when it is full.
  @inline(__always)
  mutating func push(_ stack: UnsafeMutableRawPointer) -> Bool {
    guard count < Self.capacity else { return false }
    unsafe cells[count] = stack
    count &+= 1
    return true
  }
}
