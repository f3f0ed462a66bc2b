// Pressure of a live target, measured while its records come by.
//
// Each keyframe's gauges are exact together with the records behind each lane's boundary (History §3), and those are at
// hand when the keyframe is complete. From there on records are kept until they are `most`, or the next keyframe comes;
// then they are put in order and gone through once. So what is measured is exact, begins four times a second, and costs
// at most some 32,000 records a second: that is all of the time up to such a rate, and a thirtieth of it at a million.
internal import Region

struct PressureProbe {
  /// Records that are kept for one measurement.
  private static let most = 8_000
  /// How far back measurements count, in nanoseconds.
  private static let reach: UInt64 = 10_000_000_000

  private var keyframe: Keyframe?
  private var runs: [Lane: [PlacedRecord]] = [:]
  private var count = 0
  private var measured: [(time: UInt64, pressure: Pressure)] = []

  /// A keyframe is complete, and these are the records behind its boundaries.
  mutating func begin(_ keyframe: Keyframe, _ lanes: some Collection<LaneRecorder>) {
    cancel()
    guard keyframe.snapshot.isConsistent, keyframe.snapshot.trace.enabled else { return }
    self.keyframe = keyframe
    for lane in lanes { take(lane.records, on: lane.lane) }
  }

  /// Records that follow those before in their lane.
  mutating func take(_ records: [Record], on lane: Lane) {
    guard keyframe != nil, !records.isEmpty else { return }
    count += records.count
    // Too many at once could not be gone through between two drains.
    guard count <= 10 * Self.most else { return cancel() }
    runs[lane, default: []] += records.map { PlacedRecord(record: $0, lane: lane, position: 0) }
  }

  /// Records are missing: what is being measured cannot be had.
  mutating func cancel() { (keyframe, runs, count) = (nil, [:], 0) }

  /// All records up to `time`, in nanoseconds, have come in.
  ///
  /// - Parameter isLast: the next keyframe is about to begin.
  mutating func settle(upTo time: UInt64, isLast: Bool = false) {
    guard let keyframe, isLast || count >= Self.most else { return }
    let end = keyframe.clock.ticks(at: time)
    var gauge = PressureGauge(keyframe.snapshot, from: keyframe.start)
    for event in Window.merge(Array(runs.values)) {
      gauge.advance(to: min(event.record.time, end))
      gauge.apply(event.record, on: event.lane)
    }
    gauge.advance(to: end)
    measured.append((time, gauge.result(keyframe.clock)))
    measured.removeAll { time > $0.time &+ Self.reach }
    cancel()
  }

  /// All that was measured in the last ten seconds.
  var recent: Pressure { measured.reduce(into: Pressure()) { $0.add($1.pressure) } }
}
