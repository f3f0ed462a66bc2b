// How a scheduler is paced from outside: whether it runs free, is held, or is slowed, and who waits for the next turn.
import Region

/// How a scheduler that can be paced from outside goes on. While it is held or slowed, its own clock, by which timers
/// and deadlines go, stands; the outside world does not slow.
public struct Pace: Sendable, Equatable {
  /// The pace.
  public var state: Pacing
  /// Decisions a second of all Ps together; nil: the scheduler is not slowed.
  public var rate: Int?
  /// Decisions that were granted one by one since boot, while the scheduler was held or slowed.
  public var steps: UInt64
  /// The ids of the Ms that wait to be let make their next decision, in ascending order. A thread that is not among
  /// them while the scheduler is held runs user code, is in a system call, or sleeps.
  public var waiting: [Int]

  /// Makes a pace from its parts.
  public init(state: Pacing, rate: Int? = nil, steps: UInt64, waiting: [Int] = []) {
    (self.state, self.rate, self.steps, self.waiting) = (state, rate, steps, waiting)
  }

  /// Whether threads must wait for their turn.
  public var isOn: Bool { state == .held || state == .slow }
}
