// The ring: kept records are whole, in order, and complete except for those that are counted as lost,
// whatever readers do. RingModelTests explores every interleaving of a small ring. These tests use the real
// ring, step by step and under torture.
import Region
import Synchronization
import TestSupport
import Testing

/// A ring whose position word comes first.
private struct Ring {
  let arena: Arena
  let capacity: Int
  // Slots begin on a cache line of their own, after the position's line.
  private static let firstSlotWord = 8

  init(capacity: Int, at start: UInt64 = 0) {
    self.capacity = capacity
    arena = Arena(words: Self.firstSlotWord + capacity * Record.words)
    arena.word(0).set(start)
  }

  private var slots: UnsafeMutableRawPointer { unsafe arena.base + Self.firstSlotWord * 8 }
  var position: Word { arena.word(0) }
  var writer: RingWriter { unsafe RingWriter(slots: slots, capacity: capacity, position: position) }
  func reader(from start: UInt64? = nil) -> RingReader {
    unsafe RingReader(slots: slots, capacity: capacity, position: position, from: start)
  }
}

/// Record `n`. Each word follows from `n`, and no word fits another record.
private func record(_ n: UInt64) -> Record {
  Record(time: n, what: ~n, g: n &* 0x9e37_79b9_7f4a_7c15, arg: n ^ 0x5555_5555_5555_5555)
}

/// The parameters of a torture run.
private struct Torture: Sendable, CustomTestStringConvertible {
  var capacity: Int
  /// The position at the start. Some starts are just below 2^32, where a 32-bit counter would wrap.
  var start: UInt64
  static let records: UInt64 = 600_000
  var testDescription: String { "capacity \(capacity) from \(start)" }

  static let all = [
    Torture(capacity: 8, start: 0), Torture(capacity: 64, start: 0),
    Torture(capacity: 8, start: 0xffff_ffff - 100_000), Torture(capacity: 64, start: 0xffff_ffff - 300_000),
    Torture(capacity: 4096, start: 1 << 40),
  ]
}

/// What a reader found under torture.
private struct Findings: Sendable {
  var kept = 0
  var lost: UInt64 = 0
  var drains = 0
  var torn = 0
  var misplaced = 0
  var miscounted = 0
}

/// Drains until `end`, and checks each record and each drain's account.
private func drainAll(_ reader: consuming RingReader, until end: UInt64, limit: Int) -> Findings {
  var found = Findings()
  var records: [Record] = []
  while reader.cursor < end {
    let (cursor, lost) = (reader.cursor, reader.lost)
    records.removeAll(keepingCapacity: true)
    let kept = reader.drain(into: &records, limit: limit)
    found.drains += 1
    found.kept += kept
    if UInt64(kept) + reader.lost - lost != reader.cursor - cursor { found.miscounted += 1 }
    // The lost records are the oldest: the kept records end at the cursor, without a gap.
    for (index, record) in records.enumerated() {
      let n = reader.cursor - UInt64(kept) + UInt64(index)
      if record != RegionTests.record(record.time) { found.torn += 1 }
      if record.time != n { found.misplaced += 1 }
    }
  }
  found.lost = reader.lost
  return found
}

@Suite("Ring")
struct RingTests {
  @Test("records come out whole and in order, until the ring has gone round")
  func recordsComeOutInOrder() {
    let ring = Ring(capacity: 8)
    var reader = ring.reader(from: 0)
    for n in 0..<5 as Range<UInt64> { ring.writer.append(record(n)) }
    var records: [Record] = []

    #expect(reader.drain(into: &records) == 5)
    #expect(records == (0..<5).map(record))
    #expect(reader.lost == 0)
    #expect(reader.drain(into: &records) == 0)
  }

  @Test("a lapped reader keeps capacity − 1 records, the newest, and knows how many it lost")
  func lappedReadersKnowTheirLoss() {
    let ring = Ring(capacity: 8)
    var reader = ring.reader(from: 0)
    for n in 0..<100 as Range<UInt64> { ring.writer.append(record(n)) }
    var records: [Record] = []

    #expect(reader.drain(into: &records) == 7)
    #expect(records == (93..<100).map(record))
    #expect(reader.lost == 93)
    #expect(reader.cursor == 100)
  }

