// A window: one segment of history unpacked, with its events in the order of time.
//
// It shows the moments from its `start` to `end`, the start of the next. Events of the segment up to `start` come
// first and are part of every model in it; events of the next segment up to `end` are part of it too (see History §3).
internal import Region

/// One event as history has it.
struct PlacedRecord: Equatable, Sendable {
  var record: Record
  var lane: Lane
  var position: UInt64
}

struct Window {
  /// Records that are unpacked at most: a damaged recording may promise any number.
  static let most = 1 << 23

  let number: Int
  let keyframe: Keyframe
  /// In ticks: where it begins and ends; `end` of the last window is nil.
  let start: UInt64
  let end: UInt64?
  private(set) var events: [PlacedRecord] = []
  /// Where records are missing.
  private(set) var gaps: [Gap] = []
  /// Whether everything was there and made sense.
  private(set) var isWhole = true
  /// Events that belong to its very first moment.
  private(set) var prefix = 0

  struct Gap: Equatable {
    var lane: Lane
    var count: UInt64
    /// In ticks: the last record before it, from when on it may be; 0 where it is open at its beginning.
    var after: UInt64
  }

  /// How far a lane is known: the position after its last record, and when that was.
  private typealias Known = (position: UInt64, time: UInt64)

  /// nil: there is no such segment, or its keyframe cannot be read.
  init?(_ number: Int, of history: History, _ decoder: RecordDecoder) {
    guard let segment = history.segment(number), history.numbers.contains(number),
      let keyframe = segment.keyframe.bytes.flatMap({ Keyframe($0) })
    else { return nil }
    let next = history.numbers.contains(number + 1) ? history.segment(number + 1) : nil
    (self.number, self.keyframe, start, end) = (number, keyframe, segment.start, next?.start)
    var runs: [[PlacedRecord]] = []
    var known: [Lane: Known] = [:]
    for boundary in keyframe.boundaries { known[boundary.lane] = (boundary.position, 0) }
    for (block, isNext) in segment.blocks.map({ ($0, false) }) + (next?.blocks ?? []).map({ ($0, true) }) {
      if isNext, block.firstTime > end ?? 0 { continue }
      var records: [Record] = []
      let bytes = block.payload.bytes ?? []
      if !decoder.decode(bytes, count: block.count, from: block.firstTime, into: &records) { isWhole = false }
      if isNext { records = Array(records.prefix { $0.time <= end ?? 0 }) }
      guard runs.reduce(records.count, { $0 + $1.count }) <= Self.most else {
        isWhole = false
        break
      }
      note(known[block.lane], goesOnAt: block.first, in: block.lane)
      known[block.lane] = (block.end, block.lastTime)
      runs.append(
        records.enumerated().map { index, record in
          PlacedRecord(record: record, lane: block.lane, position: block.first &+ UInt64(index))
        })
    }
    // What the next keyframe counts and no block has: a gap that goes up to it, or beyond.
    let boundaries = next?.keyframe.bytes.flatMap { Keyframe($0)?.boundaries } ?? []
    for boundary in boundaries { note(known[boundary.lane], goesOnAt: boundary.position, in: boundary.lane) }
    events = Self.merge(runs)
    prefix = count(upTo: start)
  }

  private mutating func note(_ known: Known?, goesOnAt position: UInt64, in lane: Lane) {
    guard let known, known.position < position else { return }
    gaps.append(Gap(lane: lane, count: position - known.position, after: known.time))
  }

  /// Records that are missing at a moment, in ticks.
  func missing(at ticks: UInt64) -> UInt64 { gaps.reduce(0) { $1.after < ticks ? $0 &+ $1.count : $0 } }

  /// Events that have happened at a moment.
  func count(upTo ticks: UInt64) -> Int {
    var (low, high) = (0, events.count)
    while low < high {
      let middle = (low + high) / 2
      if events[middle].record.time <= ticks { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// Runs that are each in order become one that is, earlier runs first where times are equal: the standard library's sort
  /// is stable, and merges what is in order already.
  static func merge(_ runs: [[PlacedRecord]]) -> [PlacedRecord] {
    var all = Array(runs.joined())
    all.sort { $0.record.time < $1.record.time }
    return all
  }

  /// The model when `count` of the events have happened, at the moment `ticks`.
  func model(after count: Int, at ticks: UInt64, reasons: [WaitReason?]) -> Model {
    var model = Model(keyframe.snapshot, reasons: reasons)
    for event in events.prefix(count) { model.apply(event.record, on: event.lane) }
    if !isWhole || missing(at: ticks) > 0 { model.noteGap() }
    return model
  }
}
