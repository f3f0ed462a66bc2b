// The central pool of free stacks. Each P caches a few more.
//
// Every stack has a number: its place in its slab of 64, plus 64 times the slabs before that one. A slab is aligned to
// its own size, so a table leads from any address to its slab. Free stacks are in one of two sets: warm ones may still
// hold memory, cold ones do not. The pool takes the lowest warm stack first. Address space is reserved for 64 slabs at
// a time; for fewer where the system has no more.
//
// A stack gets its guard when it is first taken: guards are kept in the page tables, which cold stacks do not have.
// Memory is given back slab by slab, where all 64 stacks are free: a fresh mapping replaces the old one, and the kernel
// frees pages, guards and page tables in one step. Up to 64 adjacent slabs are renewed at once: with the default size
// that is 1 GiB, which has a page of the next level of page tables for itself. In a slab that is in use, the free
// stacks give back only their pages.
import CMPG
import Glibc
import Region

/// The pool. Safe to call from any thread.
///
/// Safe because: every stored property is touched under `lock` alone, and slabs keep their addresses. The one exception
/// is `slabAt`, which a fault's handler reads without the lock (`isGuard`).
@safe final class StackPool: @unchecked Sendable {
  private let lock = Lock()
  private var warm: SlotSet
  private var cold: SlotSet
  /// For each slab, one bit for each of its stacks, set if the stack has its guard.
  private let guarded: UnsafeMutablePointer<UInt64>
  /// The address of each slab.
  private let slabs: UnsafeMutablePointer<UnsafeMutableRawPointer?>
  /// A table from addresses to slabs. The index is an address divided by the size of a slab; the value is the number of
  /// the slab there, plus 1; 0: no slab of ours.
  private let slabAt: UnsafeMutablePointer<UInt32>
  private var slabCount = 0
  private let gauges: Block<SchedField>

  private static let most = Capacity.gs / StackSize.slab
  private static var slabBytes: Int { StackSize.slab * StackSize.stride }
  /// How many slabs are reserved at a time, and at most renewed at a time.
  private static let run = 64
  /// All addresses of a process are below this.
  private static let addresses = 1 << 48

  init(_ gauges: Block<SchedField>) throws(SystemError) {
    self.gauges = gauges
    warm = try SlotSet(capacity: Capacity.gs)
    cold = try SlotSet(capacity: Capacity.gs)
    unsafe guarded = try SystemCall.table(of: UInt64.self, Self.most)
    unsafe slabs = try SystemCall.table(of: UnsafeMutableRawPointer?.self, Self.most)
    unsafe slabAt = try SystemCall.table(of: UInt32.self, Self.addresses / Self.slabBytes)
  }

  // MARK: for Ps

  /// Fills an empty cache of a P up to half, and returns one more stack to use; nil: there is none now.
  func refill(_ cache: inout StackCache) -> UnsafeMutableRawPointer? {
    lock.lock()
    var bare: UInt64 = 0
    for index in 0...StackCache.capacity / 2 {
      guard let number = take() else { break }
      if !isGuarded(number) { bare |= 1 << UInt64(index) }
      _ = unsafe cache.push(address(of: number))
    }
    note()
    lock.unlock()
    if bare != 0 { setGuards(bare, in: &cache) }
    return unsafe cache.pop()
  }

  /// Takes half a cache of stacks back from a P.
  func spill(_ cache: inout StackCache) { giveBack(StackCache.capacity / 2, of: &cache) }

  /// Takes every stack of the cache back into the pool.
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

  /// Takes a free stack out of the pool, and returns its number; nil: there is none now. Call under the lock.
  private func take() -> Int? {
    if warm.count == 0, cold.count == 0 { addSlabs() }
    return warm.popLowest() ?? cold.popLowest()
  }

  /// Sets the guards of those stacks in a cache whose bits in `bare` are set. After a failure no more guards are
  /// tried. The stacks without a guard go back to the pool.
  private func setGuards(_ bare: UInt64, in cache: inout StackCache) {
    var bad: UInt64 = 0
    var failed: Int32 = 0
    for index in 0..<cache.count where bare & 1 << UInt64(index) != 0 {
      if failed == 0 { failed = unsafe mpg_guard(cache[index], StackSize.guardBytes) }
      if failed != 0 { bad |= 1 << UInt64(index) }
    }
    lock.lock()
    unsafe cache.keep { index, stack in
      let number = unsafe number(of: stack)
      if bad & 1 << UInt64(index) != 0 {
        cold.insert(number)
        return false
      }
      unsafe guarded[number / StackSize.slab] |= 1 << UInt64(number % StackSize.slab)
      return true
    }
    lock.unlock()
    guard failed != 0 else { return }
    sched.shortages.stacks.failed()
    sched.shortages.note(.stack, failed)
  }

  // MARK: numbers and addresses

  private func isGuarded(_ number: Int) -> Bool {
    unsafe guarded[number / StackSize.slab] & 1 << UInt64(number % StackSize.slab) != 0
  }

  private func address(of number: Int) -> UnsafeMutableRawPointer {
    guard let base = unsafe slabs[number / StackSize.slab] else { fatal("no stack has the number \(number)") }
    return unsafe base + number % StackSize.slab * StackSize.stride
  }

  private func number(of stack: UnsafeMutableRawPointer) -> Int {
    let address = Int(bitPattern: stack)
    let slab = unsafe Int(slabAt[address / Self.slabBytes]) - 1
    return slab * StackSize.slab + address % Self.slabBytes / StackSize.stride
  }

