// The instruments of a moment of history, computed from the events and tables before it.
//
// The meter begins a million records or a minute before the moment, whichever is less, and gets the records in
// the same way as a live meter. What does not change while a player moves within a segment is kept: the meter
// up to the segment's beginning, the pressure of the segments before, and the earlier counts of the census.
import History
import Host
import Observed
import Region

/// Computes the instruments of moments of one history. Use it on one thread at a time, the thread of the
/// player.
final class PastInstruments {
  /// The most records that are read for the meter, the most that are read for pressure, and the most rows of
  /// tables.
  private static let reach = (records: 1_000_000, pressure: 200_000, rows: 200_000)
  private static let mostTables = 10
  private static let minute: UInt64 = 60_000_000_000

  /// The meter, the pressure and the census as they were at the beginning of a segment.
  private struct Base {
    var number: Int
    var isPreliminary: Bool
    var feeder: MeterFeeder
    var pressure = Pressure()
    var taker = CensusTaker()
  }

  private let decoder = RecordDecoder()
  private var base: Base?
  /// The base of another segment, which is being computed.
  private var coming: OwnThread.Meanwhile<Base>?

  /// Begins to compute, on a thread of its own, what `instruments(of:)` will need for this player. That reads up to a million
  /// records, more than everything else in a frame. Nobody may change the history before `instruments(of:)` has returned.
  func prepare(for player: Player) {
    let (history, window) = (player.history, player.window)
    guard kept(window) == nil else { return }
    coming = OwnThread.Meanwhile { [self] in base(of: history, window) }
  }

  /// The base of a window's segment, if it is the one that was kept.
  private func kept(_ window: Window) -> Base? {
    base.flatMap {
      $0.number == window.number && $0.isPreliminary == window.extent.isPreliminary ? $0 : nil
    }
  }

  /// Returns the instruments that are derived from the events before the moment at which `player` stands.
  func instruments(of player: Player) -> Instruments {
    let (history, window, count, ticks) = (player.history, player.window, player.count, player.ticks)
    let (finder, isComplete) = player.finder
    let snapshot = player.model.snapshot
    if let coming { base = coming.value }
    coming = nil
    let base = kept(window) ?? base(of: history, window)
    self.base = base
    let clock = window.keyframe.clock
    let time = clock.nanoseconds(at: ticks)
    var (feeder, pressure, taker) = (base.feeder, base.pressure, base.taker)
    feeder.feed(window.events.prefix(count))
    feeder.settle(upTo: time)
    if let now = window.pressure(after: count, at: ticks) { pressure.add(now) }
    // Without a table near, there are no Gs to count. Then the last census stays.
    let rows = finder.rows
    if isComplete || !rows.isEmpty {
      taker.take(rows, at: time, clock, history.names, isComplete: isComplete)
    }
    var instruments = Instruments(
      feeder.meter, pressure, taker.latest, snapshot, InstrumentSources(names: history.names))
    instruments.news = feeder.narrator.news(history.names)
    if let ranges = history.collectorRanges {
      let from = clock.ticks(at: time - min(time, instruments.recentTime))
      instruments.collector = CollectorTimes(ranges, after: from, upTo: ticks, clock)
    }
    let size = history.heapSizes[..<history.heapSizes.firstPlace { $0.time <= ticks }].last
    (instruments.heapLive, instruments.heapGoal) = (size?.live, size?.goal)
    return instruments
  }

  private func base(of history: History, _ window: Window) -> Base {
    let now = window.keyframe.snapshot.time
    var first = window.number
    var records = 0
    while first > history.firstNumber, let earlier = history.segment(first - 1) {
      records += earlier.records
      guard records <= Self.reach.records, now <= earlier.time &+ Self.minute else { break }
      first -= 1
    }
    var base = Base(
      number: window.number, isPreliminary: window.extent.isPreliminary,
      feeder: MeterFeeder(reasons: history.reasons))
    for number in first..<window.number { feed(number, of: history, into: &base.feeder) }
    base.feeder.begin(window.keyframe)
    base.pressure = pressure(of: history, before: window.number)
    base.taker = taker(of: history, before: window)
    return base
  }

