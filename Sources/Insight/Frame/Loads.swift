// The HTTP loads that mpgtop can put on a target when its user asks for them. Only programs that are made to be
// watched, such as mpg-demo, take such loads.

/// A kind of load. Each provokes one behaviour of the scheduler.
public enum Load: String, Sendable, Hashable, CaseIterable {
  /// Plain requests, one after another on each of some dozen connections.
  case flood
  /// Requests that come all at once, each of which starts many Gs: full queues, overflow, steals.
  case burst
  /// Requests that compute and never give way: preemption.
  case hog
  /// Requests that block their thread in a system call: the P is handed on.
  case block
  /// 10,000 connections on which nothing is said: Gs that are parked, and no thread for them.
  case connections
}

/// The loads that mpgtop puts on the target at present.
public struct Loads: Sendable, Equatable {
  /// The loads that run now.
  public var running: Set<Load>
  /// The reason why a load ended before the user ended it, in one line; nil: none did.
  public var problem: String?

  /// Names the loads that run.
  public init(running: Set<Load> = [], problem: String? = nil) {
    (self.running, self.problem) = (running, problem)
  }
}
