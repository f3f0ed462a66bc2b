// A recording as a source. It has gauges four times a second, and all events between them, in the order in which a live
// viewer saw them. Each observation is the next keyframe of the file. The next `takeEvents` then hands over the events
// from that keyframe to the one after it. So code that reads a live region can read a recording as well, at any pace.
//
// Code that looks back, and does not read along, takes `history`: its records stay in the file until they are wanted.
import Host
import Observed
import Region

/// Reads a recording from its beginning to its end. Not thread-safe.
package final class RecordingSource: SchedulerSource {
  private let recording: Recording
  private let decoder = RecordDecoder()
  /// The number of the keyframe that was observed last; nil: none was observed yet.
  private var number: Int?
  /// Whether the events after the keyframe that was observed last were taken.
  private var isTaken = false

  /// Opens the recording in the file at `path`. Throws `notARecording` if it does not contain even one keyframe, and
  /// other errors if the file cannot be read.
  package init(path: String) throws(InspectorError) { recording = try Recording(path: path) }

  /// The history of the whole recording, to look back on.
  package var history: History { recording.history }

  /// The first fault of the file, and its place; nil: there is none.
  package var damage: String? { recording.damage }

  /// How the target ended, in words; nil: it did not end while it was recorded.
  package var ended: String? { recording.ended }

  package var identity: Snapshot.Target {
    keyframe(at: number ?? first)?.snapshot.target ?? Snapshot.Target()
  }

  package var knowledge: Knowledge {
    Knowledge(
      gauges: .sampled, absenceOfEvents: keyframe(at: number ?? first)?.snapshot.trace.absence,
      listsGs: history.numbers.contains { history.segment($0)?.goroutines != nil })
  }

  package var reasons: [WaitReason?] { history.reasons }
  package var threads: ThreadPlaces? { nil }
  package var inputs: [FileIdentity?] { [FileIdentity(path: recording.path)] }

  private var first: Int { history.numbers.lowerBound }

  private func keyframe(at number: Int) -> Keyframe? {
    history.segment(number)?.keyframe.bytes.flatMap { Keyframe($0) }
  }

  /// The gauges of the next keyframe. After the last keyframe, those of the last one again.
  package func observe(
    peaksSince start: UInt64?, into observation: inout Observation
  ) throws(InspectorError) {
    let next = number.map { min($0 + 1, history.numbers.upperBound - 1) } ?? first
    guard let keyframe = keyframe(at: next) else {
      throw .notARecording(path: recording.path, reason: "keyframe \(next) cannot be read")
    }
    if next != number { (number, isTaken) = (next, false) }
    let isExact = keyframe.snapshot.isConsistent
    observation = Observation(
      snapshot: keyframe.snapshot, clock: keyframe.clock,
      marks: keyframe.boundaries.map {
        LaneMark(lane: $0.lane, position: $0.position, begun: $0.position, isExact: isExact)
      },
      names: history.names)
  }

  /// Hands over the events between the keyframe that was observed last and the next one.
  package func takeEvents(
    upTo moment: UInt64?, _ take: (Lane, EventReading) -> Void
  ) throws(InspectorError) -> Double {
    guard let number, !isTaken, let segment = history.segment(number) else { return 0 }
    isTaken = true
    for block in segment.blocks {
      let (decoder, bytes) = (decoder, block.payload.bytes ?? [])
      take(block.lane) { records in
        _ = decoder.decode(bytes, count: block.count, from: block.firstTime, into: &records)
        return block.first
      }
    }
    return 0
  }

  /// The table of Gs that was recorded with the keyframe that was observed last; empty: none was.
  package func goroutines(
    breathe: () throws(InspectorError) -> Void, isCalledAway: () -> Bool
  ) throws(InspectorError) -> [GoroutineRow]? {
    guard let number, let bytes = history.segment(number)?.goroutines?.bytes else { return [] }
    return GoroutineList(bytes)?.rows ?? []
  }

  /// How the recorded process ended; nil until the whole recording has been read, and if the process did not end.
  package func ending() throws(InspectorError) -> TargetEnding? {
    guard let number, number == history.numbers.upperBound - 1, isTaken else { return nil }
    return recording.ended.map { .told($0) }
  }

  package func lastWord() throws(InspectorError) -> TargetEnding? { try ending() }
  package var doubt: InspectorError? { nil }
}
