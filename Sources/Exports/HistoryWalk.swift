// Walks through a whole history, from its first moment to its last. All exports are made on such a walk.
import History
import Host
import Observed
import Region

/// The numbers of what an export has written.
public struct ExportReport: Sendable, Equatable {
  /// How many records were read.
  public var records = 0
  /// How many records are missing.
  public var missing: UInt64 = 0
  /// How many moves had to be inferred, because no record told of them.
  public var inferred = 0
  /// The size of the file.
  public var bytes: UInt64 = 0
}

/// A visitor is handed all that a walk through a history meets: gauges, records and gaps.
protocol HistoryVisitor {
  /// Takes the gauges of a keyframe, at its own time. The first one comes before everything else.
  mutating func visit(_ snapshot: Snapshot) throws(InspectorError)
  /// Takes the next record, in the order of time. `time` is in nanoseconds.
  mutating func visit(_ record: Record, on lane: Lane, at time: UInt64) throws(InspectorError)
  /// Takes a gap: `count` records of a lane are missing after `time`. Gaps come in the order of time, too.
  mutating func visitGap(_ count: UInt64, on lane: Lane, after time: UInt64) throws(InspectorError)
}

extension History {
  /// Hands every record to the visitor once. Skips damaged segments.
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

  /// The gauges at the first moment, and the Gs that existed then.
  package func beginning() -> (snapshot: Snapshot, goroutines: [Goroutine]) {
    guard var player = Player(self) else { return (Snapshot(), []) }
    player.seekToStart()
    return (player.snapshot, player.goroutines.all)
  }
}
