// All stacks that no P holds.
//
// Every stack has a number: its place in a chunk, times the chunks before it. A chunk is address space for 4,096 of
// them, aligned to its own size, so a table leads from any address to its chunk. Free stacks are in one of two sets:
// warm, which may still hold memory, and cold, which do not; the lowest warm one is taken first.
//
// A stack gets its guard when it is first taken, since the guards are kept in the page tables, which cold stacks do not
// have. One that cannot be guarded is put back, and is tried again with the next chunk's backoff (Shortages §2). So is
// a chunk that cannot be had: then there is no stack, and the pool says so. Taking memory back, slab by slab where all 64 are free: a fresh mapping is put over the old one, and the
// kernel frees pages, guards and page tables in one step; a whole chunk at once where all of it is free, which with the
// default size is 1 GiB and has a page of the next level of page tables for itself. Of a slab in use the free stacks
// give back their pages.
import CMPG
import Glibc
import Region

/// The pool.
///
/// Safe because: every stored property is touched under `lock` alone, and addresses come from chunks that stay.
@safe final class StackPool: @unchecked Sendable {
  private let lock = Lock()
  private var warm: SlotSet
  private var cold: SlotSet
  /// By slab: stacks that have their guard.
  private let guarded: UnsafeMutablePointer<UInt64>
  private let chunks: UnsafeMutablePointer<UnsafeMutableRawPointer?>
  /// By address, divided by the size of a chunk: the chunk's number plus 1.
  private let chunkAt: UnsafeMutablePointer<UInt16>
  /// Stacks that have an address.
  private var total = 0
  private let gauges: Block<SchedField>

  private static let chunk = 4096
  private static var chunkBytes: Int { chunk * StackSize.stride }
  /// Addresses of a process are below this.
  private static let addresses = 1 << 48

  init(_ gauges: Block<SchedField>) throws(SystemError) {
    self.gauges = gauges
    warm = try SlotSet(capacity: Capacity.gs)
    cold = try SlotSet(capacity: Capacity.gs)
    let slabs = Capacity.gs / StackSize.slab
    let bits = unsafe try SystemCall.reserve(slabs * 8)
    unsafe guarded = bits.bindMemory(to: UInt64.self, capacity: slabs)
    let most = Capacity.gs / Self.chunk
    unsafe chunks = .allocate(capacity: most)
    unsafe chunks.initialize(repeating: nil, count: most)
    let places = Self.addresses / Self.chunkBytes
    let numbers = unsafe try SystemCall.reserve(places * 2)
    unsafe chunkAt = numbers.bindMemory(to: UInt16.self, capacity: places)
  }

  // MARK: for Ps

  /// Gives up to half a cache of stacks to a P that has none, and one more to use; nil: there is none now.
  func refill(_ cache: inout StackCache) -> UnsafeMutableRawPointer? {
    lock.lock()
    var bare: UInt64 = 0
    for index in 0...StackCache.capacity / 2 {
      guard let (stack, isGuarded) = unsafe take() else { break }
      if !isGuarded { bare |= 1 << UInt64(index) }
      _ = unsafe cache.push(stack)
    }
    note()
    lock.unlock()
    if bare != 0 { setGuards(bare, of: &cache) }
    return unsafe cache.pop()
  }

  /// Takes half a cache back.
  func spill(_ cache: inout StackCache) { giveBack(StackCache.capacity / 2, of: &cache) }

  /// Takes all of it back.
  func giveBack(all cache: inout StackCache) { giveBack(cache.count, of: &cache) }

  private func giveBack(_ count: Int, of cache: inout StackCache) {
    lock.lock()
    for _ in 0..<count {
      if let stack = unsafe cache.pop() { unsafe warm.insert(number(of: stack)) }
    }
    note()
    let free = warm.count
    lock.unlock()
    sched.gc.noteFree(stacks: free)
  }

