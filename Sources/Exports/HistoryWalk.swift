// A walk through all of a history, from its first moment to its last: for exports.
import History
import Host
import Observed
import Region

/// What an export has written.
public struct ExportReport: Sendable, Equatable {
  /// Records gone through; those that are missing; moves that no record told of and that had to be inferred.
  public var records = 0
  public var missing: UInt64 = 0
  public var inferred = 0
  public var bytes: UInt64 = 0
}

/// What goes through a history with a walk.
protocol HistoryVisitor {
  /// A keyframe's gauges, at its own time; the first comes before everything else.
  mutating func visit(_ snapshot: Snapshot) throws(InspectorError)
  /// A record at a moment in nanoseconds, by time.
  mutating func visit(_ record: Record, on lane: Lane, at time: UInt64) throws(InspectorError)
  /// So many records of a lane are missing from a moment on; by time, too.
  mutating func visitGap(_ count: UInt64, on lane: Lane, after time: UInt64) throws(InspectorError)
}

extension History {
  /// Goes through every record once. A damaged segment is passed over.
  func walk(_ visitor: inout some HistoryVisitor) throws(InspectorError) {
    flush()
    let decoder = RecordDecoder()
    for number in numbers {
      guard let window = Window(number, of: self, decoder) else { continue }
      let clock = window.keyframe.clock
      try visitor.visit(window.keyframe.snapshot)
      var gaps = window.gaps.sorted { $0.after < $1.after }[...]
      for event in window.events[window.prefix...] {
        while let gap = gaps.first, gap.after < event.record.time {
          try visitor.visitGap(gap.count, on: gap.lane, after: clock.nanoseconds(at: gap.after))
          gaps.removeFirst()
        }
        try visitor.visit(event.record, on: event.lane, at: clock.nanoseconds(at: event.record.time))
      }
      for gap in gaps {
        try visitor.visitGap(gap.count, on: gap.lane, after: clock.nanoseconds(at: gap.after))
      }
    }
  }

  /// The model of the first moment, and the Gs then.
  package func beginning() -> (snapshot: Snapshot, goroutines: [Goroutine]) {
    guard var player = Player(self) else { return (Snapshot(), []) }
    player.seekToStart()
    return (player.snapshot, player.goroutines.all)
  }
}
