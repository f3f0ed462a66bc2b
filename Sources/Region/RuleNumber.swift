// The numbers of the scheduler's rules, as the target tells them in its header: a reader may be of another version, and
// the same runtime may be booted with another slice. So whoever explains a rule takes its numbers from here, and where
// they are not told, gives none.

/// A number that one of the scheduler's rules has. Raw values are the wire format: its place in
/// `HeaderField.ruleNumbers`; a case is only ever added at the end. The runtime's own are in RuleNumbers.swift.
@frozen public enum RuleNumber: UInt8, CaseIterable, Sendable {
  /// Nanoseconds of CPU time after which a G is asked to stop while only worn Gs wait, whose own slice was over. A call
  /// that lasts as long loses its P though nobody waits.
  case slice = 1
  /// The same while a fresh G waits, one that is new or was woken.
  case grain = 2
  /// Nanoseconds after which a P that has Gs of its own looks elsewhere once: at the GRQ, then at the network.
  case elsewhere = 3
  /// A poll, or a timer, that comes later by more nanoseconds than these is told to be late.
  case lateness = 4
  /// Nanoseconds without a poll by anybody after which sysmon polls.
  case backstop = 5
  /// Gs that an LRQ holds.
  case lrq = 6
  /// How often a searching M goes round the other Ps.
  case rounds = 7
  /// At every so manieth start of a P a G that waits in line comes before `runnext`.
  case turn = 8
  /// 1: a G that others wait behind is asked to stop when its turn is over; 2: it is not (`MPG_PREEMPT=0`).
  case preemption = 9

  /// Whether it is a length of time, in nanoseconds.
  public var isTime: Bool {
    switch self {
    case .slice, .grain, .elsewhere, .lateness, .backstop: true
    case .lrq, .rounds, .turn, .preemption: false
    }
  }
}
