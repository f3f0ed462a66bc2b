// Lints: what is likely wrong with a program or its machine, said in one line, with the numbers that say so.
//
// Each lint is a small type with its thresholds beside it. The thresholds are set so that nothing is said
// about an idle server, or about one that is flooded but healthy, because a lint with false alarms is worse
// than none. Tests check this on imagined schedulers and on real servers. A threshold does not hide smaller
// problems: the numbers themselves are on the same screen.
import Observed

/// Looks for one kind of problem. The comment of each lint says what the `value` of its findings is, and from
/// which value on the lint reports a finding.
protocol Lint: Sendable {
  /// Returns what the lint found; empty if it found nothing.
  func findings(in instruments: Instruments, _ snapshot: Snapshot) -> [Finding]
}

/// Every lint by the name that its findings bear, in the order in which the lints run.
enum LintName: String, CaseIterable, Sendable {
  case stealStorm, starvingG, hog, loneRunner, netpollLate, vainSpinning, growingSite, convoy, lockedHog,
    stuckSocket,
    throttled

  var lint: any Lint {
    switch self {
    case .stealStorm: StealStorm()
    case .starvingG: StarvingG()
    case .hog: Hog()
    case .loneRunner: LoneRunner()
    case .netpollLate: NetpollLate()
    case .vainSpinning: VainSpinning()
    case .growingSite: GrowingSite()
    case .convoy: Convoy()
    case .lockedHog: LockedHog()
    case .stuckSocket: StuckSocket()
    case .throttled: Throttled()
    }
  }
}

/// All lints.
enum Lints {
  static let all: [any Lint] = LintName.allCases.map(\.lint)
}

extension Instruments {
  /// Converts a number of events in the recent window into events per second.
  package func rate(_ count: UInt64) -> Double {
    recentTime == 0 ? 0 : Double(count) * 1e9 / Double(recentTime)
  }

  /// Whether the recent window is long enough to judge from.
  var isLongEnough: Bool { recentTime >= 2_000_000_000 }
}
