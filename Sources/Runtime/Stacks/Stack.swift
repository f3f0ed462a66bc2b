// Stacks: address space in slabs, memory on touch, a guard page below each.
//
// A stack is named by its lowest address. All of a process have one size, which is an option of the boot. Slabs are
// reserved without commitment and never in huge pages (one touched page would commit 2 MiB). Their addresses are kept
// for ever; what the gc thread gives back is the memory behind them, and their page tables.
//
// The size costs address space, and page tables: a page of them for each 2 MiB in which anything was touched, so 512
// bytes for a G with the default of 256 KiB, and 128 with 64 KiB. docs/performance.md has the numbers. The default has
// room for what Foundation's formatters and a debug build need; a stack that is too small ends the process.
import CMPG
import Region

enum StackSize {
  /// Bytes from one stack to the next, guard included: a power of two.
  @inline(__always) static var stride: Int { unsafe chosen }
  /// Set once, at boot.
  nonisolated(unsafe) private static var chosen = 256 * 1024
  /// Bytes of the guard at the low end.
  static let guardBytes = 4096
  /// Stacks in a slab: a group of a `SlotSet`. 2 MiB at least, so that a slab has its page tables for itself.
  static let slab = SlotSet.group
  /// Sizes that may be asked for, in KiB.
  static let range = 32...16_384

  /// At boot: the size, rounded up to a power of two.
  static func set(kibibytes: Int) {
    guard range.contains(kibibytes) else {
      fatal("stacks of \(kibibytes) KiB; they can have \(range.lowerBound) to \(range.upperBound)")
    }
    var size = range.lowerBound
    while size < kibibytes { size *= 2 }
    unsafe chosen = size * 1024
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
