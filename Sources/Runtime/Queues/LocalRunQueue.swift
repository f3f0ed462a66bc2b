// The local run queue (LRQ): the Gs that one P will run next, and that other Ps may steal.
//
// §1 The problem. The owner pushes and pops tens of millions of times a second, mostly alone; now and then another P
// steals half. No G may be lost, and none may run twice.
//
// §2 What we rejected. A lock: the owner would pay for thieves that rarely come. A Chase–Lev deque: its owner takes the
// newest G, which is unfair to the older ones, and needs a fence in every pop. Stealing one G at a time: the thief
// would come back at once.
//
// §3 The design, Go's `runq`: a ring of 256 slots between two positions that only grow. Only the owner moves `tail`;
// owner and thieves move `head` by compare-and-swap (CAS). A slot from head to tail holds a G; the contents of the
// other slots mean nothing. The 64-bit positions never wrap, so a head that compares equal is the same head (no ABA
// problem).
//
// §4 The protocol.
//   push (owner)   read tail (own), head (acquire: whoever moved head past a slot had copied that slot before);
//                  full if tail − head = capacity; store the slot; tail ← tail + 1, release.
//   pop (owner)    read head (acquire), tail (own); empty if equal; read the slot; head +1 by CAS, or again.
//   steal (thief)  read head (acquire), then tail (acquire: pairs with push); n ← half of the difference, rounded up;
//                  copy n slots into the thief's own ring behind its tail, where nobody looks yet; head += n by CAS,
//                  or again; then publish the thief's tail, release.
//   spill (owner)  when full: take half of the own queue, as a thief would, and put it on the GRQ.
//
// §5 Why it is right. A copy made by pop, steal or spill counts only if its CAS succeeds. Success means that head has
// not moved since it was read. So no other M took these slots; and the owner, which never writes past head + capacity,
// did not reuse them. A thief that read head and tail at different moments may see a difference greater than the
// capacity; it notices (n > capacity / 2) and reads again.
//
// §6 `runnext` holds the G that the running G readied last. That G runs first, while its data is warm in the cache. The
// owner replaces it by an atomic exchange. A thief may take it by CAS, as a last resort, after giving the owner time to
// run it.
import Region
import Synchronization

