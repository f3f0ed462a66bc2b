// The gauges of a moment of history, whole: the model's, and what does not follow from single events.
//
// What cannot be known of the moment is nil, or of the keyframe before it; docs/recording.md §6 has the list.
import Observed

extension Window {
  /// Whether there are events from which moments between keyframes follow: the target writes them.
  package var hasEvents: Bool { keyframe.snapshot.trace.enabled }

  /// The gauges at the moment `ticks`, which is `time` in nanoseconds.
  ///
  /// - Parameter model: of this window, after `count` of its events.
  package func snapshot(of model: Model, after count: Int, at ticks: UInt64, time: UInt64) -> Snapshot {
    guard hasEvents else { return keyframe.snapshot }
    var model = model
    model.set(time: time)
    var snapshot = model.snapshot
    addIdleTimes(&snapshot, after: count, at: ticks)
    showTrace(&snapshot, after: count)
    if ticks > start { snapshot.forgetMaxima() }
    return snapshot
  }

  /// Where events are missing, nobody knows.
  private func addIdleTimes(_ snapshot: inout Snapshot, after count: Int, at ticks: UInt64) {
    guard isWhole, missing(at: ticks) == 0 else {
      for index in snapshot.ps.indices {
        for time in Snapshot.P.times { snapshot.ps[index][keyPath: time] = nil }
      }
      return
    }
    var times = IdleTimes(keyframe)
    for event in events.prefix(count) { times.apply(event.record, on: event.lane) }
    times.add(to: &snapshot.ps, until: ticks, keyframe.clock)
  }

  /// The rings' own account. How far they had come was read after the counters, while they went on; where the keyframe's
  /// events begin is known exactly.
  private func showTrace(_ snapshot: inout Snapshot, after count: Int) {
    var ends: [Lane: UInt64] = [:]
    for boundary in keyframe.boundaries { ends[boundary.lane] = boundary.position }
    for event in events.prefix(count) { ends[event.lane] = event.position &+ 1 }
    guard !ends.isEmpty else { return }
    snapshot.trace.events = ends.values.reduce(0, &+)
    for index in snapshot.trace.rings.indices {
      let lane = snapshot.trace.rings[index].lane
      if let end = ends[lane] { snapshot.trace.rings[index].events = end }
    }
  }
}

extension Snapshot {
  /// The keyframe's maxima are of the time before it.
  fileprivate mutating func forgetMaxima() {
    grqMax = grq
    for index in ps.indices { ps[index].lrqMax = ps[index].lrq }
  }

  /// Names what the Ps run.
  mutating func nameEntries(_ entry: (UInt64) -> String?) {
    for index in ps.indices where ps[index].entry == nil { ps[index].entry = ps[index].g.flatMap(entry) }
  }
}
