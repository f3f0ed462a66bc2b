// A segment of history: a keyframe, and the records of all lanes from there to the next keyframe.
internal import Region

/// Some records of one lane in a row, compressed.
struct EventBlock {
  var lane: Lane
  /// Position of the first record in its lane, and how many there are.
  var first: UInt64
  var count: Int
  /// Times of the first and of the last, in ticks.
  var firstTime: UInt64
  var lastTime: UInt64
  var payload: Payload
  /// A bit for each kind that may be among them; see RecordSieve. What came from a file does not say.
  var kinds = UInt64.max

  var end: UInt64 { first &+ UInt64(count) }
}

struct Segment {
  /// In ticks, and in nanoseconds: where it begins. See History §3.
  var start: UInt64
  var time: UInt64
  var keyframe: Payload
  /// The table of Gs around its beginning, if it was read then.
  var goroutines: Payload?
  /// In the order of each lane.
  var blocks: [EventBlock] = []
  /// Whether all lanes have gone on to the next segment: nothing will be added.
  var isComplete = false

  /// Records in it.
  var records: Int { blocks.reduce(0) { $0 + $1.count } }

  /// Bytes of memory that it takes.
  var memory: Int {
    blocks.reduce(160 + keyframe.memory + (goroutines?.memory ?? 0)) { $0 + $1.payload.memory + 96 }
  }
}
