// How a scheduler is paced from outside: whether it runs free, is held, or is slowed, and which Ms wait for permission to
// make their next scheduling decision (docs/control.md).
import Region

/// The pace of a scheduler that can be paced from outside. Timers and deadlines go by the scheduler's own clock. While the
/// scheduler is held or slowed, that clock stands still whenever its Ms only wait; the outside world does not slow.
public struct Pace: Sendable, Equatable {
  /// Whether the scheduler runs free, is held, or is slowed.
  public var state: Pacing
  /// Decisions a second of all Ps together; nil: the scheduler is not slowed.
  public var rate: Int?
  /// The number of single decisions that were granted since boot, while the scheduler was held or slowed.
  public var steps: UInt64
  /// The ids of the Ms that wait for permission to make their next decision, in ascending order. While the scheduler is
  /// held, every other thread runs user code, is in a system call, or sleeps.
  public var waiting: [Int]

  /// Makes a pace from its parts.
  public init(state: Pacing, rate: Int? = nil, steps: UInt64, waiting: [Int] = []) {
    (self.state, self.rate, self.steps, self.waiting) = (state, rate, steps, waiting)
  }

  /// Whether threads must wait for permission to make their next decision.
  public var isOn: Bool { state == .held || state == .slow }
}
