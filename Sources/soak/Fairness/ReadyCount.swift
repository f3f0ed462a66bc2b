// How many Gs were ready at each moment of the last minutes, rebuilt from events.

/// Gs that were runnable or preempted, by millisecond: at its beginning.
///
/// What is shorter than a millisecond does not show, and need not: Gs that come and go within one make nobody wait for
/// longer than that.
struct ReadyCount {
  private static let millisecond: UInt64 = 1_000_000
  /// Milliseconds that are kept: two minutes.
  private static let kept = 1 << 17

  private var numbers = [Int32](repeating: 0, count: kept)
  /// The millisecond that the next change is expected in; nothing is known of later ones.
  private var current: UInt64 = 0
  private(set) var now = 0

  /// Another number of Gs is ready from `time` on. Changes come in about the order of time; one that comes late is put
  /// right.
  mutating func change(by gs: Int, at time: UInt64) {
    let at = time / Self.millisecond
    advance(to: at)
    now += gs
    if at < current { for late in at + 1...current { numbers[slot(late)] += Int32(gs) } }
  }

  /// All changes before `time` have come.
  mutating func advance(to millisecond: UInt64) {
    if current == 0 || millisecond > current + UInt64(Self.kept) { current = millisecond }
    while current < millisecond {
      current += 1
      numbers[slot(current)] = Int32(clamping: now)
    }
  }

  mutating func advance(toTime time: UInt64) { advance(to: time / Self.millisecond) }

  /// What it is now is known from elsewhere.
  mutating func correct(_ gs: Int) { now = gs }

  /// The most that were ready at any time from one moment to another; at least one, who waits for as long.
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
