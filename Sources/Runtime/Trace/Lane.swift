// A lane: where one writer accounts for what it does. A P has one, used by the M that holds it; an M has a small one
// for the time without a P. So every counter and every ring has exactly one writer.
import Region

struct Lane {
  let counters: Block<LaneField>
  let ring: RingWriter

  /// Counts a G that is put on a queue. Its writer only, after the count of the move.
  @inline(__always)
  func count(_ place: Place) {
    counters[.queuedOn, Int(truncatingIfNeeded: place.bits >> 52 & 7)].bumpPublished()
  }

  /// Counts a G that was taken to run. Its writer only, after the count of the move.
  @inline(__always)
  func count(_ source: RunSource) { counters[.takenFrom, Int(source.rawValue)].bumpPublished() }
}
