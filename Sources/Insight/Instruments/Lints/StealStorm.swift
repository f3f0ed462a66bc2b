// Steal storm: the Ps take work from each other instead of doing it.
import Observed

/// Value: the number of steals for each start of a G. The lint reports one steal in two starts, or more, if
/// there are 20,000 steals a second or more. Then hardly any steal brings more than the G that runs next, and
/// each steal costs as much as running some Gs.
struct StealStorm: Lint {
  static let share = 0.5
  static let rate = 20_000.0

  func findings(in instruments: Instruments, _ snapshot: Snapshot) -> [Finding] {
    let recent = instruments.recent
    let rate = instruments.rate(recent.steals)
    let share = Double(recent.steals) / Double(max(1, recent.starts))
    guard instruments.isLongEnough, rate >= Self.rate, share >= Self.share else { return [] }
    let message =
      "\(Quantity.grouped(Int(rate))) steals a second, one for every \(Quantity.compact(1 / share)) starts: Ps live off each other"
    return [
      Finding(lint: LintName.stealStorm.rawValue, message: message, value: share, threshold: Self.share)
    ]
  }
}
