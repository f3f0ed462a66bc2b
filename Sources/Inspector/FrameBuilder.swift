// From snapshots to frames: rates, and the largest values since the last frame.
//
// Snapshots are taken more often than frames are shown (see Sampler), so that a spike between two frames is seen.

/// Collects snapshots of one target and makes frames of them.
public struct FrameBuilder: Sendable {
  private var latest: Snapshot?
  /// Counters of earlier frames, oldest first: the first is the one that rates are measured from.
  private var earlier: [Totals] = []
  private var minute = Minute()
  private var grqMax = 0
  private var lrqMax: [Int] = []

  public init() {}

  /// Takes in one more snapshot; they come in the order of their times.
  public mutating func observe(_ snapshot: Snapshot) {
    minute.observe(snapshot)
    latest = snapshot
    grqMax = max(grqMax, snapshot.grqMax)
    for p in snapshot.ps {
      while lrqMax.count <= p.id { lrqMax.append(0) }
      lrqMax[p.id] = max(lrqMax[p.id], p.lrqMax)
    }
  }

  /// The frame of the latest snapshot; nil before the first. The next frame's rates and maxima start here.
  public mutating func frame(ended: String? = nil) -> Frame? {
    guard var snapshot = latest else { return nil }
    snapshot.grqMax = max(grqMax, snapshot.grq)
    for (index, p) in snapshot.ps.enumerated() where p.id < lrqMax.count {
      snapshot.ps[index].lrqMax = lrqMax[p.id]
    }
    (grqMax, lrqMax) = (0, [])
    var frame = Frame(snapshot: snapshot)
    let now = Totals(snapshot)
    while earlier.count > 1, earlier[1].time + Totals.window <= now.time { earlier.removeFirst() }
    if let base = earlier.first { frame.setRates(from: base, to: now) }
    earlier.append(now)
    frame.minute = minute.points
    frame.ended = ended
    return frame
  }
}

/// The counters whose rates a frame shows.
private struct Totals: Sendable {
  /// Nanoseconds over which rates are taken, at least: numbers that dance ten times a second cannot be read.
  static let window: UInt64 = 1_000_000_000

  let time, switches, steals, spawns, wakeups, events: UInt64
  let ps: [Snapshot.P]

  init(_ snapshot: Snapshot) {
    (time, switches, spawns) = (snapshot.time, snapshot.switches, snapshot.gs.created)
    (wakeups, events) = (snapshot.netpoll.wakeups, snapshot.trace.events)
    steals = snapshot.ps.reduce(snapshot.retired.stealsIn) { $0 &+ $1.stealsIn }
    ps = snapshot.ps
  }
}

extension Frame {
  fileprivate mutating func setRates(from base: Totals, to now: Totals) {
    guard now.time > base.time else { return }
    let seconds = Double(now.time - base.time) / 1e9
    /// A counter that ran backwards is damage; it has no rate.
    func rate(_ before: UInt64, _ after: UInt64) -> Double {
      after < before ? 0 : Double(after - before) / seconds
    }
    switchesPerSecond = rate(base.switches, now.switches)
    stealsPerSecond = rate(base.steals, now.steals)
    spawnsPerSecond = rate(base.spawns, now.spawns)
    wakeupsPerSecond = rate(base.wakeups, now.wakeups)
    eventsPerSecond = rate(base.events, now.events)
    var earlier = base.ps[...]
    use = now.ps.map { p in
      // Both are in the order of their ids.
      earlier = earlier.drop { $0.id < p.id }
      guard let before = earlier.first, before.id == p.id else { return nil }
      return PUse(from: before, to: p, window: now.time - base.time)
    }
  }
}
