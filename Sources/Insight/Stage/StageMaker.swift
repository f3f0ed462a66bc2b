// Makes the stage of the present moment, again and again.
import History

/// Makes the stage at the newest moment of a history that grows. It keeps what it found out about the queues, so that
/// the next stage needs only the events since. Not thread-safe.
public struct StageMaker {
  private var player: Player?

  /// Makes a maker that has found out nothing yet.
  public init() {}

  /// Returns the stage at the newest moment of which everything is known; nil: nothing is known yet.
  ///
  /// - Parameter history: the same history at each call, or a copy of it.
  public mutating func stage(of history: History, _ question: StageQuestion) -> Stage? {
    if player == nil { player = Player(history) }
    player?.turn(to: history)
    player?.seekToNewest()
    guard var asked = player else { return nil }
    // The gauges, the Gs and the moves are made from the same few segments, so unpack each of these segments only
    // once.
    asked.unpacked = UnpackedWindows()
    return Stage(asked, question)
  }
}
