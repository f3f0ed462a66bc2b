// Throttled: the kernel stops all threads of the program's control group, because their CPU time is used up.
import Host
import Observed

/// Value: the share of the kernel's accounting periods (mostly of 100 ms each) in which the threads were stopped. The lint
/// reports a tenth or more, because then one request in ten meets a stop of the whole program. To judge at all it needs 20
/// periods or more, stopped or not.
struct Throttled: Lint {
  static let share = 0.1
  static let periods: UInt64 = 20

  func findings(in instruments: Instruments, _ snapshot: Snapshot) -> [Finding] {
    guard let quota = instruments.quota, let share = quota.throttledShare, let periods = quota.periods,
      periods >= Self.periods, share >= Self.share
    else { return [] }
    let message =
      "all threads were stopped in \(Quantity.percent(share)) of the periods of the last \(TimeText.short(quota.window)): group "
      + "\(quota.group) may use \(Quantity.compact(quota.cpus)) CPUs, and there are \(counted(snapshot.procs, "P"))"
    return [Finding(lint: LintName.throttled.rawValue, message: message, value: share, threshold: Self.share)]
  }
}
