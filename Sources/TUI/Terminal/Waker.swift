// A waker: another thread uses it to tell the screen's thread that there is something new to show.
import Inspector

/// Makes a running `App` ask for a frame at once instead of at the next refresh.
///
/// Any thread may call `wake` at any time, even before the app runs. Several wakes before the app has taken
/// one count as one. If the process has no free descriptors, waking does nothing, and the app keeps to its
/// refresh interval.
public final class Waker: Sendable {
  private let bell = Bell()
  /// Readable after a wake; -1: there was no free descriptor.
  var descriptor: Int32 { bell.descriptor }

  public init() {}

  /// Wakes the app. This never blocks: if a wake is already waiting, it does nothing.
  public func wake() { bell.ring() }

  /// Whether a wake is waiting.
  var isAwake: Bool { bell.hasRung }

  /// Takes all waiting wakes.
  func drain() { bell.drain() }
}
