// A dead region as a source: what a process left behind when it ended, its black box.
//
// Nothing moves any more. So the events in the rings are taken first, all at once. The gauges are then those of the
// moment of the last event; without any event, those of `RegionReader.lastKnownMoment`.
import Host
import Observed
import Region

/// Reads what a dead process left behind. Not thread-safe.
package final class DeadRegion: SchedulerSource {
  package let target: Target
  private let reader: RegionReader
  /// The time of the last event that was taken, in ticks; nil: no event was taken yet.
  private var latest: UInt64?

  /// At most this many records are taken out of all rings together.
  static let mostRecords = 1 << 22

  /// Opens the region of a target that should be dead. Throws the reason if the region cannot be read.
  package init(_ target: Target) throws(InspectorError) {
    if case .unreadable(let error) = target.state { throw error }
    self.target = target
    reader = try RegionFile(path: target.path, process: target.named).open(past: Self.mostRecords)
  }

  package var identity: Snapshot.Target { target.identity }
  package var knowledge: Knowledge { reader.knowledge }
  package var reasons: [WaitReason?] { reader.reasons }
  package var threads: ThreadPlaces? { nil }
  package var inputs: [FileIdentity?] { [FileIdentity(path: target.path)] }

  package func takeEvents(
    upTo moment: UInt64?, _ take: (Lane, EventReading) -> Void
  ) throws(InspectorError) -> Double {
    try layoutErrors(target.path) { () throws(LayoutProblem) in
      try reader.drainInPlace { lane, read in
        var batch: [Record] = []
        let first = read(&batch)
        for record in batch { latest = max(latest ?? 0, record.time) }
        take(lane) { records in
          records += batch
          return first
        }
      }
    }
  }

  /// The gauges as the process left them.
  package func observe(
    peaksSince start: UInt64?, into observation: inout Observation
  ) throws(InspectorError) {
    observation = try layoutErrors(target.path) { () throws(LayoutProblem) in
      let lastKnown = try reader.lastKnownMoment()
      let end = latest ?? lastKnown
      reader.stoppedAt = end
      let time = reader.nanoseconds(at: end)
      return try reader.observe(peaksSince: start ?? time - min(time, QueuePeaks.window))
    }
  }

  package func goroutines(
    breathe: () throws(InspectorError) -> Void, isCalledAway: () -> Bool
  ) throws(InspectorError) -> [GoroutineRow]? {
    try layoutErrors(target.path) { () throws(LayoutProblem) in
      try reader.goroutines(limit: GoroutineList.most)
    }
  }

  package func ending() throws(InspectorError) -> TargetEnding? {
    if case .ended(let ending) = target.state { ending } else { nil }
  }
  package func lastWord() throws(InspectorError) -> TargetEnding? { try ending() }
  package var doubt: InspectorError? { nil }
}
