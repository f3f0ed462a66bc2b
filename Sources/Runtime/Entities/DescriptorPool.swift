// The descriptors of Gs that no P holds: slots of the G table.
//
// §1 Slots come in groups of 64, a page of the G table in the region. The pool hands out the lowest first, so what is in
// use stays at the low end, and after a burst the high end becomes free.
//
// §2 What the gc thread takes back. Of free groups the private records (a *blank* group is set up anew when it is next
// used), wherever they lie; and of the region's G table the free tail, by lowering `gSlots` and `gListed` and punching
// a hole into the file. Not holes in the middle: a reader may touch all slots below these two numbers, and its touch
// would make the kernel fill the hole again, on our account.
//
// §3 Readers. A reader that read the higher numbers just before may touch a slot of the tail after the hole was punched:
// it finds zeros, which say idle, id 0, and the kernel allocates a page that the next growth would have. A slot that
// comes back starts with sequence number 1 again. Sequence numbers order the moves of one *G*, and ids are never used
// again; who compares the status word of a slot with an earlier one must compare the id as well.
//
// §4 Waits. The tickets of waits (Claim §2) must never repeat in a slot while a timer of long ago may still look. So a
// group keeps, in memory of its own, the highest ticket that its slots had reached, and its records start from there.
import CMPG
import Glibc
import Region

/// The pool.
///
/// Safe because: every stored property is touched under `lock` alone.
@safe final class DescriptorPool: @unchecked Sendable {
  private let lock = Lock()
  private var free: SlotSet
  /// Groups whose records are to be set up before use.
  private var blank: SlotSet
  /// Groups below this one exist.
  private var groups = 0
  /// By group: the ticket with which the waits of its slots begin.
  private let tickets: UnsafeMutablePointer<UInt32>
  private let region: RegionFile

  init(_ region: RegionFile) throws(SystemError) {
    self.region = region
    free = try SlotSet(capacity: Capacity.gs)
    blank = try SlotSet(capacity: Capacity.gs / SlotSet.group)
    unsafe tickets = try SystemCall.table(of: UInt32.self, Capacity.gs / SlotSet.group)
  }

  // MARK: for Ps

  /// Gives a P half a cache of descriptors, and one more to use.
  @inline(never)
  func refill(_ cache: inout GQueueLIFO) -> G {
    lock.lock()
    defer { lock.unlock() }
    let first = take()
    for _ in 0..<GQueueLIFO.high / 2 { cache.push(take()) }
    return first
  }

  /// Takes half a cache of descriptors back.
  @inline(never)
  func spill(_ cache: inout GQueueLIFO) { giveBack(GQueueLIFO.high / 2, of: &cache) }

  /// Takes all of it back.
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

  /// One group more.
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

  /// Slots that Ps and Gs have; those that nobody has though they hold memory; and those at the end of the table, if it
  /// can be cut.
  var usage: (inUse: Int, idle: Int, tail: Int) {
    lock.lock()
    defer { lock.unlock() }
    let slots = groups * SlotSet.group
    return (
      slots - free.count, free.count - blank.count * SlotSet.group,
      region.canTrim ? slots - end * SlotSet.group : 0
    )
  }

  /// Under the lock. Nobody has a slot of a group at or above it.
  private var end: Int {
    var end = groups
    while end > 0, free.members(ofGroup: end - 1) == .max { end -= 1 }
    return end
  }

  /// One step: the records of up to 256 free groups that lie together, from the high end, beyond `kept` slots. How many
  /// bytes there were; nil: nothing is left to do.
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

  /// Under the lock. Whether nobody has a slot of the group, and its records are set up.
  private func isIdle(_ group: Int) -> Bool { free.members(ofGroup: group) == .max && !blank.contains(group) }

  /// Gives back the whole pages of the records of these groups.
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

  /// One step: gives back the tail of the G table in the region, but for `kept` slots. How many bytes there were.
  func trim(keeping kept: Int) -> Int {
    lock.lock()
    defer { lock.unlock() }
    let batch = RegionFile.slotBatch / SlotSet.group
    var rest = max(end + kept / SlotSet.group, batch)
    rest = (rest + batch - 1) / batch * batch
    // At most 64 batches at a time: those who need a descriptor wait meanwhile.
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
