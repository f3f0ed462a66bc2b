// The drain: takes the new records from every ring in use, and counts exactly how many it missed.
//
// Each ring has a reader, which is made when its P or M is first seen. A ring that is in use at the start is read from
// its next record on, a ring that comes later from its first. Each record is copied once, from the ring to where its
// taker wants it.
//
// The drain reads the rings one after the other, while their writers go on. Without a limit in time it would take an event
// from a ring that it reads last, but miss the cause of that event, if the cause was written into another ring after the
// drain had read that ring: a G would run that was never ready. So a drain takes only records that are not later than its
// own beginning. Its caller then has all events up to that moment, and none after it. Only a ring that is more than half
// full is taken whole, since lost records would be worse.
import Host
import Observed
import Region

/// The readers of all rings of one target.
struct Drain {
  private struct Follower {
    let lane: Lane
    let capacity: Int
    let position: Word
    var reader: RingReader
    var isP: Bool { if case .p = lane { true } else { false } }
  }

  /// At most this many records are taken from one ring at a time.
  static let batch = 4096

  private let pRings, mRings: RingPlaces
  private let lanes: LanePlaces
  private let mapping: Mapping
  private var followers: [Follower] = []
  private var ps = 0
  private var ms = 0
  /// Whether the rings that were in use at the start are already followed.
  private var isStarted = false

  init(_ schema: RegionSchema, _ mapping: Mapping, _ lanes: LanePlaces) throws(LayoutProblem) {
    pRings = try RingPlaces("p", schema, mapping)
    mRings = try RingPlaces("m", schema, mapping)
    (self.mapping, self.lanes) = (mapping, lanes)
  }

  /// The number of records that writers overwrote before they were taken, in all rings together. The number
  /// is exact.
  var lost: UInt64 { followers.reduce(0) { $0 &+ $1.reader.lost } }
  /// The number of records written since the target booted, to all rings together, as of now.
  var written: UInt64 { followers.reduce(0) { $0 &+ $1.position.relaxed } }
  /// The memory that the rings in use take, in bytes.
  var bytes: UInt64 { followers.reduce(0) { $0 &+ UInt64($1.capacity * Record.bytes) } }

  /// The counts of each ring: records written as of now, and records that were overwritten before they were taken.
  var rings: [Snapshot.Ring] {
    followers.map {
      Snapshot.Ring(lane: $0.lane, capacity: $0.capacity, events: $0.position.relaxed, lost: $0.reader.lost)
    }
  }

  /// Follows the rings of at least this many Ps and Ms from now on.
  ///
  /// - Parameter past: at the first call, each ring is read from this many records before its end. A ring that comes
  ///   later is read from its first record.
  mutating func follow(ps used: Int, ms usedMs: Int, past: Int = 0) {
    let past: Int? = isStarted ? nil : past
    isStarted = true
    while ps < min(used, pRings.count) {
      add(.p(ps), of: pRings, ps, positionIn: lanes.lane(ofP: ps), past: past)
      ps += 1
    }
    while ms < min(usedMs, mRings.count) {
      add(.m(ms), of: mRings, ms, positionIn: lanes.lane(ofM: ms), past: past)
      ms += 1
    }
  }

  private mutating func add(
    _ lane: Lane, of rings: RingPlaces, _ index: Int, positionIn block: Int, past: Int?
  ) {
    let position = lanes.blocks.word(.position, of: block)
    let written = position.acquired
    let start = past.map { written - min(written, UInt64(min($0, rings.records - 1))) } ?? 0
    let reader = mapping.ring(
      at: rings.offset(of: index), records: rings.records, position: position, from: start)
    followers.append(Follower(lane: lane, capacity: rings.records, position: position, reader: reader))
  }

  /// Hands the new records to `take`, ring by ring, in batches, the oldest first. It goes through the rings
  /// once, so a writer that is faster than the reader cannot keep the reader here. Rings of Ms come first:
  /// see Meter §4.
  ///
  /// - Parameter time: records that are later, in ticks, stay in their rings for the next drain.
  /// - Returns: how full the fullest ring had become since the last drain. From 1 on records are lost.
  mutating func drain(upTo time: UInt64, _ take: (Lane, EventReading) -> Void) -> Double {
    var fullest = 0.0
    for isP in [false, true] {
      for index in followers.indices where followers[index].isP == isP {
        fullest = max(fullest, drain(index, upTo: time, take))
      }
    }
    return fullest
  }

  /// Drains one ring, and returns how full it had become.
  private mutating func drain(
    _ index: Int, upTo time: UInt64, _ take: (Lane, EventReading) -> Void
  ) -> Double {
    var reader = followers[index].reader
    let start = reader.cursor
    let capacity = followers[index].capacity
    // If the ring is filling up, it is read without the limit: a lane that is known further than others is better than
    // lost records. The limit itself is only as exact as the conversion of nanoseconds into ticks.
    let isFilling = followers[index].position.acquired &- start > UInt64(capacity / 2)
    let time = isFilling ? .max : time
    var isWanted = true
    for _ in 0...(capacity / Self.batch) where isWanted && reader.hasNew {
      take(followers[index].lane) { records in
        let count = reader.drain(into: &records, limit: Self.batch, upTo: time)
        isWanted = count > 0
        // The reader drops lost records at the front of a batch, so the last record of a batch is the one before the
        // cursor.
        return reader.cursor &- UInt64(count)
      }
    }
    followers[index].reader = reader
    // Records that stay in the ring for the next drain take room, too.
    let written = max(followers[index].position.acquired, reader.cursor)
    return Double(written &- start) / Double(capacity)
  }
}

/// The places of the rings of all Ps, or of all Ms, in the region.
struct RingPlaces {
  let count, records: Int
  private let extent: RegionSchema.Extent

  init(_ name: String, _ schema: RegionSchema, _ mapping: Mapping) throws(LayoutProblem) {
    guard let ring = schema.rings[name] else { throw .missing("ring \(name)") }
    try ring.extent.check("ring \(name)", in: mapping)
    guard ring.records > 0, ring.records <= 1 << 24, ring.records & (ring.records - 1) == 0,
      ring.records <= ring.extent.stride / Record.bytes
    else { throw .impossible("the records of ring \(name)", UInt64(ring.records)) }
    (extent, count, records) = (ring.extent, ring.extent.count, ring.records)
  }

  func offset(of index: Int) -> Int { extent.offset + index * extent.stride }
}
