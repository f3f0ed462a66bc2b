// Pressure of a live target, measured while its records come by.
//
// §1 Each keyframe's gauges are exact together with the records behind each lane's boundary (History §3), and those are
// at hand when the keyframe is complete. From there on records are kept until they are `most`, or the next keyframe
// comes; then they are put in order and gone through once. So what is measured is exact, begins four times a second, and
// costs at most some 16,000 records a second: that is all of the time up to such a rate, and a sixtieth of it at a
// million.
//
// §2 A flood brings more at once than may be gone through between two drains. Then only the first `share` of each lane
// are kept, and the measurement ends before the first that was not: up to there every lane's records are known.
import History
import Observed
import Region

struct PressureProbe {
  /// Records that end a measurement, and those of one lane that are kept at most.
  private static let most = 4_000
  private static let share = 2_000
  /// How far back measurements count, in nanoseconds.
  private static let reach: UInt64 = 10_000_000_000

  private var keyframe: Keyframe?
  private var runs: [Lane: [Record]] = [:]
  private var count = 0
  /// When the first record was written that is not kept, in ticks; see §2.
  private var cut = UInt64.max
  private var measured: [(time: UInt64, pressure: Pressure)] = []

  /// A keyframe is complete, and these are the records behind its boundaries.
  package mutating func begin(_ keyframe: Keyframe, _ lanes: [(lane: Lane, records: [Record])]) {
    cancel()
    guard keyframe.snapshot.isConsistent, keyframe.snapshot.trace.enabled else { return }
    self.keyframe = keyframe
    for lane in lanes { take(lane.records[...], on: lane.lane) }
  }

  /// Records that follow those before in their lane.
  package mutating func take(_ records: ArraySlice<Record>, on lane: Lane) {
    guard keyframe != nil, let first = records.first, first.time < cut else { return }
    let room = max(0, Self.share - (runs[lane]?.count ?? 0))
    runs[lane, default: []] += records.prefix(room)
    count += records.count
    if room < records.count { cut = min(cut, records[records.startIndex + room].time) }
  }

  /// Records are missing: what is being measured cannot be had.
  package mutating func cancel() { (keyframe, runs, count, cut) = (nil, [:], 0, .max) }

  /// All records up to `time`, in nanoseconds, have come in.
  ///
  /// - Parameter isLast: the next keyframe is about to begin.
  package mutating func settle(upTo time: UInt64, isLast: Bool = false) {
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

  /// Goes through the records that are earlier than `end`, in the order of time. Lanes are few: to look at the next of each
  /// costs less than to put all of them in order.
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

  /// All that was measured in the last ten seconds.
  package var recent: Pressure { measured.reduce(into: Pressure()) { $0.add($1.pressure) } }
}
