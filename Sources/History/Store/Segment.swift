// A segment of history: a keyframe, and the records of all lanes from there to the next keyframe.
import Observed

/// Some successive records of one lane, compressed.
package struct EventBlock {
  package var lane: Lane
  /// The position of the first record in its lane.
  package var first: UInt64
  /// How many records there are.
  package var count: Int
  /// The time of the first record, in ticks.
  package var firstTime: UInt64
  /// The time of the last record, in ticks.
  package var lastTime: UInt64
  package var payload: Payload
  /// The kinds that may occur among the records, as one bit for each kind; see RecordSieve. A block from a
  /// file does not tell, so it has all bits.
  package var kinds = UInt64.max
  /// For each record the number of a stack in the history's `stacks` plus 1, in LEB128; 0: the record has none. nil: none of
  /// the records has one.
  package var stacks: Payload?

  package init(
    lane: Lane, first: UInt64, count: Int, firstTime: UInt64, lastTime: UInt64, payload: Payload,
    kinds: UInt64 = .max
  ) {
    (self.lane, self.first, self.count, self.kinds) = (lane, first, count, kinds)
    (self.firstTime, self.lastTime, self.payload) = (firstTime, lastTime, payload)
  }

  package var end: UInt64 { first &+ UInt64(count) }
}

/// A keyframe with the records from there to the next one.
package struct Segment {
  /// The moment at which the segment begins, in ticks. See History §3.
  package var start: UInt64
  /// The moment of the segment's keyframe, in nanoseconds.
  package var time: UInt64
  package var keyframe: Payload
  /// The table of Gs near the beginning of the segment; nil: the table was not read then.
  package var goroutines: Payload?
  /// The blocks of all lanes; the blocks of one lane are in the order of its records.
  package var blocks: [EventBlock] = []
  /// Whether all lanes have gone on to the next segment, so that nothing will be added to this one.
  package var isComplete = false
  /// Whether the source has more to tell of the segment's beginning, so that the segment will be replaced.
  package var isPreliminary = false
  /// Where the gap before the segment begins, in nanoseconds; nil: it goes on where the one before ends. See HistoryGap.
  package var gapBegin: UInt64?

  package init(
    start: UInt64, time: UInt64, keyframe: Payload, goroutines: Payload? = nil, blocks: [EventBlock] = [],
    isComplete: Bool = false
  ) {
    (self.start, self.time, self.keyframe) = (start, time, keyframe)
    (self.goroutines, self.blocks, self.isComplete) = (goroutines, blocks, isComplete)
  }

  /// How many records the segment has.
  package var records: Int { blocks.reduce(0) { $0 + $1.count } }

  /// How many bytes of memory the segment takes.
  package var memory: Int {
    blocks.reduce(160 + keyframe.memory + (goroutines?.memory ?? 0)) {
      $0 + $1.payload.memory + ($1.stacks?.memory ?? 0) + 96
    }
  }
}
