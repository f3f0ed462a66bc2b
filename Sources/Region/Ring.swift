// The ring of events: both halves of the protocol, side by side.
//
// §1 The problem. One thread writes up to tens of millions of events a second, and must never wait, fail or
// allocate. Any number of readers in other processes come and go; they cannot write. A reader that lags must know
// exactly how many records it missed, and must never take a torn record for a whole one.
//
// §2 Rejected. Readers that announce their position: they would have to write, and could hold the writer up. A
// sequence number in each slot: it takes 8 bytes of each record, and the writer must store it twice. Locks: a reader
// could stop the writer.
//
// §3 The design. `position` counts the records ever written; record n lies in slot n mod capacity. `position` has 64
// bits, so it does not wrap in the life of a machine; the arithmetic would survive it.
//
// §4 The protocol.
//   Writer, of record n:           W1  release fence
//                                  W2  four relaxed stores into slot n mod capacity
//                                  W3  position ← n + 1, release
//   Reader, wanting records ≥ c:   R1  p ← position, acquire
//                                  R2  first ← max(c, p − capacity + 1); copy records first…p−1, relaxed
//                                  R3  acquire fence
//                                  R4  p' ← position
//                                  R5  drop the copied records with index ≤ p' − capacity. The records that were
//                                      not copied, or dropped, are lost: kept + lost = p − c, exactly
//
// §5 Why it is right. R1 pairs with W3: all records below p were fully stored. A copy of record n can be spoilt only
// by the writer's W2 of record n + capacity or later. If R2 saw any store of that W2, the fences W1 and R3 pair, so
// R4 sees at least what the writer had published before W1: p' ≥ n + capacity, hence n ≤ p' − capacity, and R5 drops
// the copy. Without W1, a reader could see the stores of W2 before the previous W3. Without R3, the load R4 could
// move above the copy. R5 says ≤ and not <, because at p' = n + capacity the writer may be inside W2.
//
// §6 The words of a slot are atomics. So a torn record is detected, and reading one is no undefined behaviour.
public import Synchronization

/// The writing half. One thread uses it at a time: the M that holds the P or, for an M's own ring, that M.
@safe @frozen public struct RingWriter {
  // Owner: the region's mapping, which is never unmapped while the runtime lives.
  @usableFromInline let slots: UnsafeMutableRawPointer
  @usableFromInline let position: Word
  @usableFromInline let mask: UInt64

  /// - Parameter capacity: records; a power of two.
  public init(slots: UnsafeMutableRawPointer, capacity: Int, position: Word) {
    precondition(capacity > 0 && capacity & (capacity - 1) == 0, "a ring's capacity is a power of two")
    unsafe self.slots = slots
    self.position = position
    mask = UInt64(capacity - 1)
  }

  /// Appends a record, overwriting the oldest. Never waits, fails or allocates. See §4.
  @inlinable @inline(__always)
  public func append(_ record: Record) {
    let n = position.relaxed  // no other thread writes `position`
    let slot = unsafe slots + Int(truncatingIfNeeded: (n & mask) &* UInt64(Record.bytes))
    atomicMemoryFence(ordering: .releasing)  // W1 of §4: pairs with R3
    unsafe Word(at: slot).set(record.time)  // W2 of §4
    unsafe Word(at: slot + 8).set(record.what)
    unsafe Word(at: slot + 16).set(record.g)
    unsafe Word(at: slot + 24).set(record.arg)
    position.publish(n &+ 1)  // W3 of §4: pairs with R1
  }
}

/// The reading half: one reader's cursor in one ring. Any number of readers may read one ring; none disturbs another.
@safe public struct RingReader {
  // Owner: whoever mapped the region; the mapping outlives the reader.
  private let slots: UnsafeMutableRawPointer
  private let position: Word
  private let capacity: UInt64
  /// The next record that this reader wants.
  public private(set) var cursor: UInt64
  /// Number of records that the writer overwrote before this reader had them. The number is exact.
  public private(set) var lost: UInt64 = 0

  /// Starts at record `start`; nil: at the next one to be written.
  /// - Parameter capacity: records; a power of two, which the caller must have checked.
  public init(slots: UnsafeMutableRawPointer, capacity: Int, position: Word, from start: UInt64? = nil) {
    unsafe self.slots = slots
    self.position = position
    self.capacity = UInt64(capacity)
    cursor = start ?? position.acquired
  }

  /// Whether records were written that this reader has not drained.
  public var hasNew: Bool { position.acquired > cursor }

  /// Appends the new records to `records`, at most `limit` of them, and returns how many it appended. Those at the end
  /// that are later than `time`, in ticks, stay in the ring for the next call.
  ///
  /// `cursor` advances by exactly the number appended plus the number newly lost. A position that has run backwards, as
  /// in damaged memory, counts as nothing new.
  public mutating func drain(into records: inout [Record], limit: Int = .max, upTo time: UInt64 = .max) -> Int
  {
    let published = position.acquired  // R1 of §4
    guard published > cursor else { return 0 }
    let oldest = published >= capacity ? published - capacity + 1 : 0
    let first = max(cursor, oldest)
    let end = published - first > UInt64(limit) ? first + UInt64(limit) : published
    let base = records.count
    for n in first..<end { records.append(copy(n)) }  // R2 of §4
    atomicMemoryFence(ordering: .acquiring)  // R3 of §4: pairs with W1
    let now = position.relaxed  // R4 of §4
    let spoilt = now >= capacity ? min(end, max(first, now - capacity + 1)) - first : 0  // R5 of §4
    if spoilt > 0 { records.removeSubrange(base..<base + Int(spoilt)) }
    lost &+= first - cursor + spoilt
    cursor = end
    while records.count > base, let last = records.last, last.time > time {
      records.removeLast()
      cursor -= 1
    }
    return records.count - base
  }

  private func copy(_ n: UInt64) -> Record {
    let slot = unsafe slots + Int(n & (capacity - 1)) * Record.bytes
    return unsafe Record(
      time: Word(at: slot).relaxed, what: Word(at: slot + 8).relaxed,
      g: Word(at: slot + 16).relaxed, arg: Word(at: slot + 24).relaxed)
  }
}
