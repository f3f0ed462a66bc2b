// Stacks: address space in slabs, memory on touch, a guard page below each.
//
// A stack is named by its lowest address. All have one size. Slabs are reserved without commitment and never in huge
// pages (one touched page would commit 2 MiB). They are never unmapped; what the gc thread gives back is the memory
// behind them.
import CMPG
import Glibc
import Region

enum StackSize {
  /// Bytes from one stack to the next, guard included.
  static let stride = 256 * 1024
  /// Bytes of the guard at the low end.
  static let guardBytes = 4096
  /// Stacks in a slab: 16 MiB.
  static let slab = 64
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

  /// False when it is full.
  @inline(__always)
  mutating func push(_ stack: UnsafeMutableRawPointer) -> Bool {
    guard count < Self.capacity else { return false }
    unsafe cells[count] = stack
    count &+= 1
    return true
  }
}

/// All stacks that no P holds.
///
/// Safe because: every stored property is touched under `lock` alone.
@safe final class StackPool: @unchecked Sendable {
  private let lock = Lock()
  /// Free, and their top pages may still hold memory.
  private var warm: [UnsafeMutableRawPointer] = unsafe []
  /// Free, and without memory.
  private var cold: [UnsafeMutableRawPointer] = unsafe []
  private let gauges: Block<SchedField>
  /// Warm stacks that are kept whatever the gc thread thinks.
  static let kept = 256

  init(_ gauges: Block<SchedField>) { self.gauges = gauges }

  /// Gives half a cache of stacks to a P that has none, and one more to use.
  func refill(_ cache: inout StackCache) -> UnsafeMutableRawPointer {
    lock.lock()
    defer { lock.unlock() }
    for _ in 0..<StackCache.capacity / 2 { _ = unsafe cache.push(take()) }
    return unsafe take()
  }

  /// Takes half a cache back.
  func spill(_ cache: inout StackCache) {
    lock.lock()
    for _ in 0..<StackCache.capacity / 2 {
      if let stack = unsafe cache.pop() { unsafe warm.append(stack) }
    }
    note()
    let many = unsafe warm.count > 2 * Self.kept
    lock.unlock()
    if many { sched.gc.request() }
  }

  private func take() -> UnsafeMutableRawPointer {
    if unsafe warm.isEmpty && cold.isEmpty { addSlab() }
    defer { note() }
    if let stack = unsafe warm.popLast() { return unsafe stack }
    return unsafe cold.removeLast()
  }

  private func addSlab() {
    let slab = unsafe SystemCall.reserve(StackSize.slab * StackSize.stride)
    for index in 0..<StackSize.slab {
      let stack = unsafe slab + index * StackSize.stride
      let error = unsafe mpg_guard(stack, StackSize.guardBytes)
      if error != 0 { fatal("cannot guard a stack: \(errnoName(error)); is vm.max_map_count exhausted?") }
      unsafe cold.append(stack)
    }
    let total = gauges[.stacks].relaxed + UInt64(StackSize.slab)
    gauges[.stacks].set(total)
    // So that no append allocates.
    unsafe warm.reserveCapacity(Int(total))
    unsafe cold.reserveCapacity(Int(total))
  }

  private func note() { unsafe gauges[.stacksFree].set(UInt64(warm.count + cold.count)) }

  /// Takes up to `limit` warm stacks beyond those to keep, for the gc thread.
  func takeExcess(_ limit: Int) -> [UnsafeMutableRawPointer] {
    lock.lock()
    defer { lock.unlock() }
    let excess = unsafe min(limit, warm.count - Self.kept)
    guard excess > 0 else { return unsafe [] }
    let taken = unsafe Array(warm.prefix(excess))  // the oldest: the youngest are used next
    unsafe warm.removeFirst(excess)
    note()
    return unsafe taken
  }

  /// Puts stacks back whose memory was given to the system.
  func putCold(_ stacks: [UnsafeMutableRawPointer]) {
    lock.lock()
    unsafe cold.append(contentsOf: stacks)
    note()
    lock.unlock()
  }
}
