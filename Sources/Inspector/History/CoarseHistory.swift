// What stays of history that had to go: some gauges a second, for an hour.
internal import Region

/// Some gauges at one moment.
struct CoarsePoint: Sendable, Equatable {
  var time: UInt64 = 0
  var switches: UInt64 = 0
  var grqMax = 0
  var parked = 0
  var runnable = 0
  var live = 0

  init(_ snapshot: Snapshot) {
    (time, switches, grqMax) = (snapshot.time, snapshot.switches, snapshot.grqMax)
    parked = snapshot.gs.waiting.values.reduce(0, +)
    (runnable, live) = (snapshot.gs.runnable, snapshot.gs.live)
  }
}

/// A point for each second that is gone, oldest first; of several in one second the largest values.
struct CoarseHistory {
  static let most = 3600

  private(set) var points: [CoarsePoint] = []
  /// The newest moment of all, gone or not.
  var latest: CoarsePoint?

  mutating func add(_ segment: Segment) {
    guard let bytes = segment.keyframe.bytes, let keyframe = Keyframe(bytes) else { return }
    let point = CoarsePoint(keyframe.snapshot)
    guard let last = points.last, last.time / 1_000_000_000 == point.time / 1_000_000_000 else {
      points.append(point)
      if points.count > Self.most { points.removeFirst(points.count - Self.most) }
      return
    }
    var merged = point
    merged.grqMax = max(point.grqMax, last.grqMax)
    merged.parked = max(point.parked, last.parked)
    merged.runnable = max(point.runnable, last.runnable)
    points[points.count - 1] = merged
  }
}
