// The pressures that a live viewer measures, segment by segment, and the time that it takes for it.

struct PressureLog {
  /// One part in so many of a core may go into it.
  private static let share: UInt64 = 100
  /// How far back it goes, in nanoseconds.
  private static let reach: UInt64 = 10_000_000_000

  private let decoder = RecordDecoder()
  private var measured: [(time: UInt64, pressure: Pressure)] = []
  private var next: UInt64 = 0
  private var lastNumber = -1

  /// Measures the newest segment of which all is known, when one is due.
  mutating func measure(_ history: History) {
    let start = monotonicNow()
    // All lanes have gone on from the one after it, so nothing of it waits to be compressed.
    let number = history.numbers.upperBound - 3
    guard start >= next, number > lastNumber, history.numbers.contains(number) else { return }
    lastNumber = number
    if let window = Window(number, of: history, decoder), let end = window.end,
      let pressure = window.pressure(after: window.events.count, at: end)
    {
      measured.append((window.keyframe.snapshot.time, pressure))
    }
    let newest = measured.last?.time ?? 0
    measured.removeAll { newest > $0.time &+ Self.reach }
    let now = monotonicNow()
    next = now + (now - start) * Self.share
  }

  /// All that was measured in the last ten seconds.
  var recent: Pressure { measured.reduce(into: Pressure()) { $0.add($1.pressure) } }
}
