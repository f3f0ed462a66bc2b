// Vain spinning: Ms search for work that is not there.
import Observed

/// Value: the share of all Ps' time in which Ms searched. The lint reports a quarter or more, if more than nine
/// of ten searches found nothing. The work of such a program comes in small pieces, and each of them wakes an M
/// that comes too late.
struct VainSpinning: Lint {
  static let share = 0.25
  static let found = 0.1

  func findings(in instruments: Instruments, _ snapshot: Snapshot) -> [Finding] {
    let recent = instruments.recent
    let time = recent.ps.reduce(0) { $0 &+ $1.total }
    let share = Double(recent.ps.reduce(0) { $0 &+ $1[.spinning] }) / Double(max(1, time))
    let found = Double(recent.found) / Double(max(1, recent.searches))
    guard instruments.isLongEnough, share >= Self.share, recent.searches > 0, found < Self.found else {
      return []
    }
    let message =
      "\(Quantity.percent(share)) of the Ps' time went into searching, and \(Quantity.percent(1 - found)) of "
      + "\(counted(recent.searches, "search")) found nothing"
    return [
      Finding(lint: LintName.vainSpinning.rawValue, message: message, value: share, threshold: Self.share)
    ]
  }
}
