// Lints: what is likely wrong with a program or its machine, said in one line, with the numbers that say so.
//
// Each is a small type with its thresholds beside it. They are set so that an idle server and one that is flooded but
// well say nothing: a lint that cries wolf is worse than none. Tests hold both, on imagined schedulers and real servers.
// Thresholds that stand in the way of a look at a smaller problem do not matter: the numbers themselves are on the same
// screen.
import Observed

/// Looks for one kind of trouble.
protocol Lint: Sendable {
  func findings(in instruments: Instruments, _ snapshot: Snapshot) -> [Finding]
}

enum Lints {
  package static let all: [any Lint] = [
    StealStorm(), StarvingG(), Hog(), LoneRunner(), NetpollLate(), VainSpinning(), GrowingSite(),
  ]
}

extension Instruments {
  /// A number of events a second, over the recent window.
  package func rate(_ count: UInt64) -> Double {
    recentTime == 0 ? 0 : Double(count) * 1e9 / Double(recentTime)
  }

  /// Whether the recent window is long enough to say anything of.
  var isLongEnough: Bool { recentTime >= 2_000_000_000 }
}

package func percent(_ part: Double) -> String { "\(Int((part * 100).rounded())) %" }
