// The pace of looking: when to drain the rings, when to take a snapshot, when the target has ended.
//
// Frames are for people and come once a second or so; a ring of a flooded target fills in 10 to 30 ms. So draining
// sets its own pace: often enough that the fullest ring is a quarter full, from 1 to 20 ms. It slows down by halves
// and hardly ever rests, because a flood does not announce itself: with 100 ms between two drains of an idle target,
// the first burst would be lost. Fifty drains of empty rings a second take a thousandth of a core.

/// Looks at one target again and again. It never waits itself: `step` says when it wants to be called again, and the
/// caller sleeps, or waits for keys. For one thread at a time.
public struct Sampler {
  /// Nanoseconds between snapshots: a spike is seen, and a second of history has four.
  public static let snapshotInterval: UInt64 = 250_000_000
  static let shortest: UInt64 = 1_000_000
  static let longest: UInt64 = 20_000_000
  /// The share of a ring that may fill between two drains.
  static let target = 0.25

  public let inspector: Inspector
  /// How the target ended; nil while it lives. The last snapshot was taken after that.
  public private(set) var ending: TargetEnding?
  private var builder = FrameBuilder()
  private var drainInterval = Self.longest / 4
  private var lastDrain: UInt64
  private var lastSnapshot: UInt64 = 0

  public init(_ inspector: Inspector) {
    self.inspector = inspector
    lastDrain = monotonicNow()
  }

  /// Does what is due and returns after how many nanoseconds it wants to be called again.
  public mutating func step() throws(InspectorError) -> UInt64 {
    if ending != nil { return Self.snapshotInterval }
    let now = monotonicNow()
    if now - lastDrain >= drainInterval {
      let fill = try inspector.drain()
      drainInterval = Self.pace(fill: fill, after: now - lastDrain, last: drainInterval)
      lastDrain = now
    }
    if now - lastSnapshot >= Self.snapshotInterval { try sample() }
    let (drain, snapshot) = (lastDrain + drainInterval, lastSnapshot + Self.snapshotInterval)
    let next = min(drain, snapshot)
    return next > now ? next - now : 0
  }

  /// The frame of this very moment.
  public mutating func frame() throws(InspectorError) -> Frame {
    try sample()
    guard let frame = builder.frame(ended: ending?.description) else {
      preconditionFailure("a sample was just taken")
    }
    return frame
  }

  private mutating func sample() throws(InspectorError) {
    if ending == nil { ending = try inspector.ending() }
    builder.observe(try inspector.snapshot())
    lastSnapshot = monotonicNow()
  }

  /// Nanoseconds until the fullest ring will be `target` full, when it became `fill` full in `elapsed`; at most half
  /// as much again as `interval`, the last one.
  static func pace(fill: Double, after elapsed: UInt64, last interval: UInt64) -> UInt64 {
    let wanted = fill > 0 ? Double(elapsed) * target / fill : .infinity
    let slowest = min(Double(interval) * 1.5, Double(longest))
    return UInt64(min(max(wanted, Double(shortest)), slowest))
  }
}
