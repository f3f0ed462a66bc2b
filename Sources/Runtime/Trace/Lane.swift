// A lane: the counters and the ring of one writer. A P has a lane, which the M that holds the P uses. An M has a small
// one for the time when it holds no P. So every counter and every ring has exactly one writer.
import Region

struct Lane {
  let counters: Block<LaneField>
  let ring: RingWriter

  /// Counts a G that is put on a queue. Only the lane's writer may call it, after it has counted the G's change of
  /// state (Moves).
  @inline(__always)
  func count(_ place: Place) {
    counters[.queuedOn, Int(truncatingIfNeeded: place.bits >> 52 & 7)].bumpPublished()
  }

  /// Counts a G that was taken to run. Only the lane's writer may call it, after it has counted the move.
  @inline(__always)
  func count(_ source: RunSource) { counters[.takenFrom, Int(source.rawValue)].bumpPublished() }
}
