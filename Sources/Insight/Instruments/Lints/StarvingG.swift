// Starving G: a G is ready to run, but for long no P runs it.
import History
import Observed

/// Value: the nanoseconds for which the G had been runnable when the table of Gs was read. The lint reports one
/// second or more. A running G is stopped while others wait (Preempt §7), so a hundred Gs may have had a whole
/// time slice each in that time.
struct StarvingG: Lint {
  static let age: UInt64 = 1_000_000_000

  func findings(in instruments: Instruments, _ snapshot: Snapshot) -> [Finding] {
    let census = instruments.census
    guard let waiter = census.oldestRunnable, census.time > waiter.since else { return [] }
    let age = census.time - waiter.since
    guard age >= Self.age else { return [] }
    let place = waiter.entry.map { " (\($0))" } ?? ""
    return [
      Finding(
        lint: LintName.starvingG.rawValue,
        message: "G\(waiter.g)\(place) has been \(waiter.state) for \(TimeText.short(age))",
        g: waiter.g, entry: waiter.entry, value: Double(age), threshold: Double(Self.age))
    ]
  }
}
