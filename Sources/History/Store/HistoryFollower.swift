// A follower is handed all records and keyframes of a history, as soon as they are added to it. A live viewer
// has one (LiveMeters, in Insight), which measures lengths of time and pressure: it sees each event once,
// instead of reading the whole history again for each frame. A view of the past has no follower: it measures
// from the history each time.
import Observed
import Region

/// Is told of everything that is added to a history. It is called on the thread that uses the history.
package protocol HistoryFollower: AnyObject {
  /// Records of one lane were added, oldest first. They follow those of the last call for this lane.
  func take(_ records: ArraySlice<Record>, on lane: Lane)

  /// Records of this lane are missing before the next one.
  func lose(_ lane: Lane)

  /// A keyframe begins. `snapshot` has the gauges at its moment; `clock` becomes more exact from keyframe to
  /// keyframe.
  func note(_ clock: Clock, _ snapshot: Snapshot)

  /// A keyframe is complete. For each lane, `lanes` has the records that have come already and belong behind
  /// the keyframe.
  func begin(_ keyframe: Keyframe, _ lanes: [(lane: Lane, records: [Record])])

  /// All records up to `time`, in nanoseconds, have been added.
  func settle(upTo time: UInt64)
}
