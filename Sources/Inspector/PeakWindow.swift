// How deep queues became over a stretch that is longer than the region remembers, for whoever asks.
//
// The region keeps the largest depths of the last seconds. Who wants those of a minute looks every second and keeps what it
// saw. A reader that asks takes nothing away from the next one: the stretch is a fixed one, up to now.
import Host
import Observed
import RegionSource

/// The largest depths of the last minute, or since it began, whichever is shorter. For one thread at a time.
package struct PeakWindow {
  /// Nanoseconds.
  package static let length: UInt64 = 60_000_000_000
  /// Nanoseconds between two looks: the region remembers for longer.
  package static let interval: UInt64 = 1_000_000_000

  private var seen: [(time: UInt64, peaks: QueuePeaks)] = []
  /// From when on the next look counts.
  private var start: UInt64

  package init(at now: UInt64 = monotonicNow()) { start = now }

  /// Looks, if the last look was `interval` ago.
  package mutating func look(_ source: some SchedulerSource) throws(InspectorError) {
    let now = monotonicNow()
    guard now >= start &+ Self.interval else { return }
    if let peaks = try source.peaks(since: start) { note(peaks, at: now) }
  }

  package mutating func note(_ peaks: QueuePeaks, at now: UInt64) {
    seen.append((now, peaks))
    seen.removeAll { now > $0.time &+ Self.length }
    start = now
  }

  /// A snapshot of now, whose maxima are those of the window.
  package func snapshot(_ source: some SchedulerSource) throws(InspectorError) -> Snapshot {
    var snapshot = try source.observe(peaksSince: start).snapshot
    apply(to: &snapshot)
    return snapshot
  }

  package func apply(to snapshot: inout Snapshot) {
    let peaks = seen.reduce(into: QueuePeaks()) { $0.merge($1.peaks) }
    snapshot.grqMax = max(snapshot.grqMax, peaks.grq)
    for index in snapshot.ps.indices where peaks.lrq.indices.contains(snapshot.ps[index].id) {
      snapshot.ps[index].lrqMax = max(snapshot.ps[index].lrqMax, peaks.lrq[snapshot.ps[index].id])
    }
  }
}
