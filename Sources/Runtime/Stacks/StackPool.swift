// All stacks that no P holds.
//
// Every stack has a number: its place in a slab of 64, times the slabs before it. A slab is aligned to its own size, so a
// table leads from any address to its slab. Free stacks are in one of two sets: warm, which may still hold memory, and
// cold, which do not; the lowest warm one is taken first. Address space comes by the GiB, and by the slab where the
// system has no more of it than that.
//
// A stack gets its guard when it is first taken, since the guards are kept in the page tables, which cold stacks do not
// have. Taking memory back, slab by slab where all 64 are free: a fresh mapping is put over the old one, and the
// kernel frees pages, guards and page tables in one step. Up to 64 slabs that lie together are renewed at once: with
// the default size that is 1 GiB, which has a page of the next level of page tables for itself. Of a slab in use the
// free stacks give back their pages.
import CMPG
import Glibc
import Region

/// The pool.
///
/// Safe because: every stored property is touched under `lock` alone, and addresses come from slabs that stay; but for
/// `slabAt`, which a fault's handler reads as it is.
@safe final class StackPool: @unchecked Sendable {
  private let lock = Lock()
  private var warm: SlotSet
  private var cold: SlotSet
  /// By slab: stacks that have their guard; and where it lies.
  private let guarded: UnsafeMutablePointer<UInt64>
  private let slabs: UnsafeMutablePointer<UnsafeMutableRawPointer?>
  /// By address, divided by the size of a slab: the slab's number plus 1.
  private let slabAt: UnsafeMutablePointer<UInt32>
  private var slabCount = 0
  private let gauges: Block<SchedField>

  private static let most = Capacity.gs / StackSize.slab
  private static var slabBytes: Int { StackSize.slab * StackSize.stride }
  /// Slabs that are asked for at once, and renewed at once.
  private static let run = 64
  /// Addresses of a process are below this.
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

  /// Gives up to half a cache of stacks to a P that has none, and one more to use; nil: there is none now.
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

  /// Under the lock.
  private func take() -> Int? {
    if warm.count == 0, cold.count == 0 { addSlabs() }
    return warm.popLowest() ?? cold.popLowest()
  }

  /// Guards those of a cache that are marked; what cannot be guarded goes back.
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

  /// Whether `address` lies in the guard of any stack. In a signal handler: takes no lock. An entry of the table is set
  /// before a stack of its slab is handed out, and stays.
  func isGuard(_ address: UInt) -> Bool {
    guard address < UInt(Self.addresses) else { return false }
    let address = Int(address)
    guard unsafe slabAt[address / Self.slabBytes] != 0 else { return false }
    return address % Self.slabBytes % StackSize.stride < StackSize.guardBytes
  }

  /// Reserves address space for more; none when the system has nothing to give. Under the lock.
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

  /// Address space for so many slabs, aligned to some of them.
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

  /// Stacks that Ps and Gs have, and the warm ones that nobody has.
  var usage: (inUse: Int, warm: Int) {
    lock.lock()
    defer { lock.unlock() }
    return (slabCount * StackSize.slab - warm.count - cold.count, warm.count)
  }

  /// One step: gives back the memory of warm stacks beyond `kept`, of one slab, or of some that lie together and are
  /// all free, from the high end. How many bytes there were; nil: nothing is left to do.
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

  /// Slabs that end at `top`, lie together, and of which nobody has a stack. Under the lock.
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

  /// Puts a fresh mapping over slabs that nobody has. In one mapping with what is around it: the same flags. A system
  /// that cannot do that now keeps the memory until the next time.
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