  /// Under the lock. nil: there is none, or none that may be tried for now.
  private func take() -> (stack: UnsafeMutableRawPointer, isGuarded: Bool)? {
    if warm.count == 0, cold.count == 0 { addChunk() }
    guard let number = warm.popLowest() ?? cold.popLowest() else { return nil }
    let (slab, bit) = Self.place(of: number)
    let isGuarded = unsafe guarded[slab] & bit != 0
    guard isGuarded || sched.shortages.stacks.isOpen else {
      cold.insert(number)
      return nil
    }
    unsafe guarded[slab] |= bit
    return unsafe (address(of: number), isGuarded)
  }

  /// Guards the stacks of `cache` whose places are in `bare`. From the first that cannot be guarded on they go back.
  private func setGuards(_ bare: UInt64, of cache: inout StackCache) {
    var failure: Int32 = 0
    var bad: UInt64 = 0
    unsafe cache.visit { index, stack in
      let isBare = bare & 1 << UInt64(index) != 0
      if isBare, failure == 0 { failure = unsafe mpg_guard(stack, StackSize.guardBytes) }
      if isBare, failure != 0 { bad |= 1 << UInt64(index) }
    }
    let backoff = sched.shortages.stacks
    guard failure != 0 else { return backoff.succeeded() }
    lock.lock()
    unsafe cache.remove(bad) { unsafe putBare($0) }
    note()
    lock.unlock()
    if cache.count == 0 { backoff.failed() }
    sched.shortages.note(.stack, failure)
  }

  /// Under the lock.
  private func putBare(_ stack: UnsafeMutableRawPointer) {
    let number = unsafe number(of: stack)
    let (slab, bit) = Self.place(of: number)
    unsafe guarded[slab] &= ~bit
    cold.insert(number)
  }

  // MARK: numbers and addresses

  private static func place(of number: Int) -> (slab: Int, bit: UInt64) {
    (number / StackSize.slab, 1 << UInt64(number % StackSize.slab))
  }

  private func address(of number: Int) -> UnsafeMutableRawPointer {
    guard let base = unsafe chunks[number / Self.chunk] else { fatal("no stack has the number \(number)") }
    return unsafe base + number % Self.chunk * StackSize.stride
  }

  private func number(of stack: UnsafeMutableRawPointer) -> Int {
    let address = Int(bitPattern: stack)
    let chunk = unsafe Int(chunkAt[address / Self.chunkBytes]) - 1
    return chunk * Self.chunk + address % Self.chunkBytes / StackSize.stride
  }

  /// Reserves address space for more, aligned to its size; none when the system has nothing to give. Under the lock.
  private func addChunk() {
    let chunk = total / Self.chunk
    guard chunk < Capacity.gs / Self.chunk else {
      fatal("\(total) stacks are in use, the most that there can be")
    }
    let backoff = sched.shortages.stacks
    guard backoff.isOpen else { return }
    do throws(SystemError) {
      unsafe add(chunk, at: try aligned())
      backoff.succeeded()
    } catch {
      backoff.failed()
      sched.shortages.note(.stack, error.errno)
    }
  }

  /// Address space for a chunk.
  private func aligned() throws(SystemError) -> UnsafeMutableRawPointer {
    let size = Self.chunkBytes
    let raw = unsafe try SystemCall.reserve(2 * size)
    let before = (size - Int(bitPattern: raw) % size) % size
    if before > 0 { unsafe munmap(raw, before) }
    let base = unsafe raw + before
    if size > before { unsafe munmap(base + size, size - before) }
    return unsafe base
  }

  private func add(_ chunk: Int, at base: UnsafeMutableRawPointer) {
    unsafe chunks[chunk] = base
    unsafe chunkAt[Int(bitPattern: base) / Self.chunkBytes] = UInt16(chunk + 1)
    let slabs = Self.chunk / StackSize.slab
    for slab in chunk * slabs..<(chunk + 1) * slabs { cold.insert(.max, inGroup: slab) }
    total += Self.chunk
    gauges[.stacks].set(UInt64(total))
  }

