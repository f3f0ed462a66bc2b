// A place in history, as a value.

package struct PlayerPlace: Equatable {
  package var segment: Int
  package var count: Int
  /// The moment, in ticks.
  package var ticks: UInt64
  package var step: PastStep?

  package init(segment: Int, count: Int, ticks: UInt64, step: PastStep?) {
    (self.segment, self.count, self.ticks, self.step) = (segment, count, ticks, step)
  }
}
