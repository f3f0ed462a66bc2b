// From snapshots to frames: rates, and the largest values since the last frame.
//
// Snapshots are taken more often than frames are shown (see Sampler), so that a spike between two frames is seen.

/// Collects snapshots of one target and makes frames of them.
public struct FrameBuilder: Sendable {
  private var latest: Snapshot?
  /// The snapshot of the frame before: rates are over the time since then.
  private var base: Snapshot?
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
    snapshot.grqMax = grqMax
    for index in snapshot.ps.indices { snapshot.ps[index].lrqMax = lrqMax[snapshot.ps[index].id] }
    (grqMax, lrqMax) = (0, [])
    var frame = Frame(snapshot: snapshot)
    if let base { frame.addRates(since: base) }
    frame.minute = minute.points
    frame.ended = ended
    base = snapshot
    return frame
  }
}

extension Frame {
  fileprivate mutating func addRates(since base: Snapshot) {
    let (now, before) = (snapshot, base)
    let seconds = Double(now.time &- before.time) / 1e9
    guard now.time > before.time else { return }
    /// A counter that ran backwards is damage; it has no rate.
    func rate(_ now: UInt64, _ before: UInt64) -> Double { now < before ? 0 : Double(now - before) / seconds }
    func steals(_ snapshot: Snapshot) -> UInt64 { snapshot.ps.reduce(0) { $0 &+ $1.stealsIn } }
    switchesPerSecond = rate(now.switches, before.switches)
    stealsPerSecond = rate(steals(now), steals(before))
    spawnsPerSecond = rate(now.gs.created, before.gs.created)
    wakeupsPerSecond = rate(now.netpoll.wakeups, before.netpoll.wakeups)
    eventsPerSecond = rate(now.trace.events, before.trace.events)
  }
}
