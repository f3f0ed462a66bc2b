// The end of a recording that is made while the target runs on.
//
// Rings are read one after the other. So the last read takes events of a late ring whose causes, in a ring that was read
// earlier, came too late to be taken: at the very end a G would run that was never ready. A live viewer looks no further
// than the moment up to which all lanes are known (`Player.newestTime`). Readers of a recording have no such moment, so
// the events after it are not written.
import Observed
import Region

/// Leaves out what is later than a moment.
struct RecordingEnd {
  /// The last moment that is written, in nanoseconds; nil: everything is.
  private let moment: UInt64?
  private let decoder = RecordDecoder()
  private let encoder = RecordEncoder()

  init(of history: History) { moment = history.drained }

  /// The blocks of `segment` without the records that are later than the end. Blocks that cannot be read stay as they
  /// are: their reader says so.
  func blocks(of segment: Segment) -> [EventBlock] {
    guard let moment, let clock = segment.keyframe.bytes.flatMap({ Keyframe($0)?.clock }) else {
      return segment.blocks
    }
    let end = clock.ticks(at: moment)
    return segment.blocks.compactMap { block in block.lastTime <= end ? block : cut(block, after: end) }
  }

  private func cut(_ block: EventBlock, after end: UInt64) -> EventBlock? {
    var records: [Record] = []
    guard let bytes = block.payload.bytes,
      decoder.decode(bytes, count: block.count, from: block.firstTime, into: &records)
    else { return block }
    let count = records.firstIndex { $0.time > end } ?? records.count
    guard count > 0 else { return nil }
    var part = block
    (part.count, part.lastTime) = (count, records[count - 1].time)
    part.payload = .memory(encoder.encode(records, 0..<count))
    return part
  }
}
