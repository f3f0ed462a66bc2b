// One look at a scheduler, with what a reader needs to follow the scheduler from there by its events.
import Region

/// A snapshot, together with what a reader needs to keep it up to date by the events that come after it.
package struct Observation: Equatable {
  package var snapshot = Snapshot()
  package var clock = Clock(first: (0, 0), second: (0, 0))
  package var marks: [LaneMark] = []
  package var names = StringBook()
  /// Whether the depths of the queues are exactly those at the marks (Lanes §6). It is true if the target tells no such
  /// depths.
  package var isSettled = true

  package init() {}

  package init(snapshot: Snapshot, clock: Clock, marks: [LaneMark], names: StringBook, isSettled: Bool = true)
  {
    (self.snapshot, self.clock, self.marks) = (snapshot, clock, marks)
    (self.names, self.isSettled) = (names, isSettled)
  }
}

/// How far one lane had come at one moment: `position` records were written to its ring, and its counters had counted
/// `begun` records. A lane counts a record before it writes it, so `begun` is `position`, or one more.
package struct LaneMark: Equatable {
  package var lane: Lane
  package var position: UInt64
  package var begun: UInt64
  /// Whether `begun` is known; if not, it equals `position`.
  package var isExact = true

  package init(lane: Lane, position: UInt64, begun: UInt64, isExact: Bool = true) {
    (self.lane, self.position, self.begun, self.isExact) = (lane, position, begun, isExact)
  }
}

/// Appends the new events of one lane, some thousand at most, and returns the position of the first of them in that
/// lane. It appends none if the writer has already overwritten them.
package typealias EventReading = (inout [Record]) -> UInt64

extension WaitReason {
  /// The word for a reason in a sentence. A Go trace does not tell why a G waits if the wait began before the trace.
  package var told: String { self == .none ? "something that is not told" : "\(self)" }

  /// Our name for each of the 256 raw wait reasons; nil: we know none.
  package static let all: [WaitReason?] = (0..<256).map { WaitReason(rawValue: UInt8($0)) }
}
