// What the lanes of the region say about the runtime in a child.
import Region

@testable import MPG

/// The moves of all Gs, summed over all lanes.
struct Moves {
  var created: UInt64 = 0
  var started: UInt64 = 0
  var yielded: UInt64 = 0
  var exited: UInt64 = 0
  var parked: UInt64 = 0
  var readied: UInt64 = 0

  /// Lanes are read one after the other, so the sums are exact only once the Gs in question stand still.
  static func all() -> Moves {
    var moves = Moves()
    for lane in lanes() {
      moves.created &+= lane.counters[.created].acquired
      moves.started &+= lane.counters[.started].acquired
      moves.yielded &+= lane.counters[.yielded].acquired
      moves.exited &+= lane.counters[.exited].acquired
      for reason in 0..<WaitReason.capacity {
        moves.parked &+= lane.counters[.parked, reason].acquired
        moves.readied &+= lane.counters[.readied, reason].acquired
      }
    }
    return moves
  }
}

/// How often Gs have parked for this reason, whether they still wait or not.
func parks(_ reason: WaitReason) -> Int {
  lanes().reduce(0) { $0 + Int(truncatingIfNeeded: $1.counters[.parked, Int(reason.rawValue)].acquired) }
}

/// The number of Gs that are parked for `reason`.
func parked(_ reason: WaitReason) -> Int {
  let index = Int(reason.rawValue)
  return lanes().reduce(0) { sum, lane in
    sum + Int(truncatingIfNeeded: lane.counters[.parked, index].acquired)
      - Int(truncatingIfNeeded: lane.counters[.readied, index].acquired)
  }
}

private func lanes() -> [Lane] {
  let ms = Int(sched.shared[.mCount].acquired)
  return (0..<sched.psMade).map(sched.region.lane(p:)) + (0..<ms).map(sched.region.lane(m:))
}
