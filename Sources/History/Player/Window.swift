// A window: one segment of history unpacked, with its events in the order of time.
//
// A window shows the moments from its `start` to its `end`, which is the `start` of the next segment. A segment
// begins at another position in each lane, and not at one moment (History §3). So the window's segment also has
// events from before `start`: they have happened at every moment that the window shows. And the next segment has
// events that are not later than `end`: they belong to this window, too.
import Observed
import Region

/// One segment of history, unpacked.
package struct Window {
  /// At most this many records are unpacked, because a damaged recording may promise any number.
  package static let most = 1 << 23

  package let number: Int
  package let keyframe: Keyframe
  /// The moment at which the window begins, in ticks.
  package let start: UInt64
  /// The moment at which the window ends, in ticks; nil: it is the last window.
  package let end: UInt64?
  package private(set) var events: [PlacedRecord] = []
  /// The places where records are missing.
  package private(set) var gaps: [Gap] = []
  /// Whether all blocks could be unpacked, and had no more than `most` records.
  package private(set) var isWhole = true
  /// How many of the events are not later than `start`. They have happened at every moment that the window shows.
  package private(set) var prefix = 0

  /// A place in a lane where records are missing.
  package struct Gap: Equatable {
    package var lane: Lane
    package var count: UInt64
    /// The time of the last record before the gap, in ticks; 0: there is none. The missing records are later.
    package var after: UInt64
  }

  /// How much of the segments was read into a window. If a segment has grown, a new window is needed. The number of blocks
  /// would not tell that: two copies of a history may compress the records that wait into as many blocks of other sizes.
  package struct Extent: Equatable {
    package var records: Int
    package var next: Int?
    package var end: UInt64?
    package var isPreliminary: Bool

    package init?(_ number: Int, of history: History) {
      guard let segment = history.segment(number), history.numbers.contains(number) else { return nil }
      let next = history.numbers.contains(number + 1) ? history.segment(number + 1) : nil
      (records, self.next, end) = (segment.records, next?.records, next?.start)
      isPreliminary = segment.isPreliminary
    }
  }

  package let extent: Extent
  /// How many records were decoded to make this window.
  package private(set) var looked = 0

  /// How far a lane is known: the position behind its last record, and that record's time in ticks.
  private typealias Known = (position: UInt64, time: UInt64)

  /// Unpacks a segment; nil: there is no such segment, or its keyframe cannot be read.
  ///
  /// - Parameter sieve: lets through the events that are wanted. A window with a sieve lacks events, so no model can be
  ///   made of it.
  package init?(_ number: Int, of history: History, _ decoder: RecordDecoder, only sieve: RecordSieve? = nil)
  {
    guard let segment = history.segment(number), let extent = Extent(number, of: history),
      let keyframe = segment.keyframe.bytes.flatMap({ Keyframe($0) })
    else { return nil }
    let next = history.numbers.contains(number + 1) ? history.segment(number + 1) : nil
    (self.number, self.keyframe, start, end) = (number, keyframe, segment.start, next?.start)
    self.extent = extent
    var known: [Lane: Known] = [:]
    for boundary in keyframe.boundaries { known[boundary.lane] = (boundary.position, 0) }
    var runs = Runs(sieve)
    for (block, isNext) in segment.blocks.map({ ($0, false) }) + (next?.blocks ?? []).map({ ($0, true) }) {
      if isNext, block.firstTime > end ?? 0 { continue }
      if sieve?.mayPassSome(of: block) ?? true {
        guard looked + block.count <= Self.most else {
          isWhole = false
          break
        }
        looked += block.count
        if !runs.add(block, upTo: isNext ? end ?? 0 : .max, decoder) { isWhole = false }
      }
      note(known[block.lane], goesOnAt: block.first, in: block.lane)
      known[block.lane] = (block.end, block.lastTime)
    }
    // A lane may have records that the next keyframe counts but that are in no block. They are missing, so
    // they are a gap as well.
    let following = next?.keyframe.bytes.flatMap { Keyframe($0) }
    for boundary in following?.boundaries ?? [] {
      var end = known[boundary.lane]
      // Before a gap nothing is missing, and no moment of the gap is shown.
      if let gap = following?.gapBegin, let known = end {
        end?.time = max(known.time, keyframe.clock.ticks(at: gap))
      }
      note(end, goesOnAt: boundary.position, in: boundary.lane)
    }
    events = Self.merge(runs.lanes)
    prefix = count(upTo: start)
  }

  /// The records of each lane, before they are put into one order.
  private struct Runs {
    private let sieve: RecordSieve?
    private var places: [Lane: Int] = [:]
    private(set) var lanes: [[PlacedRecord]] = []
    private var records: [Record] = []

    init(_ sieve: RecordSieve?) { self.sieve = sieve }

    /// Unpacks a block, and returns whether all of it was there.
    mutating func add(_ block: EventBlock, upTo end: UInt64, _ decoder: RecordDecoder) -> Bool {
      records.removeAll(keepingCapacity: true)
      let isWhole = decoder.decode(
        block.payload.bytes ?? [], count: block.count, from: block.firstTime, into: &records)
      let place = places[block.lane] ?? lanes.count
      if place == lanes.count {
        lanes.append([])
        places[block.lane] = place
      }
      // The array is swapped out of `lanes` while it grows. If `lanes` and `run` shared it, each append would copy
      // it.
      var run: [PlacedRecord] = []
      swap(&run, &lanes[place])
      for (index, record) in records.enumerated() {
        if record.time > end { break }
        if let sieve, !sieve.passes(record) { continue }
        run.append(PlacedRecord(record: record, lane: block.lane, position: block.first &+ UInt64(index)))
      }
      swap(&run, &lanes[place])
      return isWhole
    }
  }

  private mutating func note(_ known: Known?, goesOnAt position: UInt64, in lane: Lane) {
    guard let known, known.position < position else { return }
    gaps.append(Gap(lane: lane, count: position - known.position, after: known.time))
  }

  /// How many records are missing before a moment in ticks.
  package func missing(at ticks: UInt64) -> UInt64 {
    gaps.reduce(0) { $1.after < ticks ? $0 &+ $1.count : $0 }
  }

  /// How many events have happened at a moment in ticks.
  package func count(upTo ticks: UInt64) -> Int {
    events.firstPlace { $0.record.time <= ticks }
  }

  /// Merges runs that are each in order: always the two shortest ones, so that most records are moved only once.
  /// Records of the same time are in the order of the lanes, Ms first, because a poll readies what a P then runs.
  package static func merge(_ runs: [[PlacedRecord]]) -> [PlacedRecord] {
    guard runs.allSatisfy(isInOrder) else { return runs.joined().sorted(by: precedes) }
    var left = runs.filter { !$0.isEmpty }
    while left.count > 1 {
      left.sort { $0.count > $1.count }
      let (a, b) = (left.removeLast(), left.removeLast())
      left.append(merge(a, b))
    }
    return left.first ?? []
  }

  private static func merge(_ a: [PlacedRecord], _ b: [PlacedRecord]) -> [PlacedRecord] {
    var all: [PlacedRecord] = []
    all.reserveCapacity(a.count + b.count)
    var (i, j) = (0, 0)
    while i < a.count, j < b.count {
      if precedes(b[j], a[i]) {
        all.append(b[j])
        j += 1
      } else {
        all.append(a[i])
        i += 1
      }
    }
    all += a[i...]
    all += b[j...]
    return all
  }

  @inline(__always)
  private static func precedes(_ a: PlacedRecord, _ b: PlacedRecord) -> Bool {
    if a.record.time != b.record.time { return a.record.time < b.record.time }
    return a.lane == b.lane ? a.position < b.position : a.lane.rank < b.lane.rank
  }

  private static func isInOrder(_ run: [PlacedRecord]) -> Bool {
    var last: UInt64 = 0
    for event in run {
      if event.record.time < last { return false }
      last = event.record.time
    }
    return true
  }

  /// The model after `count` of the events, at the moment `ticks`.
  package func model(after count: Int, at ticks: UInt64, reasons: [WaitReason?]) -> Model {
    var model = Model(keyframe.snapshot, reasons: reasons)
    for event in events.prefix(count) { model.apply(event.record, on: event.lane) }
    note(&model, at: ticks)
    return model
  }

  /// Notes in a model of this window that events are missing, if they are.
  package func note(_ model: inout Model, at ticks: UInt64) {
    if !isWhole || missing(at: ticks) > 0 { model.noteGap() }
  }
}

extension Lane {
  /// A key to sort lanes by: Ms before Ps, each by id.
  fileprivate var rank: Int {
    switch self {
    case .m(let id): id
    case .p(let id): id + Self.highest
    }
  }
}
