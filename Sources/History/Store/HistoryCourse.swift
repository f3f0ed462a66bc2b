// The course of a whole history in a few numbers for each stretch of it, for a map on which one finds a moment.
import Observed

/// What a scheduler did in one stretch of time.
public struct CoursePoint: Sendable, Equatable {
  /// When the stretch begins, in nanoseconds. It lasts until the next one begins.
  public var begin: UInt64
  /// The share of the Ps' time in which Gs ran, 0…1.
  public var running: Float
  /// The most Gs that were ready at once.
  public var runnableMax: Int
  /// Whether the garbage collector marked at some time in it.
  public var isCollecting: Bool
  /// Whether something is known of the stretch; else it lies in a gap.
  public var isKnown = true

  /// Makes a point from its parts.
  public init(begin: UInt64, running: Float, runnableMax: Int, isCollecting: Bool) {
    (self.begin, self.running, self.runnableMax, self.isCollecting) = (
      begin, running, runnableMax, isCollecting
    )
  }

  /// A stretch of which nothing is known.
  package static func unknown(from begin: UInt64) -> CoursePoint {
    var point = CoursePoint(begin: begin, running: 0, runnableMax: 0, isCollecting: false)
    point.isKnown = false
    return point
  }
}

/// A row of points.
package struct HistoryCourse: Sendable, Equatable {
  /// The points, the earliest first.
  package private(set) var points: [CoursePoint] = []
  /// The moment at which the last point ends, in nanoseconds.
  package private(set) var end: UInt64 = 0

  package init() {}

  /// Adds a point, which lasts to `end`.
  package mutating func add(_ point: CoursePoint, to end: UInt64) {
    points.append(point)
    self.end = end
  }

  /// Drops the points before a moment.
  package mutating func forget(before time: UInt64) {
    let count = points.prefix { $0.begin < time }.count
    // Some at a time: each removal moves all that stay.
    if count > 1024 || count > points.count / 2 { points.removeFirst(count) }
  }

  /// The course in at most `count` points of the same length, so that they fit a screen.
  package func points(_ count: Int) -> [CoursePoint] {
    guard let first = points.first, end > first.begin, count > 0 else { return [] }
    let step = max(1, Double(end - first.begin) / Double(count))
    var sums = [Double](repeating: 0, count: count)
    var known = sums
    var out = (0..<count).map {
      CoursePoint(
        begin: first.begin + UInt64(Double($0) * step), running: 0, runnableMax: 0, isCollecting: false)
    }
    for (index, point) in points.enumerated() {
      let to = index + 1 < points.count ? points[index + 1].begin : end
      let (from, until) = (Double(point.begin - first.begin) / step, Double(to - first.begin) / step)
      for column in min(count - 1, Int(from))...min(count - 1, max(Int(from), Int(until.rounded(.up)) - 1)) {
        let part = max(0, min(until, Double(column + 1)) - max(from, Double(column)))
        sums[column] += Double(point.running) * part
        known[column] += point.isKnown ? part : 0
        out[column].runnableMax = max(out[column].runnableMax, point.runnableMax)
        out[column].isCollecting = out[column].isCollecting || point.isCollecting
      }
    }
    // Of a column that lies partly in a gap, the rest tells.
    let hasGaps = points.contains { !$0.isKnown }
    for column in out.indices {
      if hasGaps { out[column].isKnown = known[column] > 0.01 }
      let share = hasGaps ? max(0.01, min(1, known[column])) : 1
      out[column].running = Float(min(1, sums[column] / share))
    }
    return out
  }
}

/// Makes a course of events that come in their order.
package struct CourseMeter: Sendable {
  private var begin: UInt64
  private var last: UInt64
  /// The time that all Gs together ran since `begin`, in nanoseconds.
  private var ran: Double = 0
  private var runnableMax = 0
  private var isCollecting = false
  private var events = 0

  /// A point has no more events, and lasts no longer, than these.
  private static let (mostEvents, longest) = (2048, UInt64(10_000_000))

  package init(at time: UInt64) { (begin, last) = (time, time) }

  /// Notes that time has passed with so many Gs running, and that so many are ready now. Returns a point when one is full.
  package mutating func pass(
    to time: UInt64, running: Int, runnable: Int, isCollecting: Bool, procs: Int
  ) -> CoursePoint? {
    ran += Double(max(0, running)) * Double(time &- min(time, last))
    last = max(last, time)
    runnableMax = max(runnableMax, runnable)
    self.isCollecting = self.isCollecting || isCollecting
    events += 1
    guard events >= Self.mostEvents || last - begin >= Self.longest else { return nil }
    return finish(procs: procs)
  }

  /// The point that is open; nil: no time has passed.
  package mutating func finish(procs: Int) -> CoursePoint? {
    guard last > begin else { return nil }
    let share = ran / (Double(last - begin) * Double(max(1, procs)))
    let point = CoursePoint(
      begin: begin, running: Float(min(1, share)), runnableMax: runnableMax, isCollecting: isCollecting)
    self = CourseMeter(at: last)
    return point
  }

  package var end: UInt64 { last }
}

/// Makes a course of keyframes, which tell for how long each P has run Gs so far. Whether the garbage collector marked they do not
/// tell.
struct KeyframeCourse {
  private(set) var course = HistoryCourse()
  /// The last keyframe's moment, and the time for which Gs had run until then, in nanoseconds; nil: it did not tell that.
  private var last: (time: UInt64, ran: UInt64?)?

  /// Takes the next keyframe. Moments must not go back; one that does is left out.
  mutating func take(_ keyframe: Keyframe) {
    let snapshot = keyframe.snapshot
    let times = snapshot.ps.compactMap(\.runTime)
    let ran = times.count == snapshot.ps.count ? times.reduce(0, &+) : nil
    guard let last, last.time < snapshot.time else {
      if last == nil { last = (snapshot.time, ran) }
      return
    }
    self.last = (snapshot.time, ran)
    guard keyframe.gapBegin == nil, let ran, let before = last.ran, ran >= before else {
      return course.add(.unknown(from: last.time), to: snapshot.time)
    }
    let share = Double(ran - before) / (Double(snapshot.time - last.time) * Double(max(1, snapshot.procs)))
    let point = CoursePoint(
      begin: last.time, running: Float(min(1, share)), runnableMax: snapshot.gs.runnable, isCollecting: false)
    course.add(point, to: snapshot.time)
  }
}
