// What the dashboard remembers of the stage from frame to frame.

/// The state of the stage.
struct StageState: Sendable, Equatable {
  /// The G that is followed; nil: none.
  var followed: UInt64?
  /// The first P whose lane is shown. Drawing clamps the value to the Ps that there are.
  var firstLane = 0
}
