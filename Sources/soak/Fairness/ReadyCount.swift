// The number of Gs that were ready in each millisecond of the last two minutes, computed from events.

/// The number of Gs that were runnable or preempted at the beginning of each millisecond.
///
/// Gs that become ready and start within one millisecond do not show. That does no harm: they delay no other G by more than
/// a millisecond.
struct ReadyCount {
  private static let millisecond: UInt64 = 1_000_000
  /// The number of milliseconds that are kept: two minutes.
  private static let kept = 1 << 17

  private var numbers = [Int32](repeating: 0, count: kept)
  /// The millisecond up to which the numbers are known.
  private var current: UInt64 = 0
  private(set) var now = 0

  /// Notes that from `time` on, `gs` Gs more (or fewer, if it is negative) are ready. Calls should come in
  /// order of time. After one that comes late, the numbers since its `time` are corrected.
  mutating func change(by gs: Int, at time: UInt64) {
    let at = time / Self.millisecond
    advance(to: at)
    now += gs
    if at < current { for late in at + 1...current { numbers[slot(late)] += Int32(gs) } }
  }

  /// Notes that `change` has been called for every change before this millisecond.
  mutating func advance(to millisecond: UInt64) {
    if current == 0 || millisecond > current + UInt64(Self.kept) { current = millisecond }
    while current < millisecond {
      current += 1
      numbers[slot(current)] = Int32(clamping: now)
    }
  }

  mutating func advance(toTime time: UInt64) { advance(to: time / Self.millisecond) }

  /// Sets the number of Gs that are ready now, when that is known from elsewhere.
  mutating func correct(_ gs: Int) { now = gs }

  /// The largest number that was ready at any time from `start` to `end`. It is 1 at least: the G whose wait is judged.
  func most(from start: UInt64, to end: UInt64) -> Int {
    let last = min(end / Self.millisecond, current)
    var first = start / Self.millisecond
    if last - min(first, last) >= UInt64(Self.kept) { first = last - UInt64(Self.kept) + 1 }
    var most = Int32(1)
    for millisecond in min(first, last)...last { most = max(most, numbers[slot(millisecond)]) }
    return Int(most)
  }

  private func slot(_ millisecond: UInt64) -> Int { Int(millisecond % UInt64(Self.kept)) }
}
