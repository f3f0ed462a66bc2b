// One lane on its way into history: records that are not compressed yet, and where the next segment begins.
import Observed
import Region

package struct LaneRecorder {
  package let lane: Lane
  /// Records that wait to be compressed, and the position of the first.
  package private(set) var records: [Record] = []
  package private(set) var first: UInt64 = 0
  /// Number of the segment that they belong to.
  package var segment: Int
  /// The moment that ends the segment, until it is reached.
  package private(set) var mark: LaneMark?
  /// Drains that a record has been waited for that should have come.
  private var patience = 0
  /// Time of the last record that was taken out; nil: there was none.
  private var lastTime: UInt64?
  /// Where the segment began in this lane, and the time of the last record before.
  private(set) var boundaryPosition: UInt64 = 0
  private(set) var boundaryTime: UInt64?
  /// Whether the last boundary is where the gauges of its keyframe stand.
  package private(set) var isExact = true
  private var isNew = true
  /// Where the records go on that were taken in last, when some were lost before them.
  package private(set) var gap: UInt64?

  /// Drains that a record is waited for that was counted, but not written: its thread was interrupted in between.
  private static let mostPatience = 200

  package init(_ lane: Lane, segment: Int) { (self.lane, self.segment) = (lane, segment) }

  /// Position after the last record.
  package var end: UInt64 { first &+ UInt64(records.count) }

  /// Takes in what `read` has, and returns how many records that was. Where some were lost before them, `gap` says so,
  /// and what was there before must be sealed, and the gap skipped, before anything else.
  package mutating func take(_ read: EventReading) -> Int {
    let before = end
    let known = records.count
    let position = read(&records)
    let count = records.count - known
    guard count > 0 else { return 0 }
    if isNew { first = position } else if position != before { gap = position }
    isNew = false
    return count
  }

  /// What is left of `records` comes behind the gap, and begins at `position`.
  package mutating func skip(to position: UInt64) { (first, gap) = (position, nil) }

  mutating func expect(_ mark: LaneMark) {
    (self.mark, patience) = (mark, 0)
  }

  /// How many of `records` belong before the mark; nil: not reached yet. See History §4.
  package mutating func boundary() -> Int? {
    guard let mark else { return nil }
    if isNew { (first, isNew) = (min(mark.position, mark.begun), false) }
    isExact = mark.isExact
    guard end < mark.begun else { return mark.begun > first ? Int(mark.begun - first) : 0 }
    patience += 1
    guard patience > Self.mostPatience else { return nil }
    isExact = false
    return records.count
  }

  /// The lane has gone on to the next segment.
  package mutating func advance() {
    segment += 1
    // Where records are missing that the gauges count, or behind the mark, the boundary is before them or at it: so
    // the gap shows on its own side.
    boundaryPosition = isExact ? mark?.begun ?? first : first
    boundaryTime = lastTime
    mark = nil
  }

  /// Takes the first `count` records out, compressed by `encoder`.
  mutating func seal(_ count: Int, _ encoder: RecordEncoder) -> [EventBlock] {
    var blocks: [EventBlock] = []
    var next = 0
    while next < count {
      let range = next..<min(count, next + RecordEncoder.most)
      blocks.append(
        EventBlock(
          lane: lane, first: first &+ UInt64(next), count: range.count, firstTime: records[next].time,
          lastTime: records[range.upperBound - 1].time, payload: .memory(encoder.encode(records, range)),
          kinds: RecordSieve.kinds(of: records[range])))
      next = range.upperBound
    }
    guard count > 0 else { return blocks }
    lastTime = max(lastTime ?? 0, records[count - 1].time)
    first &+= UInt64(count)
    records.removeSubrange(..<count)
    return blocks
  }
}
