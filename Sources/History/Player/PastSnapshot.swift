// The complete gauges of a past moment: those of the model, and those that do not follow from single events.
//
// What cannot be known of the moment is nil, or is as of the keyframe before; docs/recording.md §6 has the list.
import Observed

extension Window {
  /// Whether there are events, by which moments between keyframes can be rebuilt. A target without tracing writes none.
  package var hasEvents: Bool { keyframe.snapshot.trace.enabled }

  /// The gauges at the moment `ticks`, which is `time` in nanoseconds.
  ///
  /// - Parameter model: the model of this window after `count` of its events.
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

  /// Adds the times of the Ps. If events are missing, the times are not known and become nil.
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

  /// Shows how many records each ring had. The keyframe's own numbers of records are not used: they were read after its
  /// counters, while the writers went on. But the positions at which its events begin are exact, and so are these numbers.
  private func showTrace(_ snapshot: inout Snapshot, after count: Int) {
    var ends: [Lane: UInt64] = [:]
    for boundary in keyframe.boundaries { ends[boundary.lane] = boundary.position }
    for event in events.prefix(count) { ends[event.lane] = event.position &+ 1 }
    guard !ends.isEmpty, snapshot.trace.events != nil else { return }
    snapshot.trace.events = ends.values.reduce(0, &+)
    guard var rings = snapshot.trace.rings else { return }
    for index in rings.indices {
      if let end = ends[rings[index].lane] { rings[index].events = end }
    }
    snapshot.trace.rings = rings
  }
}

extension Snapshot {
  /// The maxima of the keyframe are of the time before it, so they do not hold for a later moment.
  fileprivate mutating func forgetMaxima() {
    if grqMax != nil { grqMax = grq }
    for index in ps.indices where ps[index].lrqMax != nil { ps[index].lrqMax = ps[index].lrq }
  }

  /// Adds the names of the Gs that the Ps run.
  mutating func nameEntries(_ entry: (UInt64) -> String?) {
    for index in ps.indices where ps[index].entry == nil { ps[index].entry = ps[index].g.flatMap(entry) }
  }
}
