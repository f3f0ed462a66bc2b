// A stretch of history: the records of all lanes between two moments, a block at a time.
//
// Unlike a window (see Window), which is a whole segment put in order, it unpacks only the blocks that touch the
// stretch, newest first, and those records that wait to be compressed as they are. So a second of it can be looked at
// while the target goes on, with drains in between.
import Observed
import Region

/// Some records of one lane, in its order.
package struct StretchPiece {
  package let lane: Lane
  /// Position of the first, and times of the first and the last in ticks.
  package let first: UInt64
  package let firstTime, lastTime: UInt64
  package let count: Int
  fileprivate let content: Content

  fileprivate enum Content {
    case packed(Payload)
    case plain([Record])
  }

  /// Records that wait to be compressed: a copy of as many as are wanted, so that history can go on with its own.
  package init(_ lane: LaneRecorder, _ records: ArraySlice<Record>) {
    (self.lane, content, count) = (lane.lane, .plain(Array(records)), records.count)
    first = lane.first &+ UInt64(records.startIndex)
    (firstTime, lastTime) = (records.first?.time ?? 0, records.last?.time ?? 0)
  }

  package init(_ block: EventBlock) {
    (lane, first, count, content) = (block.lane, block.first, block.count, .packed(block.payload))
    (firstTime, lastTime) = (block.firstTime, block.lastTime)
  }

  /// The records; as many as could be unpacked.
  package func records(_ decoder: RecordDecoder) -> [Record] {
    switch content {
    case .plain(let records): return records
    case .packed(let payload):
      var records: [Record] = []
      _ = decoder.decode(payload.bytes ?? [], count: count, from: firstTime, into: &records)
      return records
    }
  }
}

extension History {
  /// Segments that are gone back through at most to learn what a quiet lane did last.
  private static let reach = 64

  /// What there is of `from...to`, in ticks, the newest piece first; and of each lane the piece before that, if there
  /// is one not too far back.
  package func pieces(from: UInt64, to: UInt64) -> [StretchPiece] {
    var found: [StretchPiece] = []
    /// Lanes whose state at `from` is known.
    var isKnown: Set<Lane> = []
    for lane in waiting {
      guard let first = lane.records.first, first.time <= to else { continue }
      if first.time <= from { isKnown.insert(lane.lane) }
      found.append(StretchPiece(lane, lane.records[...]))
    }
    var behind = 0
    for number in numbers.reversed() {
      guard let segment = segment(number) else { break }
      for block in segment.blocks.reversed() where block.firstTime <= to {
        guard block.lastTime >= from || isKnown.insert(block.lane).inserted else { continue }
        if block.firstTime <= from { isKnown.insert(block.lane) }
        found.append(StretchPiece(block))
      }
      if segment.start < from { behind += 1 }
      if behind > Self.reach { break }
    }
    return found.sorted { $0.lastTime > $1.lastTime }
  }
}
