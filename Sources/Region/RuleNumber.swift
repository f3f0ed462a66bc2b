// The numbers in the scheduler's rules, such as the length of a slice. A process writes them into the header of its
// region, because a reader may be of another version, and a runtime may be booted with another slice. A sentence that
// explains a rule takes the number from the header, and names no number when the header has none.

/// A number in one of the scheduler's rules. The raw value is its index in `HeaderField.ruleNumbers`, which is wire
/// format: cases are added at the end only. The runtime's values are in RuleNumbers.swift.
@frozen public enum RuleNumber: UInt8, CaseIterable, Sendable {
  /// The CPU time, in nanoseconds, after which a G is asked to stop while only worn Gs wait: Gs that used up
  /// a turn of their own. Sysmon also retakes the P of a system call that lasts this long, though nobody
  /// waits for the P.
  case slice = 1
  /// The CPU time, in nanoseconds, after which a G is asked to stop while a fresh G waits: one that is new or
  /// was just readied.
  case grain = 2
  /// The time, in nanoseconds, after which a P that has Gs of its own looks elsewhere once: at the GRQ, then
  /// at the network.
  case elsewhere = 3
  /// The delay, in nanoseconds, above which a poll or a timer is reported as late (`netpollLate`,
  /// `timerLate`).
  case lateness = 4
  /// The time, in nanoseconds, after which sysmon polls if no other thread has.
  case backstop = 5
  /// The most Gs that an LRQ holds.
  case lrq = 6
  /// How many times a searching M goes round all other Ps before it gives up.
  case rounds = 7
  /// With the value n: at every n-th start on a P, a G that waits in a queue goes before the one in `runnext`.
  case turn = 8
  /// 1: a G whose turn is over is asked to stop when others wait; 2: it is not (`MPG_PREEMPT=0`).
  case preemption = 9

  /// Whether the number is a length of time, in nanoseconds.
  public var isTime: Bool {
    switch self {
    case .slice, .grain, .elsewhere, .lateness, .backstop: true
    case .lrq, .rounds, .turn, .preemption: false
    }
  }
}