/// The run queue of one P. A handle: ring and positions lie in the region, where readers see them.
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
    // relaxed: `tail` publishes the slot, and the CAS of `head` tells whether it was still in use
    unsafe slots[Int(position & (capacity - 1))].load(ordering: .relaxed)
  }

  @inline(__always)
  private func setSlot(_ position: UInt64, _ value: UInt32) {
    // relaxed: the store of `tail` publishes it
    unsafe slots[Int(position & (capacity - 1))].store(value, ordering: .relaxed)
  }

  /// The number of Gs in the ring, without `runnext`. Exact for the owner while no thief is at work; a hint for all
  /// other threads.
  @inline(__always)
  var depth: Int {
    let first = head.acquired
    let end = tail.acquired
    return end > first ? Int(min(end - first, capacity)) : 0
  }

  /// Whether there is nothing in this queue to run or steal. An M asks before it sleeps.
  ///
  /// Between two reads the owner may move the G of `runnext` into the ring, so the reads repeat until `tail` stays the
  /// same. Ordering: sequentially consistent; see Spinning §3.
  var isEmpty: Bool {
    while true {
      let end = tail.ordered
      let empty = head.ordered == end && next.ordered == 0
      if tail.ordered == end { return empty }
    }
  }

  // MARK: the owner's half

  /// Appends `g`; false when the queue is full.
  @inline(__always)
  package func push(_ g: G) -> Bool {
    let end = tail.relaxed
    let first = head.acquired  // pairs with the CAS of a thief
    guard end &- first < capacity else { return false }
    setSlot(end, g.slot)
    tail.publish(end &+ 1)  // pairs with the acquire in `steal`
    return true
  }

  /// Takes the first G of the ring; nil when the ring is empty.
  @inline(__always)
  package func pop() -> G? {
    while true {
      let first = head.acquired
      guard first != tail.relaxed else { return nil }
      let taken = slot(first)
      if head.compareExchange(first, first &+ 1) { return G(slot: taken) }
    }
  }

  /// The G that is probably first in the ring, or was first a moment ago. Good only for prefetching its
  /// memory.
  @inline(__always)
  var coming: G { G(slot: slot(head.relaxed)) }

  /// Takes the older half of a full ring, in order. Returns nothing when a thief has just made room.
  func spill() -> GQueue {
    var half = GQueue()
    let first = head.acquired
    let end = tail.relaxed
    guard end &- first == capacity else { return half }
    let count = capacity / 2
    // Link the Gs only after the CAS: until then a thief may own them, and links go through the Gs themselves.
    return unsafe withUnsafeTemporaryAllocation(of: UInt32.self, capacity: Int(count)) { taken in
      for index in 0..<Int(count) {
        unsafe taken.initializeElement(at: index, to: slot(first &+ UInt64(index)))
      }
      guard head.compareExchange(first, first &+ count) else { return half }
      for index in 0..<Int(count) { unsafe half.append(G(slot: taken[index])) }
      return half
    }
  }

  /// Makes `g` the next G to run (nil: none), and returns the G that was to be next.
  /// Ordering: sequentially consistent, so this also submits `g`; see Spinning §3.
  @inline(__always)
  func exchangeNext(_ g: G?) -> G? {
    G(link: UInt32(truncatingIfNeeded: next.exchangeOrdered(UInt64(g?.link ?? 0))))
  }

  /// Whether `runnext` holds a G. For the owner only; a thief may still take that G.
  @inline(__always)
  var hasOwnNext: Bool { next.relaxed != 0 }

  /// Takes the G of `runnext`; nil when there is none. Owner only.
  @inline(__always)
  func popNext() -> G? {
    guard next.relaxed != 0 else { return nil }  // only the owner fills `runnext`, so it stays empty
    return exchangeNext(nil)
  }

  // MARK: the thief's half

  /// Takes half of `victim`'s ring, rounded up, the oldest first: one G to run at once, the others into this queue,
  /// which must be empty. nil when there was nothing to take.
  ///
  /// - Parameter tell: called with the number of Gs taken, before any other thread can see those that go into this
  ///   queue. So if another thief steals these Gs again, that theft is reported later than this one.
  /// - Caller: the M that owns `self`; `victim` may be any other P's queue.
  /// - Source: Go's `runqgrab`. That function runs the newest G of the batch first; this one keeps the order.
  package func steal(
    from victim: LocalRunQueue, tell: (Int) -> Void = { _ in }
  ) -> (first: G, count: Int)? {
    while true {
      let start = victim.head.acquired
      let end = victim.tail.acquired  // pairs with the release in `push`
      guard end > start else { return nil }
      let count = (end &- start) &- (end &- start) / 2
      // `head` and `tail` were read at different moments, so try again.
      guard count <= victim.capacity / 2 else { continue }
      let mine = tail.relaxed
      let first = victim.slot(start)
      for index in 1..<max(count, 1) { setSlot(mine &+ index &- 1, victim.slot(start &+ index)) }
      guard victim.head.compareExchange(start, start &+ count) else { continue }
      tell(Int(count))
      if count > 1 { tail.publish(mine &+ count &- 1) }
      return (G(slot: first), Int(count))
    }
  }

  /// Whether `runnext` holds a G, as seen by other Ms.
  var hasNext: Bool { nextLink != 0 }

  /// The content of `runnext`, for `stealNext`; 0: nothing.
  var nextLink: UInt64 { next.acquired }

  /// Takes `runnext` from `victim` if it still holds `link`; nil when it does not, or `link` is 0.
  func stealNext(_ link: UInt64, from victim: LocalRunQueue) -> G? {
    guard link != 0, victim.next.compareExchange(link, 0) else { return nil }
    return G(link: UInt32(truncatingIfNeeded: link))
  }
}
