// The numbers of the scheduler's rules: they stand here and nowhere else. The rules themselves are told where they are
// kept: Preempt §7, FindRunnable §2, Sysmon §4. The region tells the numbers to readers, so that whoever explains a rule
// need not know them (`RuleNumber`).
import Region

enum RuleNumbers {
  /// Nanoseconds. See `Options.slice`: as Go's.
  static let slice: Int64 = 10_000_000
  static let grain: UInt64 = 1_000_000
  static let lateness: UInt64 = 1_000_000
  static let backstop: Int64 = 10_000_000
  /// What part of a grain a P with Gs of its own runs these before it looks elsewhere.
  static let elsewhere: UInt64 = 4
  /// Prime, so that the look does not beat with loops of the program (Go's schedtick).
  static let turn: UInt64 = 61
  static let rounds = 4
}

extension RegionFile {
  /// Tells readers the numbers. At boot.
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
