// The commands by which a person holds, steps or slows the target's scheduler. The program that shows the dashboard
// talks to the target and reports the outcome.

/// A wish about the pace of the target's scheduler.
public enum PaceCommand: Sendable, Hashable {
  /// Hold the scheduler; if it is held or slowed, let it run free.
  case hold
  /// Let one thread make one decision.
  case step
  /// Let the scheduler make fewer decisions a second; if it makes the fewest already, hold it.
  case slower
  /// Let the scheduler make more decisions a second; if it makes the most already, let it run free.
  case faster
}