  private func feed(_ number: Int, of history: History, into feeder: inout MeterFeeder) {
    guard let segment = history.segment(number),
      let keyframe = segment.keyframe.bytes.flatMap({ Keyframe($0) })
    else { return }
    feeder.begin(keyframe)
    for block in segment.blocks.filter({ !$0.lane.isP }) + segment.blocks.filter(\.lane.isP) {
      var records: [Record] = []
      _ = decoder.decode(block.payload.bytes ?? [], count: block.count, from: block.firstTime, into: &records)
      feeder.feed(records[...], from: block.first, on: block.lane)
    }
    // Settle no further than this segment's start: some records from before the start of the next segment may
    // lie in the next segment (History §3).
    feeder.settle(upTo: keyframe.clock.nanoseconds(at: segment.start))
  }

  /// The pressure of the segments before a segment. The nearest of them is measured however many records it
  /// has, because it may be all that a busy process left when it died.
  private func pressure(of history: History, before number: Int) -> Pressure {
    let nearest = number - 1
    var (pressure, records, number) = (Pressure(), 0, nearest)
    while history.numbers.contains(number), let segment = history.segment(number) {
      records += segment.records
      guard number == nearest || records <= Self.reach.pressure,
        let window = Window(number, of: history, decoder), let end = window.end
      else { break }
      if let earlier = window.pressure(after: window.count(upTo: end), at: end) { pressure.add(earlier) }
      number -= 1
    }
    return pressure
  }

  /// A census taker with the earlier counts, from some tables of the minute before.
  private func taker(of history: History, before window: Window) -> CensusTaker {
    let now = window.keyframe.snapshot.time
    let tables = history.numbers.filter { number in
      guard let segment = history.segment(number), segment.goroutines != nil else { return false }
      return number < window.number && now <= segment.time &+ Self.minute
    }
    let step = max(1, (tables.count + Self.mostTables - 1) / Self.mostTables)
    var lists: [(time: UInt64, clock: Clock, list: GoroutineList)] = []
    var rows = 0
    for index in stride(from: tables.count - 1, through: 0, by: -step) where rows <= Self.reach.rows {
      guard let segment = history.segment(tables[index]),
        let list = segment.goroutines?.bytes.flatMap({ GoroutineList($0) })
      else { continue }
      rows += list.rows.count
      lists.append((segment.time, window.keyframe.clock, list))
    }
    var taker = CensusTaker()
    for (time, clock, list) in lists.reversed() {
      taker.take(list.rows, at: time, clock, history.names, isComplete: !list.isCut)
    }
    return taker
  }
}

extension Lane {
  fileprivate var isP: Bool { if case .p = self { true } else { false } }
}

/// Feeds a meter and a narrator from a history, and tells them where records are missing.
struct MeterFeeder {
  private(set) var meter: Meter
  private(set) var narrator: Narrator
  private var ends: [Lane: UInt64] = [:]

  init(reasons: [WaitReason?]) {
    (meter, narrator) = (Meter(reasons: reasons), Narrator(reasons: reasons))
  }

  /// Begins a segment. The meter begins with the first one.
  mutating func begin(_ keyframe: Keyframe) {
    if meter.clock == nil {
      for boundary in keyframe.boundaries { ends[boundary.lane] = boundary.position }
    }
    meter.note(keyframe.clock, keyframe.snapshot)
    narrator.note(keyframe.clock, keyframe.snapshot)
  }

  /// Feeds records of one lane. `position` is that of the first record.
  mutating func feed(_ records: ArraySlice<Record>, from position: UInt64, on lane: Lane) {
    if let end = ends[lane], end != position {
      meter.lose(lane)
      narrator.lose(lane)
    }
    meter.take(records, on: lane)
    narrator.take(records, on: lane)
    ends[lane] = position &+ UInt64(records.count)
  }

  /// Notes that all records up to `time`, in nanoseconds, have been fed.
  mutating func settle(upTo time: UInt64) {
    meter.settle(upTo: time)
    narrator.settle(upTo: time)
  }

  /// Feeds events of all lanes. They must be in the order of time.
  mutating func feed(_ events: some Collection<PlacedRecord>) {
    var runs: [Lane: (first: UInt64, records: [Record])] = [:]
    for event in events {
      let run = runs[event.lane]
      if let run, run.first &+ UInt64(run.records.count) != event.position {
        feed(run.records[...], from: run.first, on: event.lane)
        runs[event.lane] = nil
      }
      runs[event.lane, default: (event.position, [])].records.append(event.record)
    }
    for (lane, run) in runs.sorted(by: { $0.key.order > $1.key.order }) {
      feed(run.records[...], from: run.first, on: lane)
    }
  }
}
