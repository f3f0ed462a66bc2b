// One lane (the events of one P or M) of a history that grows: its records that are not compressed yet, and the
// boundary, which is the position in the lane at which the next segment begins.
import Observed
import Region

/// Collects the records of one lane until they are compressed.
package struct LaneRecorder {
  package let lane: Lane
  /// Records that wait to be compressed.
  package private(set) var records: [Record] = []
  /// The position of the first waiting record in the lane.
  package private(set) var first: UInt64 = 0
  /// The number of the segment to which the waiting records belong.
  package var segment: Int
  /// The boundary at which the segment `segment` ends; nil: the next keyframe has not been made yet.
  package private(set) var mark: LaneMark?
  /// How many drains did not reach the boundary, because a record before it was counted, but not written yet.
  private var patience = 0
  /// The time of the last record that was taken out, in ticks; nil: there was none.
  private var lastTime: UInt64?
  /// The position at which the segment begins in this lane.
  private(set) var boundaryPosition: UInt64 = 0
  /// The time of the last record before `boundaryPosition`, in ticks; nil: there was none.
  private(set) var boundaryTime: UInt64?
  /// Whether the last boundary is exact: the lane's counters had counted up to this position when the keyframe read
  /// them (History §4).
  package private(set) var isExact = true
  private var isNew = true
  /// The position of the records that were added last, if records were lost before them; nil: none were lost.
  package private(set) var gap: UInt64?

  /// At most this many drains are made to reach the boundary while a record before it was counted but not written,
  /// because its thread was interrupted in between.
  private static let mostPatience = 200

  package init(_ lane: Lane, segment: Int) { (self.lane, self.segment) = (lane, segment) }

  /// The position in the lane behind the last record that has come.
  package var end: UInt64 { first &+ UInt64(records.count) }

  /// Adds the new records, and returns how many there were. If records were lost before them, `gap` is set.
  /// Then the caller must first seal what was there before, and skip the gap.
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

  /// Forgets the last `count` records, as if the lane had lost them.
  package mutating func drop(_ count: Int) { records.removeLast(count) }

  /// Goes on behind a gap in the lane: the records that are held now all come after it, and the first of them has
  /// this position.
  package mutating func skip(to position: UInt64) { (first, gap) = (position, nil) }

  /// How many of the records certainly belong to the segment `segment`.
  var sealable: Int {
    guard let mark else { return records.count }
    return isNew || mark.begun <= first ? 0 : min(records.count, Int(clamping: mark.begun - first))
  }

  /// Whether a segment can begin at the mark. It cannot if the mark is exact and records behind it were taken out
  /// already.
  func canBegin(at mark: LaneMark) -> Bool { isNew || mark.begun >= first || !mark.isExact }

  mutating func expect(_ mark: LaneMark) {
    (self.mark, patience) = (mark, 0)
  }

  /// Returns how many of the records stand before the boundary, at which the next segment begins; nil: there is no next
  /// keyframe yet, or not all records before its boundary have come. See History §4.
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

  /// Notes that the lane goes on to the next segment.
  package mutating func advance() {
    segment += 1
    // Records may be missing before the mark, where the gauges count them, or behind it. With the boundary at the mark,
    // such a gap shows in the segment to which it belongs. If the mark is not exact, the boundary is the next record
    // that was drained.
    boundaryPosition = isExact ? mark?.begun ?? first : first
    boundaryTime = lastTime
    mark = nil
  }

  /// Takes out the first `count` records, compressed by `encoder`.
  package mutating func seal(_ count: Int, _ encoder: RecordEncoder) -> [EventBlock] {
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
