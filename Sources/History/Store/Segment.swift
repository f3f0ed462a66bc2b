// A segment of history: a keyframe, and the records of all lanes from there to the next keyframe.
import Observed

/// Some records of one lane in a row, compressed.
package struct EventBlock {
  package var lane: Lane
  /// Position of the first record in its lane, and how many there are.
  package var first: UInt64
  package var count: Int
  /// Times of the first and of the last, in ticks.
  package var firstTime: UInt64
  package var lastTime: UInt64
  package var payload: Payload
  /// A bit for each kind that may be among them; see RecordSieve. What came from a file does not say.
  package var kinds = UInt64.max

  package var end: UInt64 { first &+ UInt64(count) }
}

package struct Segment {
  /// In ticks, and in nanoseconds: where it begins. See History §3.
  package var start: UInt64
  package var time: UInt64
  package var keyframe: Payload
  /// The table of Gs around its beginning, if it was read then.
  package var goroutines: Payload?
  /// In the order of each lane.
  package var blocks: [EventBlock] = []
  /// Whether all lanes have gone on to the next segment: nothing will be added.
  package var isComplete = false

  /// Records in it.
  package var records: Int { blocks.reduce(0) { $0 + $1.count } }

  /// Bytes of memory that it takes.
  package var memory: Int {
    blocks.reduce(160 + keyframe.memory + (goroutines?.memory ?? 0)) { $0 + $1.payload.memory + 96 }
  }
}
