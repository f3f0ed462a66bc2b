// The central pool of free G descriptors (slots of the G table). Each P caches a few more.
//
// §1 Slots come in groups of 64; a group is one page of the G table in the region. The pool hands out the lowest free
// slot first. So the slots in use stay at the low end of the table, and after a burst the high end becomes free.
//
// §2 What the gc thread takes back. It takes the private records of free groups, wherever these lie; a group without
// records is *blank*, and the pool sets its records up anew before their next use. Of the region's G table it takes
// only the free tail: it lowers `gSlots` and `gListed` and punches a hole into the file. It punches no holes in the
// middle, because a reader may touch every slot below these two numbers, and its touch would make the kernel allocate
// the page again, at this process's expense.
//
// §3 Readers. A reader that has just read the older, higher numbers may touch a slot of the tail after the hole was
// punched. It finds zeros, which mean idle, id 0; and the kernel allocates a page that the next growth would have
// needed anyway. A slot that comes back starts with sequence number 1 again. Sequence numbers order the moves of one
// *G*, and ids are never used twice, so a reader that compares a slot's status word with an earlier one must compare
// the id too.
//
// §4 Waits. The ticket of a wait (Claim §2) must never repeat in a slot, because an old timer may still compare it. So
// each group keeps, in memory that is never given back, the highest ticket that its slots have reached, and new records
// start from there.
import CMPG
import Glibc
import Region

/// The pool. Safe to call from any thread.
///
/// Safe because: every stored property is touched under `lock` alone.
@safe final class DescriptorPool: @unchecked Sendable {
  private let lock = Lock()
  private var free: SlotSet
  /// Groups whose records must be set up before use.
  private var blank: SlotSet
  /// How many groups exist. They are numbered from 0.
  private var groups = 0
  /// For each group, the highest ticket that any of its slots has used. New records start after it.
  private let tickets: UnsafeMutablePointer<UInt32>
  private let region: RegionFile

  init(_ region: RegionFile) throws(SystemError) {
    self.region = region
    free = try SlotSet(capacity: Capacity.gs)
    blank = try SlotSet(capacity: Capacity.gs / SlotSet.group)
    unsafe tickets = try SystemCall.table(of: UInt32.self, Capacity.gs / SlotSet.group)
  }

  // MARK: for Ps

  /// Moves half a cache of descriptors to a P's cache, and returns one more.
  @inline(never)
  func refill(_ cache: inout GQueueLIFO) -> G {
    lock.lock()
    defer { lock.unlock() }
    let first = take()
    for _ in 0..<GQueueLIFO.high / 2 { cache.push(take()) }
    return first
  }

  /// Takes half a cache of descriptors back from a P.
  @inline(never)
  func spill(_ cache: inout GQueueLIFO) { giveBack(GQueueLIFO.high / 2, of: &cache) }

  /// Takes every descriptor of the cache back into the pool.
  func giveBack(all cache: inout GQueueLIFO) { giveBack(cache.count, of: &cache) }

  private func giveBack(_ count: Int, of cache: inout GQueueLIFO) {
    lock.lock()
    for _ in 0..<count {
      if let g = cache.pop() { free.insert(Int(g.slot)) }
    }
    let count = free.count
    lock.unlock()
    sched.gc.noteFree(descriptors: count)
  }

  private func take() -> G {
    if free.count == 0 { grow() }
    guard let slot = free.popLowest() else { fatal("no descriptor") }
    let group = slot / SlotSet.group
    if blank.count > 0, blank.contains(group) {
      _ = blank.remove(1 << UInt64(group % SlotSet.group), inGroup: group / SlotSet.group)
      setUp(group)
    }
    return G(slot: UInt32(slot))
  }

  /// Adds one group to the table.
  private func grow() {
    let slots = groups * SlotSet.group
    guard slots < Capacity.gs else { fatal("\(slots) goroutines are alive, the most that there can be") }
    region.backSlots(below: slots + SlotSet.group)
    setUp(groups)
    free.insert(.max, inGroup: groups)
    groups += 1
    region.sched[.gSlots].publish(UInt64(groups * SlotSet.group))
  }

