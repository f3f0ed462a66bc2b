// Stacks: address space in slabs, memory committed on touch, a guard below each stack.
//
// A stack is named by its lowest address. All stacks of a process have one size, which is an option of the boot. Slabs
// are reserved without commitment and never in huge pages (one touched page would commit 2 MiB). Their addresses are
// kept for ever; the gc thread gives back only the memory behind them, and their page tables.
//
// The size costs address space and page tables. There is a page of page tables for each 2 MiB in which anything was
// touched: 512 bytes for a G with the default of 256 KiB, 128 with 64 KiB. docs/performance.md has the numbers. The
// default has room for what Foundation's formatters and a debug build need; a G that overflows its stack ends the
// process.
//
// The guard. A function may have a frame of many KiB of which it touches only the low end. Then it skips what lies
// above, and would skip a guard of one page as well: it would write into the stack of another G, unnoticed. C compilers
// can touch each page of a large frame in turn (`-fstack-clash-protection`; our own C is built with it). Swift 6.3 does
// not, nor does other people's C. So the guard is a quarter of the stack plus one page, up to 2 MiB: 68 KiB of the
// default 256. A frame that is no larger cannot skip it. The guard costs no memory: the kernel keeps it as marks in
// page tables that the stack has anyway (MADV_GUARD_INSTALL; before Linux 6.13 it is an mprotect, with one mapping for
// each guard, whatever its size). It costs address space inside the stack: 188 KiB are left to use. And it costs time:
// when a stack is first used there are 17 marks to set instead of one, which makes that first use a tenth slower.
// Rejected: guards of 64 KiB *beside* the stacks, which would leave all 256 to use. Stacks would then be 320 KiB apart,
// and each parked G would pay 128 bytes more of page tables, 2.6 % of its memory, for room that it does not touch. Also
// rejected: a larger share of the stack, which costs more than it protects; and more than 2 MiB, which is what one page
// of page tables spans, so that a larger guard below a stack of 16 MiB would need another page.
// The address that was hit does not say which goroutine overflowed: see Faults.swift.
//
// No function of ours that runs on a G's stack has a frame of kilobytes. Swift puts a `withUnsafeTemporaryAllocation`
// of more than 1,024 bytes on the heap, but where its size is a constant it *also* takes as much of the stack (6.3.1).
// So our temporary allocations are no larger than 1,024 bytes. `scripts/stackframes.py` looks for large frames in the
// machine code.
import CMPG
import Region

enum StackSize {
  /// Bytes from one stack to the next, guard included: a power of two.
  @inline(__always) static var stride: Int { unsafe chosen }
  /// The size of all stacks, in bytes. Set once, at boot.
  nonisolated(unsafe) private static var chosen = 256 * 1024
  /// The size of the guard at the low end of each stack, in bytes. A frame of up to this size cannot skip it.
  @inline(__always) static var guardBytes: Int { unsafe chosenGuard }
  nonisolated(unsafe) private static var chosenGuard = 0
  /// The largest guard, in bytes: what one page of page tables spans, with pages of 4 KiB. A larger guard would need
  /// another page of page tables.
  private static let mostGuard = 2 << 20
  /// The number of stacks in a slab: a group of a `SlotSet`. A slab is at least 2 MiB, so that it shares no page tables
  /// with other slabs.
  static let slab = SlotSet.group
  /// The sizes of stacks that are allowed, in KiB.
  static let range = 32...16_384

  /// Sets the size of all stacks, rounded up to a power of two. Called at boot.
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

/// The free stacks of a P, as addresses. Only Context.swift and the gc thread touch the memory behind them.
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

  /// The stack at `index`, which must be below `count`.
  subscript(index: Int) -> UnsafeMutableRawPointer { unsafe cells[index] }

  /// Removes the stacks for which `isKept` is false.
  mutating func keep(_ isKept: (Int, UnsafeMutableRawPointer) -> Bool) {
    var kept = 0
    for index in 0..<count where unsafe isKept(index, cells[index]) {
      unsafe cells[kept] = cells[index]
      kept += 1
    }
    count = kept
  }

  /// Adds a stack; false when the cache is full.
  @inline(__always)
  mutating func push(_ stack: UnsafeMutableRawPointer) -> Bool {
    guard count < Self.capacity else { return false }
    unsafe cells[count] = stack
    count &+= 1
    return true
  }
}
