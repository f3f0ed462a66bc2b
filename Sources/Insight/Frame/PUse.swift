// What the time of a P went to over a stretch, by the scheduler's own account: measured, not sampled.
import Observed

/// Nanoseconds of a stretch by what a P did in them. They add up to the stretch.
public struct PUse: Sendable, Equatable {
  /// A G ran on it, or its M was between two.
  public var running: UInt64
  /// Its M was in a system call, and nobody had taken it yet: it ran nothing.
  public var calls: UInt64
  /// Its M searched for work.
  public var searching: UInt64
  /// No M held it.
  public var idle: UInt64

  public init(running: UInt64 = 0, calls: UInt64 = 0, searching: UInt64 = 0, idle: UInt64 = 0) {
    (self.running, self.calls, self.searching, self.idle) = (running, calls, searching, idle)
  }

  /// How long the stretch was.
  public var window: UInt64 { running &+ calls &+ searching &+ idle }

  /// A part as a share of the stretch, 0…1.
  public func share(_ part: KeyPath<PUse, UInt64>) -> Double {
    window == 0 ? 0 : Double(self[keyPath: part]) / Double(window)
  }

  /// Of a P at two moments, the later one `window` nanoseconds after the other; nil: the target does not say all of it, or
  /// the account ran backwards, which is damage.
  package init?(from old: Snapshot.P, to new: Snapshot.P, window: UInt64) {
    func passed(_ part: KeyPath<Snapshot.P, UInt64?>) -> UInt64? {
      guard let before = old[keyPath: part], let after = new[keyPath: part] else { return nil }
      return after &- min(after, before)
    }
    guard old.runTime != nil, new.runTime != nil, let idle = passed(\.idleTime),
      let searching = passed(\.spinTime), let calls = passed(\.callTime)
    else { return nil }
    // Each is rounded for itself: what they come to beyond the window is none of theirs.
    var rest = window
    func take(_ part: UInt64) -> UInt64 {
      defer { rest -= min(part, rest) }
      return min(part, rest)
    }
    self.init(calls: take(calls), searching: take(searching), idle: take(idle))
    running = rest
    if idle > 0, running <= Self.roundings { (self.idle, running) = (self.idle + running, 0) }
  }

  /// Nanoseconds by which three parts may fall short when each is rounded, and the clock is measured anew meanwhile.
  private static let roundings: UInt64 = 3
}
