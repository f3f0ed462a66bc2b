// The use of a P over a stretch of time, by the scheduler's own account: measured, not sampled.
import Observed

/// How a P spent a stretch of time, in nanoseconds, by what it did. The parts add up to the stretch's length.
public struct PUse: Sendable, Equatable {
  /// How long a G ran on the P, or the P's M was between two Gs.
  public var running: UInt64
  /// How long the P's M was in a system call and nobody had taken the P yet. The P ran nothing meanwhile.
  public var calls: UInt64
  /// How long the P's M searched for work; nil: the source does not tell, and the time is in `running`.
  public var searching: UInt64?
  /// How long no M held the P.
  public var idle: UInt64

  /// Makes the times, in nanoseconds, by what the P did.
  public init(running: UInt64 = 0, calls: UInt64 = 0, searching: UInt64? = 0, idle: UInt64 = 0) {
    (self.running, self.calls, self.searching, self.idle) = (running, calls, searching, idle)
  }

  /// The length of the stretch, in nanoseconds.
  public var window: UInt64 { running &+ calls &+ (searching ?? 0) &+ idle }

  /// A part as a share of the stretch, 0…1.
  public func share(_ part: KeyPath<PUse, UInt64>) -> Double {
    window == 0 ? 0 : Double(self[keyPath: part]) / Double(window)
  }

  /// A part as a share of the stretch, 0…1; nil: it is not known.
  public func share(_ part: KeyPath<PUse, UInt64?>) -> Double? {
    self[keyPath: part].map { window == 0 ? 0 : Double($0) / Double(window) }
  }

  /// Computes the use of a P between two snapshots that are `window` nanoseconds apart; nil: the target does
  /// not tell all of it. A counter that ran backwards is damaged, and counts as 0.
  package init?(from old: Snapshot.P, to new: Snapshot.P, window: UInt64) {
    func passed(_ part: KeyPath<Snapshot.P, UInt64?>) -> UInt64? {
      guard let before = old[keyPath: part], let after = new[keyPath: part] else { return nil }
      return after &- min(after, before)
    }
    guard old.runTime != nil, new.runTime != nil, let idle = passed(\.idleTime),
      let calls = passed(\.callTime)
    else { return nil }
    // Each part is rounded by itself, so together they may exceed the window. The excess is cut off.
    var rest = window
    func take(_ part: UInt64) -> UInt64 {
      defer { rest -= min(part, rest) }
      return min(part, rest)
    }
    self.init(calls: take(calls), searching: passed(\.spinTime).map(take), idle: take(idle))
    running = rest
    if idle > 0, running <= Self.roundings { (self.idle, running) = (self.idle + running, 0) }
  }

  /// The nanoseconds by which the sum of three parts may fall short of the window, because each is rounded,
  /// and the clock is measured again between the snapshots. A rest that is no larger counts as idle.
  private static let roundings: UInt64 = 3
}