  private func setUp(_ group: Int) {
    let ticket = unsafe tickets[group]
    for slot in group * SlotSet.group..<(group + 1) * SlotSet.group {
      let record = unsafe G(slot: UInt32(slot)).record
      unsafe record.initialize(to: GRecord())
      unsafe WaitWord(of: record).start(after: ticket)
    }
  }

  // MARK: for the gc thread

  /// `inUse`: slots that Gs use or Ps cache. `idle`: free slots whose records still take memory. `tail`: free slots at
  /// the end of the table that `trim` can cut off.
  var usage: (inUse: Int, idle: Int, tail: Int) {
    lock.lock()
    defer { lock.unlock() }
    let slots = groups * SlotSet.group
    return (
      slots - free.count, free.count - blank.count * SlotSet.group,
      region.canTrim ? slots - end * SlotSet.group : 0
    )
  }

  /// The number of the first group of the free tail: from this group on, every slot is free. Call under the
  /// lock.
  private var end: Int {
    var end = groups
    while end > 0, free.members(ofGroup: end - 1) == .max { end -= 1 }
    return end
  }

  /// One step of giving memory back: drops the records of up to 256 adjacent free groups below `top`, the highest
  /// first, and lowers `top`. Leaves `kept` idle slots. Returns the bytes freed; nil when nothing is left to do.
  func reclaim(keeping kept: Int, below top: inout Int) -> Int? {
    lock.lock()
    top = min(top, groups)
    while top > 0, !isIdle(top - 1) { top -= 1 }
    let excess = (free.count - blank.count * SlotSet.group - kept) / SlotSet.group
    guard top > 0, excess > 0 else {
      lock.unlock()
      return nil
    }
    let high = top
    while top > 0, high - top < min(256, excess), isIdle(top - 1) { top -= 1 }
    for group in top..<high { _ = free.remove(inGroup: group) }
    let range = top..<high
    lock.unlock()

    let freed = empty(range)

    lock.lock()
    for group in range {
      blank.insert(group)
      free.insert(.max, inGroup: group)
    }
    lock.unlock()
    return freed
  }

  /// Whether every slot of the group is free and its records are set up. Call under the lock.
  private func isIdle(_ group: Int) -> Bool { free.members(ofGroup: group) == .max && !blank.contains(group) }

  /// Gives the whole pages of these groups' records back to the kernel, and keeps their highest tickets (§4).
  private func empty(_ groups: Range<Int>) -> Int {
    for group in groups {
      for slot in group * SlotSet.group..<(group + 1) * SlotSet.group {
        let ticket = unsafe WaitWord(of: G(slot: UInt32(slot)).record).ticket
        unsafe tickets[group] = max(tickets[group], ticket)
      }
    }
    func address(_ group: Int) -> Int {
      Int(bitPattern: unsafe G(slot: UInt32(group * SlotSet.group)).record)
    }
    let inPage = SystemCall.pageBytes - 1
    let low = (address(groups.lowerBound) + inPage) & ~inPage
    let high = address(groups.upperBound) & ~inPage
    guard high > low, let start = unsafe UnsafeMutableRawPointer(bitPattern: low) else { return 0 }
    let freed = unsafe SystemCall.residentBytes(start, high - low)
    unsafe madvise(start, high - low, MADV_DONTNEED)
    return freed
  }

  /// One step of giving memory back: cuts the free tail off the region's G table, except `kept` slots. Returns the
  /// bytes freed.
  func trim(keeping kept: Int) -> Int {
    lock.lock()
    defer { lock.unlock() }
    let batch = RegionFile.slotBatch / SlotSet.group
    var rest = max(end + kept / SlotSet.group, batch)
    rest = (rest + batch - 1) / batch * batch
    // Stop after 64 batches, because a P that needs a descriptor waits for the lock meanwhile.
    rest = max(rest, groups / batch * batch - 64 * batch)
    guard rest < groups, region.canTrim else { return 0 }
    var freed = 0
    for group in rest..<groups {
      if !blank.contains(group) { freed += empty(group..<group + 1) }
      _ = free.remove(inGroup: group)
      _ = blank.remove(1 << UInt64(group % SlotSet.group), inGroup: group / SlotSet.group)
    }
    groups = rest
    region.sched[.gSlots].publish(UInt64(groups * SlotSet.group))
    return freed + region.trimSlots(to: groups * SlotSet.group)
  }
}
