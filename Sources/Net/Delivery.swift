// A time limit for a peer that takes nothing of what is written to it. A peer that takes it slowly is given more time.

import MPG

/// The time that a peer has left to take something.
///
/// Progress is what the peer's system has acknowledged. Our own system's report that it has room for more is no measure: it
/// comes only when a third of the send buffer is free, for which a slow peer may need minutes. No event tells of
/// acknowledgements either, so the caller must look at their number now and then.
public struct Delivery {
  private let patience: Duration
  /// The number of bytes that had been taken at the last look that found progress.
  private var taken = Int.min
  private var end = Deadline.after(.zero)

  /// - Parameter patience: how long to wait while the peer takes nothing. Looks are up to an eighth of that apart, so the limit
  ///   is exceeded by an eighth at most.
  public init(within patience: Duration) { self.patience = patience }

  /// Notes the number of bytes taken so far; only its growth matters, so the caller may count from any point.
  ///
  /// - Returns: how long to wait until the next look; nil when the peer's time is over.
  public mutating func look(taken: Int) -> Duration? {
    if taken > self.taken { (self.taken, end) = (taken, .after(patience)) }
    let left = end.timeLeft
    return left > .zero ? min(left, max(patience / 8, .milliseconds(1))) : nil
  }
}
