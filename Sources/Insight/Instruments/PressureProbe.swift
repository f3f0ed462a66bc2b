// The pressure of a live target, measured while its records come in.
//
// §1 A measurement. The gauges of a keyframe, together with the records behind each lane's boundary, are
// exact (History §3), and these records are at hand when the keyframe is complete. From there on records are
// kept until there are `most` of them, or the next keyframe comes. Then they are put in order and read once.
// So what is measured is exact, a measurement begins four times a second, and it costs at most some 16,000
// records a second. Up to that rate all of the time is measured; at a million records a second, a sixtieth of
// it.
//
// §2 A flood brings more records at once than may be read between two drains. Then only the first `share`
// records of each lane are kept, and the measurement ends before the first record that was not kept, because
// up to there the records of all lanes are known.
import History
import Observed
import Region

/// Measures the pressure of a live target, in one stretch after another.
struct PressureProbe {
  /// A measurement ends when there are this many records.
  private static let most = 4_000
  /// Maximum number of records kept of one lane.
  private static let share = 2_000
  /// The time that results go back, in nanoseconds.
  private static let reach: UInt64 = 10_000_000_000

  private var keyframe: Keyframe?
  private var runs: [Lane: [Record]] = [:]
  private var count = 0
  /// The time of the first record that was not kept, in ticks; see §2.
  private var cut = UInt64.max
  private var measured: [(time: UInt64, pressure: Pressure)] = []

  /// Begins a measurement. The keyframe must be complete. `lanes` has the records behind its boundaries.
  mutating func begin(_ keyframe: Keyframe, _ lanes: [(lane: Lane, records: [Record])]) {
    cancel()
    guard keyframe.snapshot.isConsistent, keyframe.snapshot.trace.enabled else { return }
    self.keyframe = keyframe
    for lane in lanes { take(lane.records[...], on: lane.lane) }
  }

  /// Adds records that follow the records before in their lane.
  mutating func take(_ records: ArraySlice<Record>, on lane: Lane) {
    guard keyframe != nil, let first = records.first, first.time < cut else { return }
    let room = max(0, Self.share - (runs[lane]?.count ?? 0))
    runs[lane, default: []] += records.prefix(room)
    count += records.count
    if room < records.count { cut = min(cut, records[records.startIndex + room].time) }
  }

  /// Ends the measurement without a result, because records are missing.
  mutating func cancel() { (keyframe, runs, count, cut) = (nil, [:], 0, .max) }

  /// Notes that all records up to `time`, in nanoseconds, have come in. Ends the measurement if it is due.
  ///
  /// - Parameter isLast: whether the next keyframe is about to begin. Then the measurement is due.
  mutating func settle(upTo time: UInt64, isLast: Bool = false) {
    guard let keyframe, isLast || count >= Self.most || cut < .max else { return }
    let end = min(keyframe.clock.ticks(at: time), cut)
    var gauge = PressureGauge(keyframe.snapshot, from: keyframe.start)
    Self.inOrder(runs, before: end) { record, lane in
      gauge.advance(to: record.time)
      gauge.apply(record, on: lane)
    }
    gauge.advance(to: end)
    measured.append((time, gauge.result(keyframe.clock)))
    measured.removeAll { time > $0.time &+ Self.reach }
    cancel()
  }

  /// Visits the records that are earlier than `end`, in the order of time. There are few lanes, so it costs
  /// less to compare the next record of each lane than to sort all records.
  private static func inOrder(_ runs: [Lane: [Record]], before end: UInt64, _ visit: (Record, Lane) -> Void) {
    let runs = runs.map { (lane: $0.key, records: $0.value) }
    var next = [Int](repeating: 0, count: runs.count)
    while true {
      var (earliest, time) = (-1, end)
      for index in runs.indices where next[index] < runs[index].records.count {
        let other = runs[index].records[next[index]].time
        if other < time { (earliest, time) = (index, other) }
      }
      guard earliest >= 0 else { return }
      visit(runs[earliest].records[next[earliest]], runs[earliest].lane)
      next[earliest] += 1
    }
  }

  /// The sum of the measurements of the last ten seconds.
  var recent: Pressure { measured.reduce(into: Pressure()) { $0.add($1.pressure) } }
}
