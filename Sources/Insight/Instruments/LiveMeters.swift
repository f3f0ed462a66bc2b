// Measures a live target while its events come in: the meter and pressure get each event once.
import History
import Observed
import Region

/// Measures the events that are added to a history. Use it on one thread at a time, the thread of that
/// history.
package final class LiveMeters: HistoryFollower {
  private(set) var meter: Meter
  private(set) var pressure = PressureProbe()
  private var narrator: Narrator

  /// - Parameter reasons: the wait reason for which each raw number in the source's events stands.
  package init(reasons: [WaitReason?]) {
    (meter, narrator) = (Meter(reasons: reasons), Narrator(reasons: reasons))
  }

  /// The number of batches that came late; see Meter §4.
  package var late: Int { meter.late }

  package func take(_ records: ArraySlice<Record>, on lane: Lane) {
    meter.take(records, on: lane)
    narrator.take(records, on: lane)
    pressure.take(records, on: lane)
  }

  package func lose(_ lane: Lane) {
    meter.lose(lane)
    narrator.lose(lane)
    pressure.cancel()
  }

  package func note(_ clock: Clock, _ snapshot: Snapshot) {
    meter.note(clock, snapshot)
    narrator.note(clock, snapshot)
    pressure.settle(upTo: meter.settled, isLast: true)
  }

  package func begin(_ keyframe: Keyframe, _ lanes: [(lane: Lane, records: [Record])]) {
    pressure.begin(keyframe, lanes)
  }

  package func settle(upTo time: UInt64) {
    meter.settle(upTo: time)
    narrator.settle(upTo: meter.settled)
    pressure.settle(upTo: meter.settled)
  }

  /// Returns the instruments (Instruments.swift) of the present moment.
  ///
  /// - Parameters:
  ///   - census: the census of the last table of Gs.
  ///   - sources: what is known besides events, gauges and tables.
  package func instruments(_ census: Census, _ snapshot: Snapshot, _ sources: InstrumentSources)
    -> Instruments
  {
    var instruments = Instruments(meter, pressure.recent, census, snapshot, sources)
    instruments.news = narrator.news(sources.names)
    return instruments
  }
}
