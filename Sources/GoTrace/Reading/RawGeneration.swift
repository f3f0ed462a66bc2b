// One generation of a trace as it lies in the file: its bytes, and where its batches are.

/// One batch: events of one thread, in their order, or a part of a table.
struct Batch {
  var m: UInt64
  var time: UInt64
  /// Where the batch's content lies in the generation's bytes.
  var range: Range<Int>
  /// Whether the file ends in the middle of the batch.
  var isCut = false
}

/// A generation, whose batches are found and whose events are not read yet.
struct RawGeneration {
  var number: UInt64
  /// All bytes of the generation, from its first batch to its last, and perhaps more.
  var bytes: [UInt8] = []
  /// Batches of threads, in the order of the file.
  var events: [Batch] = []
  /// Batches of tables: strings, stacks, CPU samples, clock.
  var tables: [Batch] = []
  /// The earliest time of any batch of the generation, in ticks.
  var start: UInt64 = 0
  /// Whether the generation's end is in the file, as far as its batches tell. A damaged file's last generation
  /// has no end.
  var isWhole = false
  /// Whether the generation has the next number after the one that was read before it, so that none is missing in
  /// between.
  var followsLast = false
  /// The number of batches of experiments, which are skipped.
  var experimental = 0
  /// Where the generation begins in the trace, in bytes.
  var offset: UInt64 = 0

  /// Makes the places of all batches count from a byte that is `count` bytes further on.
  mutating func shift(by count: Int) {
    func shifted(_ range: Range<Int>) -> Range<Int> { range.lowerBound - count..<range.upperBound - count }
    for index in events.indices { events[index].range = shifted(events[index].range) }
    for index in tables.indices { tables[index].range = shifted(tables[index].range) }
  }
}