  /// Whether `address` lies in the guard of any stack. May be called in a signal handler: it takes no lock. That is
  /// safe because a table entry is set before a stack of its slab is handed out, and stays.
  func isGuard(_ address: UInt) -> Bool {
    guard address < UInt(Self.addresses) else { return false }
    let address = Int(address)
    guard unsafe slabAt[address / Self.slabBytes] != 0 else { return false }
    return address % Self.slabBytes % StackSize.stride < StackSize.guardBytes
  }

  /// Reserves address space for more stacks; adds none when the system has none to give. Call under the lock.
  private func addSlabs() {
    let backoff = sched.shortages.stacks
    guard backoff.isOpen else { return }
    var problem = SystemError(call: "more stacks than can be", errno: ENOMEM)
    for (count, alignment) in [(Self.run, Self.run), (Self.run, 1), (4, 1), (1, 1)]
    where slabCount + count <= Self.most {
      do throws(SystemError) {
        unsafe add(try reserve(count, alignedTo: alignment), count)
        return backoff.succeeded()
      } catch {
        problem = error
      }
    }
    backoff.failed()
    sched.shortages.note(.stack, problem.errno)
  }

  /// Reserves address space for `count` slabs, aligned to the size of `alignment` slabs.
  private func reserve(_ count: Int, alignedTo alignment: Int) throws(SystemError) -> UnsafeMutableRawPointer
  {
    let (size, alignment) = (count * Self.slabBytes, alignment * Self.slabBytes)
    let raw = unsafe try SystemCall.reserve(size + alignment)
    let before = (alignment - Int(bitPattern: raw) % alignment) % alignment
    if before > 0 { unsafe munmap(raw, before) }
    if alignment > before { unsafe munmap(raw + before + size, alignment - before) }
    return unsafe raw + before
  }

  private func add(_ base: UnsafeMutableRawPointer, _ count: Int) {
    for index in 0..<count {
      let address = unsafe base + index * Self.slabBytes
      unsafe slabs[slabCount] = address
      unsafe slabAt[Int(bitPattern: address) / Self.slabBytes] = UInt32(slabCount + 1)
      cold.insert(.max, inGroup: slabCount)
      slabCount += 1
    }
    gauges[.stacks].set(UInt64(slabCount * StackSize.slab))
  }

  private func note() { gauges[.stacksFree].set(UInt64(warm.count + cold.count)) }

  // MARK: for the gc thread

  /// `inUse`: stacks that Gs use or Ps cache. `warm`: free ones that may still hold memory.
  var usage: (inUse: Int, warm: Int) {
    lock.lock()
    defer { lock.unlock() }
    return (slabCount * StackSize.slab - warm.count - cold.count, warm.count)
  }

  /// One step of giving memory back: frees the memory of warm stacks beyond `kept`, from the high end. Takes one slab,
  /// or several adjacent ones that are all free. Returns the bytes freed; nil when nothing is left to do.
  func reclaim(keeping kept: Int, below top: inout Int) -> Int? {
    lock.lock()
    top = min(top, slabCount)
    while top > 0, warm.members(ofGroup: top - 1) == 0 { top -= 1 }
    guard top > 0, warm.count > kept else {
      lock.unlock()
      return nil
    }
    let range = wholeSlabs(below: top, atMost: max(1, (warm.count - kept) / StackSize.slab))
    let isWhole = !range.isEmpty
    let slabs = isWhole ? range : top - 1..<top
    top = slabs.lowerBound
    var taken = UInt64.max
    for slab in slabs {
      let bits = warm.remove(inGroup: slab)
      if isWhole { _ = cold.remove(inGroup: slab) } else { taken = bits }
    }
    note()
    lock.unlock()
    let freed = isWhole ? renew(slabs) : empty(taken, of: slabs.lowerBound)
    lock.lock()
    for slab in slabs {
      if isWhole { unsafe guarded[slab] = 0 }
      cold.insert(taken, inGroup: slab)
    }
    note()
    lock.unlock()
    return freed
  }

  /// The free slabs that lie next to each other and end at `top`; a slab is free when all its stacks are.
  /// Call under the lock.
  private func wholeSlabs(below top: Int, atMost limit: Int) -> Range<Int> {
    var low = top
    while low > 0, top - low < min(limit, Self.run), isIdle(low - 1), low == top || lieTogether(low - 1) {
      low -= 1
    }
    return low..<top
  }

  private func isIdle(_ slab: Int) -> Bool {
    let warm = warm.members(ofGroup: slab)
    return warm != 0 && warm | cold.members(ofGroup: slab) == .max
  }

  private func lieTogether(_ slab: Int) -> Bool {
    guard let one = unsafe slabs[slab], let next = unsafe slabs[slab + 1] else { return false }
    return unsafe one + Self.slabBytes == next && slab % Self.run != Self.run - 1
  }

  /// Replaces free slabs by a fresh mapping. Its flags are those of its neighbours, so it stays one mapping with them.
  /// If the system refuses, only the pages are freed, and the page tables wait for the next time.
  private func renew(_ slabs: Range<Int>) -> Int {
    let low = unsafe address(of: slabs.lowerBound * StackSize.slab)
    let bytes = slabs.count * Self.slabBytes
    let freed = unsafe SystemCall.residentBytes(low, bytes)
    if unsafe mpg_replace(low, bytes) != 0 {
      unsafe madvise(low, bytes, MADV_DONTNEED)
      return freed
    }
    unsafe madvise(low, bytes, SystemCall.noHugePages)
    return freed
  }

  /// Frees the pages of single stacks of a slab. Their guards stay.
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
