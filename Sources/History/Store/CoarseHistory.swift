// Some gauges of each second, for an hour: what stays of history when its events are dropped, and what long views show.
import Observed

/// The course of some gauges, from the earliest moment that is known to one moment.
public struct Trend: Sendable, Equatable {
  /// One step of the course. A value whose name ends in `Max` is the largest within the step.
  public struct Point: Sendable, Equatable {
    /// The mean number of Gs started a second; nil: the source does not tell.
    public var switchesPerSecond: Double?
    /// The largest depth of the global run queue; nil: the source does not tell.
    public var grqMax: Int?
    /// The largest number of parked Gs; nil: nothing is known of the step, because it lies in a gap.
    public var parkedMax: Int?
    /// Makes a point from its parts.
    public init(switchesPerSecond: Double? = nil, grqMax: Int? = nil, parkedMax: Int?) {
      (self.switchesPerSecond, self.grqMax, self.parkedMax) = (switchesPerSecond, grqMax, parkedMax)
    }
  }

  /// Nanoseconds that one point stands for.
  public var step: UInt64
  /// The points, oldest first; the last one ends at the moment. Each has the mean rate and the largest values
  /// of the gauges in its step.
  public var points: [Point]
  /// How long before the moment the history also has events, in nanoseconds. For the time before that, it has
  /// one look at the gauges a second.
  public var exact: UInt64
  /// Makes a course from its parts.
  public init(step: UInt64 = 1_000_000_000, points: [Point] = [], exact: UInt64 = 0) {
    (self.step, self.points, self.exact) = (step, points, exact)
  }
}

/// Some gauges at one moment.
package struct CoarsePoint: Sendable, Equatable {
  package var time: UInt64
  package var switches: UInt64?
  package var grqMax: Int?
  package var parked: Int
  package var runnable: Int
  package var live: Int
  /// Whether a gap lies between the point before and this one; see HistoryGap.
  package var isAfterGap = false

  init(_ snapshot: Snapshot) {
    (time, switches, grqMax) = (snapshot.time, snapshot.switches, snapshot.grqMax)
    parked = snapshot.gs.waiting.values.reduce(0, +)
    (runnable, live) = (snapshot.gs.runnable, snapshot.gs.live)
  }
}

/// A point for each second, oldest first. If a second had several moments, its point has their largest values.
package struct CoarseHistory {
  package static let most = 3600
  private static let second: UInt64 = 1_000_000_000

  package private(set) var points: [CoarsePoint] = []

  /// Adds the gauges of one moment. Moments must come in their order.
  package mutating func add(_ snapshot: Snapshot, isAfterGap: Bool = false) {
    var point = CoarsePoint(snapshot)
    point.isAfterGap = isAfterGap
    guard let last = points.last, last.time / Self.second == point.time / Self.second else {
      points.append(point)
      if points.count > Self.most { points.removeFirst(points.count - Self.most) }
      return
    }
    var merged = point
    merged.grqMax = larger(point.grqMax, last.grqMax)
    merged.parked = max(point.parked, last.parked)
    merged.runnable = max(point.runnable, last.runnable)
    merged.isAfterGap = point.isAfterGap || last.isAfterGap
    points[points.count - 1] = merged
  }

  /// The course up to a moment, in at most `limit` points. `exact` is the moment from which on there are events.
  package func trend(to moment: UInt64, points limit: Int, exact: UInt64) -> Trend {
    let known = points.prefix { $0.time <= moment }
    guard let first = known.first, limit > 0 else { return Trend() }
    let seconds = (moment - first.time) / Self.second + 1
    let step = (seconds + UInt64(limit) - 1) / UInt64(limit) * Self.second
    let count = Int((moment - first.time) / step) + 1
    var trend = Trend(step: step, exact: moment - min(moment, exact))
    // A single look at a scheduler gives no rate. So the rate is 0 where the counter is known, and otherwise nil.
    let blank = Trend.Point(switchesPerSecond: first.switches.map { _ in 0 }, parkedMax: 0)
    trend.points = Array(repeating: blank, count: count)
    var (before, base) = (first, first)
    var place = 0
    var isKnown = [Bool](repeating: false, count: count)
    /// The steps that lie in gaps.
    var gaps: [Range<Int>] = []
    for point in known {
      // A point from before the first step, which only damaged times cause, counts in the first step.
      let now = max(0, count - 1 - Int((moment - point.time) / step))
      if point.isAfterGap, now > place { gaps.append(place + 1..<now) }
      if now != place { (place, base) = (now, before) }
      if point.isAfterGap { base = point }
      if point.time > base.time, let before = base.switches, let after = point.switches, after >= before {
        trend.points[now].switchesPerSecond = Double(after - before) * 1e9 / Double(point.time - base.time)
      }
      trend.points[now].grqMax = larger(trend.points[now].grqMax, point.grqMax)
      trend.points[now].parkedMax = larger(trend.points[now].parkedMax, point.parked)
      isKnown[now] = true
      before = point
    }
    // A step in which nobody looked gets the values of the next one: time passed although nobody looked.
    for index in isKnown.indices.dropLast().reversed() where !isKnown[index] {
      trend.points[index] = trend.points[index + 1]
    }
    for gap in gaps { for index in gap { trend.points[index] = Trend.Point(parkedMax: nil) } }
    return trend
  }
}
