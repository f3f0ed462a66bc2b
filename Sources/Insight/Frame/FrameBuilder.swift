// Makes frames from snapshots: rates, and the largest values, over a window that ends at the frame.
//
// §1 Snapshots are taken more often than frames are shown (see Sampler), so that no spike between two frames
// is missed.
//
// §2 Rates, shares and maxima are over one window: from the previous frame to this one, but at least one
// second, because numbers that change ten times a second cannot be read. The window begins at a *base*, which
// is a snapshot that the history has as well. So a frame of the past has the same window as the live frame of
// that moment had, and says the same (see Player.frame). If a viewer keeps no history, every snapshot is a
// base.
import Observed

/// Collects snapshots of one target and makes frames from them.
public struct FrameBuilder: Sendable {
  /// Minimum length of a window, in nanoseconds.
  package static let window: UInt64 = 1_000_000_000

  private var latest: Snapshot?
  /// The bases, oldest first. No window may begin before the first one.
  private var bases: [Base] = []
  /// The largest values since the last base.
  private var open = Maxima()
  /// Whether the first base is the first snapshot of all. Then the maxima of that base belong to the window.
  private var isWhole = true
  private var lastFrame: UInt64?
  private var minute = Minute()

  private struct Base {
    let totals: Totals
    /// The largest values between the previous base and this one.
    var maxima: Maxima
  }

  /// A builder that has seen no snapshot.
  public init() {}

  /// - Parameter since: the moment of the previous frame, in nanoseconds. The next window begins there, or a
  ///   second before its end, whichever is earlier.
  package init(since: UInt64) { lastFrame = since }

  /// Adds the next snapshot. Snapshots must come in the order of their times.
  public mutating func observe(_ snapshot: Snapshot) { observe(snapshot, isBase: true) }

  /// Adds the next snapshot.
  ///
  /// - Parameter isBase: whether a window may begin at this snapshot.
  package mutating func observe(_ snapshot: Snapshot, isBase: Bool) {
    minute.observe(snapshot)
    latest = snapshot
    open.add(snapshot)
    if isBase { addBase(snapshot) }
  }

  /// Notes that nothing is known of the time between the last snapshot and the next one: no window leads across.
  package mutating func noteGap() {
    (bases, open, isWhole) = ([], Maxima(), true)
    minute.noteGap()
  }

  /// Makes `snapshot`, which must be the last one observed, a base.
  package mutating func addBase(_ snapshot: Snapshot) {
    bases.append(Base(totals: Totals(snapshot), maxima: open))
    open = Maxima()
    forget(before: Self.begin(snapshot.time, since: lastFrame ?? snapshot.time))
  }

  /// Returns `snapshot`, which must be the last one observed, with its maxima (as of queues' depths) replaced by the
  /// largest values of all snapshots since the last base, the snapshot from which a window of time begins.
  /// The history keeps this as its keyframe, so it also knows the maxima of snapshots that it does not keep.
  package func sinceBase(_ snapshot: Snapshot) -> Snapshot {
    var snapshot = snapshot
    open.show(in: &snapshot)
    return snapshot
  }

  /// Maximum number of bases.
  private static let most = 256

  /// The beginning of the window of a frame at `now`: a second before it, or `since` if that is earlier.
  package static func begin(_ now: UInt64, since: UInt64) -> UInt64 { min(since, now - min(now, window)) }

  private mutating func forget(before begin: UInt64) {
    let passed = max(0, bases.prefix { $0.totals.time <= begin }.count - 1)
    if passed > 0 { isWhole = false }
    bases.removeFirst(passed)
    // A day may have passed since the last frame. Then the older bases are merged into one.
    while bases.count > Self.most {
      bases[2].maxima.add(bases[1].maxima)
      bases.remove(at: 1)
    }
  }

  /// Makes the frame of the latest snapshot; nil: there is no snapshot yet. The window of the next frame
  /// begins here, or a second before its end, whichever is earlier.
  public mutating func frame(ended: String? = nil) -> Frame? {
    guard var snapshot = latest else { return nil }
    forget(before: Self.begin(snapshot.time, since: lastFrame ?? snapshot.time))
    var maxima = open
    for base in bases.dropFirst(isWhole ? 0 : 1) { maxima.add(base.maxima) }
    maxima.show(in: &snapshot)
    var frame = Frame(snapshot: snapshot)
    if let base = bases.first { frame.setRates(from: base.totals, to: Totals(snapshot)) }
    frame.minute = minute.points
    frame.ended = ended
    lastFrame = snapshot.time
    return frame
  }
}

/// The largest depths of the queues within some time.
private struct Maxima: Sendable {
  private var grq: Int?
  private var lrqs: [Int: Int] = [:]

  mutating func add(_ snapshot: Snapshot) {
    grq = larger(grq, larger(snapshot.grqMax, snapshot.grq))
    for p in snapshot.ps { lrqs[p.id] = larger(lrqs[p.id], larger(p.lrqMax, p.lrq)) }
  }

  mutating func add(_ other: Maxima) {
    grq = larger(grq, other.grq)
    lrqs.merge(other.lrqs) { max($0, $1) }
  }

  /// If a source does not tell the largest depths, they stay nil. The largest of the depths seen at single looks
  /// would not be the maximum.
  func show(in snapshot: inout Snapshot) {
    if snapshot.grqMax != nil { snapshot.grqMax = larger(grq, snapshot.grq) }
    for (index, p) in snapshot.ps.enumerated() where p.lrqMax != nil {
      snapshot.ps[index].lrqMax = larger(lrqs[p.id], p.lrq)
    }
  }
}

/// The counters whose rates a frame shows.
struct Totals: Sendable {
  let time: UInt64
  let switches, steals, spawns, wakeups, events, mutexWait: UInt64?
  let ps: [Snapshot.P]

  init(_ snapshot: Snapshot) {
    (time, switches, spawns) = (snapshot.time, snapshot.switches, snapshot.gs.created)
    (wakeups, events) = (snapshot.netpoll.wakeups, snapshot.trace.events)
    steals = snapshot.totalSteals
    mutexWait = snapshot.sampled?.mutexWait
    ps = snapshot.ps
  }
}

extension Frame {
  mutating func setRates(from base: Totals, to now: Totals) {
    // No time has passed in a first frame, nor ever in a core file. There is no rate then, which is not a rate of 0.
    let seconds = now.time > base.time ? Double(now.time - base.time) / 1e9 : 0
    /// A counter that ran backwards is damaged, and has no rate either.
    func rate(_ before: UInt64?, _ after: UInt64?) -> Double? {
      guard let before, let after, after >= before, seconds > 0 else { return nil }
      return Double(after - before) / seconds
    }
    switchesPerSecond = rate(base.switches, now.switches)
    stealsPerSecond = rate(base.steals, now.steals)
    spawnsPerSecond = rate(base.spawns, now.spawns)
    wakeupsPerSecond = rate(base.wakeups, now.wakeups)
    eventsPerSecond = rate(base.events, now.events)
    mutexWaiters = rate(base.mutexWait, now.mutexWait).map { $0 / 1e9 }
    guard seconds > 0 else { return }
    var earlier = base.ps[...]
    use = now.ps.map { p in
      // Both lists of Ps are in the order of ids, so what stands before this P is not needed again.
      earlier = earlier.drop { $0.id < p.id }
      guard let before = earlier.first, before.id == p.id else { return nil }
      return PUse(from: before, to: p, window: now.time - base.time)
    }
  }
}