  private func note() { gauges[.stacksFree].set(UInt64(warm.count + cold.count)) }

  // MARK: for the gc thread

  /// Stacks that hold memory: those that Ps and Gs have, and the warm ones of them that nobody has.
  var usage: (inUse: Int, warm: Int) {
    lock.lock()
    defer { lock.unlock() }
    return (total - warm.count - cold.count, warm.count)
  }

  /// One step: gives back the memory of warm stacks beyond `kept`, of one slab, or of a few that lie together and are
  /// all free, from the high end. How many bytes there were; nil: nothing is left to do.
  func reclaim(keeping kept: Int, below top: inout Int) -> Int? {
    lock.lock()
    top = min(top, total / StackSize.slab)
    while top > 0, warm.members(ofGroup: top - 1) == 0 { top -= 1 }
    guard top > 0, warm.count > kept else {
      lock.unlock()
      return nil
    }
    let high = top
    var low = top
    let most = min(Self.chunk / StackSize.slab, max(1, (warm.count - kept) / StackSize.slab))
    while low > 0, high - low < most, low == high || low % (Self.chunk / StackSize.slab) != 0,
      warm.members(ofGroup: low - 1) != 0, isFree(low - 1)
    { low -= 1 }
    if low == high { low -= 1 }
    let isWhole = high - low > 1 || isFree(low)
    var taken = warm.remove(inGroup: low)
    if isWhole {
      for slab in low..<high { _ = (warm.remove(inGroup: slab), cold.remove(inGroup: slab)) }
      taken = .max
    }
    top = low
    note()
    lock.unlock()
    let (freed, hasGuards) = isWhole ? renew(low..<high) : (empty(taken, of: low), true)
    lock.lock()
    for slab in low..<high {
      if !hasGuards { unsafe guarded[slab] = 0 }
      cold.insert(taken, inGroup: slab)
    }
    note()
    lock.unlock()
    return freed
  }

  /// Under the lock. Whether nobody has any stack of a slab.
  private func isFree(_ slab: Int) -> Bool {
    warm.members(ofGroup: slab) | cold.members(ofGroup: slab) == .max
  }

  /// Puts a fresh mapping over slabs that nobody has, in one with what is around it; where the system refuses, gives
  /// back their pages alone. How many bytes there were, and whether the guards are still there.
  private func renew(_ slabs: Range<Int>) -> (freed: Int, hasGuards: Bool) {
    let low = unsafe address(of: slabs.lowerBound * StackSize.slab)
    let bytes = slabs.count * StackSize.slab * StackSize.stride
    let freed = unsafe SystemCall.residentBytes(low, bytes)
    let error = unsafe mpg_replace(low, bytes)
    guard error != 0 else {
      unsafe madvise(low, bytes, SystemCall.noHugePages)
      return (freed, false)
    }
    sched.shortages.note(.stack, error)
    // Fails where nothing is mapped any more: some kernels have let go of the old mapping by now.
    guard unsafe madvise(low, bytes, MADV_DONTNEED) == 0 else {
      fatal("cannot renew \(bytes) bytes of stacks: \(errnoName(error))")
    }
    return (freed, true)
  }

  /// Gives back the pages of single stacks of a slab; their guards stay.
  private func empty(_ stacks: UInt64, of slab: Int) -> Int {
    var freed = 0
    for index in 0..<StackSize.slab where stacks & 1 << UInt64(index) != 0 {
      let low = unsafe address(of: slab * StackSize.slab + index) + StackSize.guardBytes
      let bytes = StackSize.stride - StackSize.guardBytes
      freed += unsafe SystemCall.residentBytes(low, bytes)
      unsafe madvise(low, bytes, MADV_DONTNEED)
    }
    return freed
  }
}
