// Hog: a G computes without giving way, so that other Gs on its P wait until sysmon stops it.
import Observed

/// Value: how often the G was preempted in the last ten seconds. The lint reports three times or more. If the
/// machine did not let a thread run for a while, an innocent G may be preempted once, but not three times.
struct Hog: Lint {
  static let preemptions = 3

  func findings(in instruments: Instruments, _ snapshot: Snapshot) -> [Finding] {
    let worst = instruments.recent.preempted.max { ($0.value, $1.key) < ($1.value, $0.key) }
    guard let (g, count) = worst, count >= Self.preemptions else { return [] }
    let hogs = instruments.recent.preempted.values.count { $0 >= Self.preemptions }
    let longest =
      instruments.recent.longestSlice.map { ", the longest go was \(TimeText.short($0.nanoseconds))" } ?? ""
    let others = hogs > 1 ? ", and \(hogs - 1) more like it" : ""
    let name = instruments.name(of: g)
    let message =
      "\(name.text) had to be preempted \(Quantity.times(count)) in ten seconds\(others)\(longest)"
    return [
      Finding(
        lint: LintName.hog.rawValue, message: message, g: g, entry: name.entry, request: name.request,
        value: Double(count),
        threshold: Double(Self.preemptions))
    ]
  }
}
