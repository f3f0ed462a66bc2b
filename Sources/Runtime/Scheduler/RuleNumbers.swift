// The numbers of the scheduler's rules. They stand here and nowhere else. The rules are explained where the code keeps
// them: Preempt §7, FindRunnable §2, Sysmon §4. The region tells the numbers to readers, so a reader that explains a
// rule takes its number from there (`RuleNumber`).
import Region

enum RuleNumbers {
  /// The default of `Options.slice`, in nanoseconds; the same as Go's.
  static let slice: Int64 = 10_000_000
  static let grain: UInt64 = 1_000_000
  static let lateness: UInt64 = 1_000_000
  static let backstop: Int64 = 10_000_000
  /// A P with Gs of its own runs them for a grain (1 ms) divided by this number before it looks at the GRQ and the
  /// network.
  static let elsewhere: UInt64 = 4
  /// At every 61st search, the GRQ and the LRQ come before `runnext`. The number is a prime, so that no loop of the
  /// program keeps in step with it (Go's schedtick).
  static let turn: UInt64 = 61
  static let rounds = 4
}

extension RegionFile {
  /// Publishes the numbers in the region. Called at boot.
  func tellRuleNumbers(_ options: Options) {
    let slice = options.slice.wholeNanoseconds
    let grain = min(slice, RuleNumbers.grain)
    for number in RuleNumber.allCases {
      let value: UInt64 =
        switch number {
        case .slice: slice
        case .grain: grain
        case .elsewhere: grain / RuleNumbers.elsewhere
        case .lateness: RuleNumbers.lateness
        case .backstop: unsafe UInt64(clamping: Netpoll.backstop)
        case .lrq: UInt64(Capacity.lrq)
        case .rounds: UInt64(RuleNumbers.rounds)
        case .turn: RuleNumbers.turn
        case .preemption: options.preemption ? 1 : 2
        }
      header[.ruleNumbers, Int(number.rawValue)].set(value)
    }
  }
}
