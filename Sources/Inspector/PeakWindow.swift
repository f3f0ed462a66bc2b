// The largest depths of queues over a minute, which is longer than the region remembers.
//
// The region keeps the largest depths of the last seconds. To know those of a minute, a reader looks every
// second and keeps what it saw. A reader that asks takes nothing away from the next one, because the window
// is always the last minute.
import Host
import Observed
import RegionSource

/// The largest depths of queues in the last minute, or since the window began if that is shorter. Use it on
/// one thread at a time.
package struct PeakWindow {
  /// The length of the window, in nanoseconds.
  package static let length: UInt64 = 60_000_000_000
  /// The time between two looks, in nanoseconds. The region remembers for longer than that.
  package static let interval: UInt64 = 1_000_000_000

  private var seen: [(time: UInt64, peaks: QueuePeaks)] = []
  /// The moment since which the next look asks for the largest depths.
  private var start: UInt64

  /// Begins a window at `now`, in nanoseconds of the machine's monotonic clock.
  package init(at now: UInt64 = monotonicNow()) { start = now }

  /// Looks at the source, if the last look was `interval` ago. Call this at least once a second.
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

  /// Returns a snapshot of the present moment, with the maxima of the window.
  package func snapshot(_ source: some SchedulerSource) throws(InspectorError) -> Snapshot {
    var snapshot = try source.observe(peaksSince: start).snapshot
    apply(to: &snapshot)
    return snapshot
  }

  package func apply(to snapshot: inout Snapshot) {
    let peaks = seen.reduce(into: QueuePeaks()) { $0.merge($1.peaks) }
    snapshot.grqMax = larger(snapshot.grqMax, peaks.grq)
    for index in snapshot.ps.indices where peaks.lrq.indices.contains(snapshot.ps[index].id) {
      snapshot.ps[index].lrqMax = larger(snapshot.ps[index].lrqMax, peaks.lrq[snapshot.ps[index].id])
    }
  }
}
