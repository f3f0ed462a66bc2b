// A few segments that stay unpacked while one question is answered: to unpack is most of what it takes.
import Observed

/// For one thread at a time, and no longer than the question: a segment of a flood takes megabytes.
package final class UnpackedWindows {
  private static let most = 10
  /// The one that was asked for last comes last.
  private var windows: [Window] = []
  /// What the Gs did at a place, once that was found out.
  package var found: (segment: Int, count: Int, finder: GoroutineFinder, isComplete: Bool)?

  /// What all Gs, and the gauges, were at a place, likewise.
  package var goroutines: (segment: Int, count: Int, ticks: UInt64, all: Goroutines)?
  package var snapshot: (segment: Int, count: Int, ticks: UInt64, snapshot: Snapshot)?

  package init(
    found: (segment: Int, count: Int, finder: GoroutineFinder, isComplete: Bool)? = nil,
    goroutines: (segment: Int, count: Int, ticks: UInt64, all: Goroutines)? = nil,
    snapshot: (segment: Int, count: Int, ticks: UInt64, snapshot: Snapshot)? = nil
  ) {
    (self.found, self.goroutines, self.snapshot) = (found, goroutines, snapshot)
  }

  /// One that is unpacked already.
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
