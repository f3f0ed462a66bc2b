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

  /// Gives up to half a cache of stacks to a P that has none, and one more to use; nil: there is none now.
  func refill(_ cache: inout StackCache) -> UnsafeMutableRawPointer? {
    lock.lock()
    defer { lock.unlock() }
    guard let first = unsafe take() else { return nil }
    for _ in 0..<StackCache.capacity / 2 {
      guard let stack = unsafe take() else { break }
      _ = unsafe cache.push(stack)
    }
    return unsafe first
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

  private func take() -> UnsafeMutableRawPointer? {
    if unsafe warm.isEmpty && cold.isEmpty { addSlab() }
    defer { note() }
    return unsafe warm.popLast() ?? cold.popLast()
  }

  /// Adds a slab, or as many stacks of one as can be guarded; none when the system has nothing to give.
  private func addSlab() {
    let backoff = sched.shortages.stacks
    guard backoff.isOpen else { return }
    do throws(SystemError) {
      let slab = unsafe try SystemCall.reserve(StackSize.slab * StackSize.stride)
      unsafe add(try guarded(slab), of: slab)
      backoff.succeeded()
    } catch {
      backoff.failed()
      sched.shortages.note(.stack, error.errno)
    }
  }

  /// Guards the stacks of a slab; how many could be. The rest of the slab is given back.
  private func guarded(_ slab: UnsafeMutableRawPointer) throws(SystemError) -> Int {
    for index in 0..<StackSize.slab {
      let stack = unsafe slab + index * StackSize.stride
      let error = unsafe mpg_guard(stack, StackSize.guardBytes)
      guard error != 0 else { continue }
      unsafe munmap(stack, (StackSize.slab - index) * StackSize.stride)
      if index == 0 { throw SystemError(call: "madvise", errno: error) }
      sched.shortages.note(.stack, error)
      return index
    }
    return StackSize.slab
  }

  private func add(_ count: Int, of slab: UnsafeMutableRawPointer) {
    for index in 0..<count { unsafe cold.append(slab + index * StackSize.stride) }
    let total = gauges[.stacks].relaxed + UInt64(count)
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
