// A few segments that stay unpacked while one question is answered, because unpacking takes most of the time.
import Observed

/// Keeps the segments that were unpacked last. Not thread-safe. Drop it once the question is answered, because a
/// segment with very many events takes megabytes.
package final class UnpackedWindows {
  private static let most = 10
  /// The windows in the order in which they were last asked for. The most recent one is at the end.
  private var windows: [Window] = []
  /// The finder that found out the Gs' states at one place; nil: there is none yet.
  package var found: (segment: Int, count: Int, finder: GoroutineFinder, isComplete: Bool)?

  /// All Gs at one place; nil: they were not found yet.
  package var goroutines: (segment: Int, count: Int, ticks: UInt64, all: Goroutines)?
  /// All gauges at one place; nil: they were not computed yet.
  package var snapshot: (segment: Int, count: Int, ticks: UInt64, snapshot: Snapshot)?

  package init(
    found: (segment: Int, count: Int, finder: GoroutineFinder, isComplete: Bool)? = nil,
    goroutines: (segment: Int, count: Int, ticks: UInt64, all: Goroutines)? = nil,
    snapshot: (segment: Int, count: Int, ticks: UInt64, snapshot: Snapshot)? = nil
  ) {
    (self.found, self.goroutines, self.snapshot) = (found, goroutines, snapshot)
  }

  /// The window of a segment that is unpacked already; nil: it is not.
  package func kept(_ number: Int) -> Window? {
    guard let place = windows.firstIndex(where: { $0.number == number }) else { return nil }
    let window = windows.remove(at: place)
    windows.append(window)
    return window
  }

  package func window(_ number: Int, of history: History, _ decoder: RecordDecoder) -> Window? {
    if let window = kept(number) { return window }
    guard let window = Window(number, of: history, decoder) else { return nil }
    if windows.count == Self.most { windows.removeFirst() }
    windows.append(window)
    return window
  }
}
