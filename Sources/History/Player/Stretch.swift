// A stretch of history: the records of all lanes between two moments, a block at a time.
//
// A window (see Window) is a whole segment, put in order. A stretch unpacks only the blocks that it touches, the newest
// first, and takes records that wait to be compressed as they are. So a second of history can be looked at while the
// target goes on, with drains in between.
import Observed
import Region

/// Some successive records of one lane.
package struct StretchPiece {
  package let lane: Lane
  /// The position of the first record in its lane.
  package let first: UInt64
  /// The times of the first and of the last record, in ticks.
  package let firstTime, lastTime: UInt64
  package let count: Int
  fileprivate let content: Content

  fileprivate enum Content {
    case packed(Payload)
    case plain([Record])
  }

  /// Copies records that wait to be compressed, so that the history can go on with its own.
  package init(_ lane: LaneRecorder, _ records: ArraySlice<Record>) {
    (self.lane, content, count) = (lane.lane, .plain(Array(records)), records.count)
    first = lane.first &+ UInt64(records.startIndex)
    (firstTime, lastTime) = (records.first?.time ?? 0, records.last?.time ?? 0)
  }

  package init(_ block: EventBlock) {
    (lane, first, count, content) = (block.lane, block.first, block.count, .packed(block.payload))
    (firstTime, lastTime) = (block.firstTime, block.lastTime)
  }

  /// The records of the piece. If some cannot be unpacked, it returns only the records before them.
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
  /// The most segments to go back through, to learn what a quiet lane did last.
  private static let reach = 64

  /// The pieces between two moments in ticks, the newest first; and for each lane also the piece before them,
  /// if it is not too far back.
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
