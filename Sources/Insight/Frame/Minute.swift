// The last minute, second by second.
import History
import Observed

/// Makes a point for each of the last 60 seconds, including the current one, from snapshots that come several
/// times a second.
struct Minute: Sendable {
  static let seconds = 60

  private(set) var points: [Frame.Point] = []
  private var last: Snapshot?
  /// How many Gs were started in the current second, as far as it has been seen; nil: that is not known.
  private var switches: UInt64?
  /// The part of the current second that was watched, in nanoseconds. `switches` counts the starts of that
  /// time.
  private var time: UInt64 = 0

  /// Whether nothing is known of the time between the last snapshot and the next one.
  private var isAfterGap = false

  /// Notes that nothing is known of the time until the next snapshot.
  mutating func noteGap() { isAfterGap = true }

  /// Adds the next snapshot. Snapshots must come in the order of their times.
  mutating func observe(_ snapshot: Snapshot) {
    defer { last = snapshot }
    guard let last, snapshot.time > last.time else {
      if points.isEmpty { points = [Self.gauges(of: snapshot)] }
      return
    }
    let passed = Int(clamping: Self.second(snapshot) - Self.second(last))
    if passed > 0 { begin(after: passed, at: snapshot) }
    if isAfterGap {
      isAfterGap = false
      let (newest, gauges) = (points.count - 1, Self.gauges(of: snapshot))
      points[newest].grqMax = larger(points[newest].grqMax, gauges.grqMax)
      points[newest].parkedMax = larger(points[newest].parkedMax, gauges.parkedMax)
      return
    }
    if let before = last.switches, let after = snapshot.switches {
      switches = (switches ?? 0) &+ (after < before ? 0 : after - before)
    } else {
      switches = nil
    }
    time += snapshot.time - last.time
    let newest = points.count - 1
    points[newest].switchesPerSecond = switches.map { Double($0) * 1e9 / Double(time) }
    let gauges = Self.gauges(of: snapshot)
    points[newest].grqMax = larger(points[newest].grqMax, gauges.grqMax)
    points[newest].parkedMax = larger(points[newest].parkedMax, gauges.parkedMax)
    spread(over: passed)
  }

  /// Begins a new second. Adds points also for the seconds in which no snapshot was taken, because the viewer
  /// was stopped.
  private mutating func begin(after passed: Int, at snapshot: Snapshot) {
    let added = min(passed, Self.seconds)
    points += Array(repeating: Frame.Point(parkedMax: nil), count: added)
    points.removeFirst(max(0, points.count - Self.seconds))
    (switches, time) = (nil, 0)
  }

  /// Gives each second in which no snapshot was taken the values of the newest second: its mean rate and its
  /// gauges.
  private mutating func spread(over passed: Int) {
    guard passed > 1, let newest = points.last else { return }
    let missed = min(passed - 1, points.count - 1)
    for index in (points.count - 1 - missed)..<(points.count - 1) { points[index] = newest }
  }

  private static func second(_ snapshot: Snapshot) -> UInt64 { snapshot.time / 1_000_000_000 }

  private static func gauges(of snapshot: Snapshot) -> Frame.Point {
    Frame.Point(
      switchesPerSecond: snapshot.switches.map { _ in 0 }, grqMax: snapshot.grqMax,
      parkedMax: snapshot.gs.waiting.values.reduce(0, +))
  }
}
