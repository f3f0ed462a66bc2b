// Makes the stage of now for the screen, on a separate thread, from a copy of the history.
import Inspector
import TUI

/// Makes one stage after another. Until the next one is ready, the last one stays.
struct StageDesk {
  /// The shortest time between two stages, in nanoseconds.
  private static let pause: UInt64 = 80_000_000
  /// After a stage the desk rests for this many times as long as the stage took.
  private static let rest: UInt64 = 4

  private struct Made {
    var maker: StageMaker
    var stage: Stage?
    var time: UInt64
  }

  private var thread: Background<Made>
  private var maker = StageMaker()
  private var last: Stage?
  private var next: UInt64 = 0

  init(_ waker: Waker) { thread = Background(waker) }

  /// - Parameter isPaced: whether the scheduler is held or slowed. Then there are few new events to read, and a user
  ///   waits for the picture of each decision, so the desk does not rest.
  mutating func stage(_ question: StageQuestion, isPaced: Bool, _ history: () -> History) -> Stage? {
    if let made = thread.take() {
      (maker, last) = (made.maker, made.stage ?? last)
      next = monotonicNow() + max(Self.pause, made.time * Self.rest)
    }
    if isPaced { next = 0 }
    guard !thread.isBusy, monotonicNow() >= next else { return last }
    let given = Handed((maker: maker, history: history()))
    maker = StageMaker()
    thread.begin {
      let start = monotonicNow()
      var maker = given.value.maker
      let stage = maker.stage(of: given.value.history, question)
      return Handed(Made(maker: maker, stage: stage, time: monotonicNow() - start))
    }
    return last
  }
}
