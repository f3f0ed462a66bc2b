// One lane on its way into history: records that are not compressed yet, and where the next segment begins.
internal import Region

struct LaneRecorder {
  let lane: Lane
  /// Records that wait to be compressed, and the position of the first.
  private(set) var records: [Record] = []
  private(set) var first: UInt64 = 0
  /// Number of the segment that they belong to.
  var segment: Int
  /// Moves of Gs among all records before `first`, and what to add to get the lane's counters; see History §4.
  private var moves: UInt64 = 0
  private var base: UInt64?
  /// The moment that ends the segment, until it is reached.
  private(set) var mark: LaneMark?
  /// Drains that a record has been waited for that should have come.
  private var patience = 0
  /// Time of the last record that was taken out; nil: there was none.
  private var lastTime: UInt64?
  /// Where the segment began in this lane, and the time of the last record before.
  private(set) var boundaryPosition: UInt64 = 0
  private(set) var boundaryTime: UInt64?
  private var isNew = true

  /// Drains that a record is waited for that was counted, but not written: its thread was interrupted in between.
  private static let mostPatience = 8

  init(_ lane: Lane, segment: Int) { (self.lane, self.segment) = (lane, segment) }

  /// Position after the last record.
  var end: UInt64 { first &+ UInt64(records.count) }

  /// Whether `position` is where this lane goes on, so that nothing was lost before it.
  func continues(at position: UInt64) -> Bool { isNew || end == position }

  mutating func take(_ batch: [Record], from position: UInt64) {
    if isNew || records.isEmpty { first = position }
    isNew = false
    records += batch
  }

  /// Something was lost: what was counted cannot be compared any more. `records` must be empty.
  mutating func skip(to position: UInt64) {
    (first, base) = (position, nil)
  }

  mutating func expect(_ mark: LaneMark) {
    (self.mark, patience) = (mark, 0)
  }

  /// How many of `records` belong before the mark; nil: not reached yet. See History §4.
  mutating func boundary() -> Int? {
    guard let mark else { return nil }
    if isNew {
      (first, isNew) = (mark.position, false)
      base = mark.moves
      return 0
    }
    if end < mark.position {  // the ring has them; they are coming
      patience += 1
      return patience > Self.mostPatience ? records.count : nil
    }
    var count = mark.position > first ? Int(clamping: mark.position - first) : 0
    let counted = mark.moves &- (moves &+ MoveKinds.count(records[..<count]))
    guard let base, counted &- base <= 4 else {
      self.base = counted
      return count
    }
    var ahead = counted - base
    while ahead > 0, count < records.count {
      ahead -= MoveKinds.count(records[count])
      count += 1
    }
    if ahead == 0 { return count }
    patience += 1
    guard patience > Self.mostPatience else { return nil }
    self.base = base + ahead
    return records.count
  }

  /// The lane has gone on to the next segment.
  mutating func advance() {
    segment += 1
    mark = nil
    (boundaryPosition, boundaryTime) = (first, lastTime)
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
          lastTime: records[range.upperBound - 1].time, payload: .memory(encoder.encode(records, range))))
      next = range.upperBound
    }
    guard count > 0 else { return blocks }
    lastTime = max(lastTime ?? 0, records[count - 1].time)
    moves &+= MoveKinds.count(records[..<count])
    first &+= UInt64(count)
    records.removeSubrange(..<count)
    return blocks
  }
}
