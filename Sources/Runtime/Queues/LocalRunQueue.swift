// The local run queue: what one P will run next, and what others may steal from it.
//
// §1 The problem. The owner pushes and pops tens of millions of times a second, mostly alone; now and then another P
// takes half. No G may be lost, and none may run twice.
//
// §2 What we rejected. A lock (the owner would pay for thieves that rarely come). A Chase–Lev deque (the owner takes
// the newest: unfair to those that wait; and it needs a fence in every pop). Stealing one at a time (the thief comes
// back at once).
//
// §3 The design, Go's `runq`: a ring of 256 slots between two positions that only grow. The owner alone moves
// `tail`; owner and thieves move `head` by compare-and-swap. A slot from head to tail holds a G; the others hold
// nothing that anyone may use. 64-bit positions never come round, so a head that compares equal is the same head.
//
// §4 The protocol.
//   push (owner)   read tail (own), head (acquire: the slot to be reused was copied by whoever moved head past it);
//                  full if tail − head = capacity; store the slot; tail ← tail + 1, release.
//   pop (owner)    read head (acquire), tail (own); empty if equal; read the slot; head +1 by CAS, or again.
//   steal (thief)  read head (acquire), then tail (acquire: pairs with push); n ← half of the difference, rounded up;
//                  copy n slots into the thief's own ring behind its tail, where nobody looks yet; head += n by CAS,
//                  or again; then publish the thief's tail, release.
//   spill (owner)  when full: as a thief would, half of the own queue, for the GRQ.
//
// §5 Why it is right. A copy taken by pop, steal or spill counts only if its CAS succeeds, and then head had not
// moved since it was read, so no one else had taken these slots and the owner, which never overtakes head +
// capacity, had not reused them. A thief that read head and tail at different moments may see a difference greater
// than the capacity; it notices (n > capacity / 2) and reads again.
//
// §6 `runnext` holds the G that was made ready last by the one that runs: it goes first, while its data is warm. The
// owner exchanges it, and a thief may take it by CAS, at last resort, after it gave the owner time to run it.
import Region
import Synchronization

