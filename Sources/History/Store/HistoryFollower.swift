// A follower is told of everything that a history takes in, while it is taken in. A live viewer measures lengths of
// time and pressure in this way (LiveMeters, in Insight), so that each event is handed over once. A look back has no
// follower: it measures anew.
import Observed
import Region

/// Is told of everything that a history takes in. It is called on the thread that uses the history.
package protocol HistoryFollower: AnyObject {
  /// Records of one lane were taken in, oldest first. They follow those of the last call for this lane.
  func take(_ records: ArraySlice<Record>, on lane: Lane)

  /// Records of this lane are missing before the next one.
  func lose(_ lane: Lane)

  /// A keyframe begins: the gauges at a moment, and the clock, which becomes better with time.
  func note(_ clock: Clock, _ snapshot: Snapshot)

  /// A keyframe is complete. For each lane, `lanes` has the records after its boundary that have come already.
  func begin(_ keyframe: Keyframe, _ lanes: [(lane: Lane, records: [Record])])

  /// All records up to `time`, in nanoseconds, have been taken in.
  func settle(upTo time: UInt64)
}