  @Test("the slot that the writer may be inside is never kept")
  func slotUnderTheWriterIsDropped() {
    let ring = Ring(capacity: 8)
    var reader = ring.reader(from: 0)
    for n in 0..<8 as Range<UInt64> { ring.writer.append(record(n)) }
    var records: [Record] = []

    #expect(reader.drain(into: &records) == 7)
    #expect(records.first == record(1))
    #expect(reader.lost == 1)
  }

  @Test("a limit takes the oldest first and loses nothing that is still there")
  func limitsTakeTheOldestFirst() {
    let ring = Ring(capacity: 64)
    var reader = ring.reader(from: 0)
    for n in 0..<10 as Range<UInt64> { ring.writer.append(record(n)) }
    var records: [Record] = []

    #expect(reader.drain(into: &records, limit: 4) == 4)
    #expect(reader.drain(into: &records, limit: 0) == 0)
    #expect(reader.drain(into: &records, limit: 100) == 6)
    #expect(records == (0..<10).map(record))
    #expect(reader.lost == 0)
  }

  @Test("a reader without a start sees only what is written after it came")
  func readersStartAtTheEnd() {
    let ring = Ring(capacity: 8)
    ring.writer.append(record(0))
    var reader = ring.reader()
    ring.writer.append(record(1))
    var records: [Record] = []

    #expect(reader.drain(into: &records) == 1)
    #expect(records == [record(1)])
  }

  @Test("a full limit appends behind what the caller holds already, and dropping touches only its own")
  func drainsAppend() {
    let ring = Ring(capacity: 8)
    var reader = ring.reader(from: 0)
    var records = [record(999)]
    for n in 0..<20 as Range<UInt64> { ring.writer.append(record(n)) }

    #expect(reader.drain(into: &records) == 7)
    #expect(records.first == record(999))
    #expect(records.count == 8)
  }

  @Test("noise in the position is nothing new, or loss, never a trap nor an endless loop")
  func positionsOfNoiseAreHarmless() {
    let ring = Ring(capacity: 8, at: 1000)
    var reader = ring.reader()
    var records: [Record] = []

    ring.position.set(3)
    #expect(reader.drain(into: &records) == 0)
    #expect(reader.cursor == 1000)
    ring.position.set(.max)
    #expect(reader.drain(into: &records) == 7)
    #expect(reader.lost == UInt64.max - 7 - 1000)
    #expect(reader.drain(into: &records) == 0)
    ring.position.set(0)
    #expect(reader.drain(into: &records) == 0)
  }

  @Test("a ring of one record is legal, and its only slot is always the writer's")
  func ringsOfOneKeepNothing() {
    let ring = Ring(capacity: 1)
    var reader = ring.reader(from: 0)
    for n in 0..<3 as Range<UInt64> { ring.writer.append(record(n)) }
    var records: [Record] = []

    #expect(reader.drain(into: &records) == 0)
    #expect(reader.lost == 3)
  }

  @Test(
    "under torture no torn record is kept, order holds, and kept + lost is what went by, to the record",
    arguments: Torture.all)
  private func tortureKeepsEveryPromise(torture: Torture) {
    let ring = Ring(capacity: torture.capacity, at: torture.start)
    let (start, end) = (torture.start, torture.start + Torture.records)
    let findings = Mutex<[Findings]>([])
    let limits = [Int.max, Int.max, 5]

    withThreads(limits.count) { reader in
      let found = drainAll(ring.reader(from: start), until: end, limit: limits[reader])
      findings.withLock { $0.append(found) }
    } while: {
      let writer = ring.writer
      for n in start..<end { writer.append(record(n)) }
    }

    let all = findings.withLock { $0 }
    #expect(all.count == 3)
    for found in all {
      #expect(found.torn == 0)
      #expect(found.misplaced == 0)
      #expect(found.miscounted == 0)
      #expect(UInt64(found.kept) + found.lost == end - start)
      #expect(found.kept > 0)
    }
  }
}