/// The run queue of one P. A handle; both halves lie in the region, where readers see them.
///
/// Safe because: the slots are inside the P's block, and positions are taken modulo the capacity.
@safe package struct LocalRunQueue {
  private let block: Block<PField>
  private let slots: UnsafeMutablePointer<Atomic<UInt32>>
  private let capacity: UInt64

  /// - Parameters:
  ///   - block: the P's block in the region.
  ///   - slots: the first slot of `PField.lrq` in that block.
  ///   - capacity: a power of two; smaller than `Capacity.lrq` in tests only.
  package init(block: Block<PField>, slots: UnsafeMutableRawPointer, capacity: Int = Capacity.lrq) {
    self.block = block
    unsafe self.slots = slots.bindMemory(to: Atomic<UInt32>.self, capacity: capacity)
    self.capacity = UInt64(capacity)
  }

  @inline(__always) private var head: Word { block[.lrqHead] }
  @inline(__always) private var tail: Word { block[.lrqTail] }
  @inline(__always) private var next: Word { block[.runnext] }

  @inline(__always)
  private func slot(_ position: UInt64) -> UInt32 {
    // published by tail, guarded by head
    unsafe slots[Int(position & (capacity - 1))].load(ordering: .relaxed)
  }

  @inline(__always)
  private func setSlot(_ position: UInt64, _ value: UInt32) {
    unsafe slots[Int(position & (capacity - 1))].store(value, ordering: .relaxed)  // published by tail
  }

  /// Gs in the ring, without `runnext`. Exact for the owner while no thief is near; a hint for others.
  @inline(__always)
  var depth: Int {
    let first = head.acquired
    let end = tail.acquired
    return end > first ? Int(min(end - first, capacity)) : 0
  }

  /// Whether there is nothing to run or steal here: for the re-check of an M that is about to sleep.
  ///
  /// Between two reads the owner may move the G of `runnext` into the ring; so all is read again until `tail` rests.
  /// Ordering: sequentially consistent; see Spinning §3.
  var isEmpty: Bool {
    while true {
      let end = tail.ordered
      let empty = head.ordered == end && next.ordered == 0
      if tail.ordered == end { return empty }
    }
  }

  // MARK: the owner's half

  /// Puts `g` last; false when the queue is full.
  @inline(__always)
  package func push(_ g: G) -> Bool {
    let end = tail.relaxed
    let first = head.acquired  // pairs with the CAS of a thief
    guard end &- first < capacity else { return false }
    setSlot(end, g.slot)
    tail.publish(end &+ 1)  // pairs with the acquire in `steal`
    return true
  }

  /// Takes the first G of the ring.
  @inline(__always)
  package func pop() -> G? {
    while true {
      let first = head.acquired
      guard first != tail.relaxed else { return nil }
      let taken = slot(first)
      if head.compareExchange(first, first &+ 1) { return G(slot: taken) }
    }
  }

  /// Who is probably first in the ring, or was once: to bring its memory near, and for nothing else.
  @inline(__always)
  var coming: G { G(slot: slot(head.relaxed)) }

  /// Takes the older half of a full ring, in order. Empty when a thief came in between: then there is room.
  func spill() -> GQueue {
    var half = GQueue()
    let first = head.acquired
    let end = tail.relaxed
    guard end &- first == capacity else { return half }
    let count = capacity / 2
    // Copied first, linked after the CAS: until then a thief may own them.
    return unsafe withUnsafeTemporaryAllocation(of: UInt32.self, capacity: Int(count)) { taken in
      for index in 0..<Int(count) {
        unsafe taken.initializeElement(at: index, to: slot(first &+ UInt64(index)))
      }
      guard head.compareExchange(first, first &+ count) else { return half }
      for index in 0..<Int(count) { unsafe half.append(G(slot: taken[index])) }
      return half
    }
  }

  /// Makes `g` the next to run; the one that was to be next, if any.
  /// Ordering: sequentially consistent, so that it also submits `g`; see Spinning §3.
  @inline(__always)
  func exchangeNext(_ g: G?) -> G? {
    G(link: UInt32(truncatingIfNeeded: next.exchangeOrdered(UInt64(g?.link ?? 0))))
  }

  /// Whether there is one that is to be next: for the owner, from whom a thief may still take it.
  @inline(__always)
  var hasOwnNext: Bool { next.relaxed != 0 }

  /// Takes the one that is to be next.
  @inline(__always)
  func popNext() -> G? {
    guard next.relaxed != 0 else { return nil }  // only the owner fills it
    return exchangeNext(nil)
  }

  // MARK: the thief's half

  /// Takes half of `victim`'s ring, rounded up and oldest first: one to run at once, the others into this queue,
  /// which must be empty. nil when there was nothing to take.
  ///
  /// - Parameter tell: called with their number when they are taken and before anybody else can see those that go into this
  ///   queue: so whoever steals them on tells of it later.
  /// - Caller: the M that owns `self`; `victim` may be any other P's queue.
  /// - Source: Go's `runqgrab`; it runs the newest of the batch first, we keep the order.
  package func steal(
    from victim: LocalRunQueue, tell: (Int) -> Void = { _ in }
  ) -> (first: G, count: Int)? {
    while true {
      let start = victim.head.acquired
      let end = victim.tail.acquired  // pairs with the release in `push`
      guard end > start else { return nil }
      let count = (end &- start) &- (end &- start) / 2
      guard count <= victim.capacity / 2 else { continue }  // head and tail of different moments
      let mine = tail.relaxed
      let first = victim.slot(start)
      for index in 1..<max(count, 1) { setSlot(mine &+ index &- 1, victim.slot(start &+ index)) }
      guard victim.head.compareExchange(start, start &+ count) else { continue }
      tell(Int(count))
      if count > 1 { tail.publish(mine &+ count &- 1) }
      return (G(slot: first), Int(count))
    }
  }

  /// Whether `victim` keeps a G in `runnext`.
  var hasNext: Bool { nextLink != 0 }

  /// What is in `runnext`, for `stealNext`; 0: nothing.
  var nextLink: UInt64 { next.acquired }

  /// Takes `runnext` away from its owner if it still is what `nextLink` said; nil when it is not, or was nothing.
  func stealNext(_ link: UInt64, from victim: LocalRunQueue) -> G? {
    guard link != 0, victim.next.compareExchange(link, 0) else { return nil }
    return G(link: UInt32(truncatingIfNeeded: link))
  }
}
