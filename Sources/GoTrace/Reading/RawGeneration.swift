// One generation of a trace as it lies in the file: its bytes, and where its batches are.

/// One batch: events of one thread, in their order, or a part of a table.
struct Batch {
  var m: UInt64
  var time: UInt64
  /// Where its content lies in the generation's bytes.
  var range: Range<Int>
  /// Whether the file ends in it.
  var isCut = false
}

/// A generation, whose batches are found and whose events are not read yet.
struct RawGeneration {
  var number: UInt64
  /// All bytes, from its first batch to its last, and perhaps more.
  var bytes: [UInt8] = []
  /// Batches of threads, in the order of the file.
  var events: [Batch] = []
  /// Batches of tables: strings, stacks, CPU samples, clock.
  var tables: [Batch] = []
  /// The earliest time of any batch.
  var start: UInt64 = 0
  /// Whether it ends as a generation does. The last one of a damaged file does not.
  var isWhole = false
  /// Whether there is content for the whole generation before this one, so that what is known of Gs and Ps still holds.
  var followsLast = false
  /// Batches of experiments, which are read over.
  var experimental = 0
  /// Where it begins in the trace.
  var offset: UInt64 = 0

  /// Makes the batches' places count from a later byte.
  mutating func shift(by count: Int) {
    func shifted(_ range: Range<Int>) -> Range<Int> { range.lowerBound - count..<range.upperBound - count }
    for index in events.indices { events[index].range = shifted(events[index].range) }
    for index in tables.indices { tables[index].range = shifted(tables[index].range) }
  }
}
