// Who hears of everything that a history takes in, while it does. A live viewer measures lengths of time and pressure in this
// way (LiveMeters, in Insight), so that each event is handed over once. A look back has no follower: it measures anew.
import Observed
import Region

package protocol HistoryFollower: AnyObject {
  /// Records of one lane, oldest first, which follow those that came before.
  func take(_ records: ArraySlice<Record>, on lane: Lane)

  /// Records are missing before the next one of this lane.
  func lose(_ lane: Lane)

  /// A keyframe begins: the gauges at a moment, and the clock, which becomes better with time.
  func note(_ clock: Clock, _ snapshot: Snapshot)

  /// A keyframe is whole. Of each lane, these are the records after its boundary that have come already.
  func begin(_ keyframe: Keyframe, _ lanes: [(lane: Lane, records: [Record])])

  /// All records up to `time`, in nanoseconds, have been taken in.
  func settle(upTo time: UInt64)
}
