// One look at a scheduler, and what goes on from it.
import Region

/// A snapshot, and what it takes to go on from it by events.
package struct Observation {
  package var snapshot = Snapshot()
  package var clock = Clock(first: (0, 0), second: (0, 0))
  package var marks: [LaneMark] = []
  package var names = StringBook()
  /// Whether the queues are those of the marks (Lanes §6); true where the target does not tell of them.
  package var isSettled = true

  package init() {}

  package init(snapshot: Snapshot, clock: Clock, marks: [LaneMark], names: StringBook, isSettled: Bool = true)
  {
    (self.snapshot, self.clock, self.marks) = (snapshot, clock, marks)
    (self.names, self.isSettled) = (names, isSettled)
  }
}

/// One lane at one moment: records written to its ring, and those that its counters count: as many, or one more.
package struct LaneMark: Equatable {
  package var lane: Lane
  package var position: UInt64
  package var begun: UInt64
  /// Whether `begun` is known.
  package var isExact = true

  package init(lane: Lane, position: UInt64, begun: UInt64, isExact: Bool = true) {
    (self.lane, self.position, self.begun, self.isExact) = (lane, position, begun, isExact)
  }
}

/// Appends what is new of one lane, some thousand events at most, and returns the position of the first in its lane. There may
/// be none, when the writer was faster.
package typealias EventReading = (inout [Record]) -> UInt64
