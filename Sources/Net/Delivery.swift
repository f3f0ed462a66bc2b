// Whether a peer takes what was written to it: slowly is fine, not at all is not.

import MPG

/// Patience with a peer that takes nothing.
///
/// What counts is what its system has acknowledged. That ours has room for more says little: it says so only when a third of
/// its buffer is free, which a slow peer may need minutes for. So it must be looked at now and then.
public struct Delivery {
  private let patience: Duration
  /// Bytes taken when something was taken last.
  private var taken = Int.min
  private var end = Deadline.after(.zero)

  /// - Parameter patience: how long nothing at all may be taken; up to an eighth more, as looks are that far apart.
  public init(within patience: Duration) { self.patience = patience }

  /// Looks at the bytes taken so far, counted from anywhere.
  ///
  /// - Returns: how long to wait until the next look; nil when patience is at its end.
  public mutating func look(taken: Int) -> Duration? {
    if taken > self.taken { (self.taken, end) = (taken, .after(patience)) }
    let left = end.timeLeft
    return left > .zero ? min(left, max(patience / 8, .milliseconds(1))) : nil
  }
}
