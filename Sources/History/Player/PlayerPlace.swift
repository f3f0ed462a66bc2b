// A place in history, as a value.

/// The place where a player stands: a segment, how many of its events have happened, and the moment.
package struct PlayerPlace: Equatable {
  package var segment: Int
  package var count: Int
  /// The moment at which the player stands, in ticks.
  package var ticks: UInt64
  package var step: PastStep?

  package init(segment: Int, count: Int, ticks: UInt64, step: PastStep?) {
    (self.segment, self.count, self.ticks, self.step) = (segment, count, ticks, step)
  }
}
