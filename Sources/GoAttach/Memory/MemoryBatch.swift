// Many small ranges, read by as few calls as possible. A call costs some half a microsecond for each range, and next to
// nothing for its bytes.

/// Ranges of memory that are read together, again and again if need be. Not thread-safe.
package struct MemoryBatch {
  private var ranges: [MemoryRange] = []
  private var places: [Int] = []
  /// The bytes of all ranges, one behind the other. If a range could not be read, its bytes are those of an earlier reading.
  package private(set) var bytes: [UInt8] = []
  private var unread: Set<Int> = []

  package init() {}

  /// The number of ranges.
  package var count: Int { ranges.count }

  /// Appends a range of memory to be read. Returns the index of the range.
  @discardableResult
  package mutating func add(_ address: UInt64, _ count: Int) -> Int {
    places.append(bytes.count)
    ranges.append(MemoryRange(address, max(0, min(count, mostBytes))))
    bytes.append(contentsOf: repeatElement(0, count: ranges[ranges.count - 1].count))
    return ranges.count - 1
  }

  /// Removes all ranges. The memory that they took is kept for later ones.
  package mutating func removeAll() {
    ranges.removeAll(keepingCapacity: true)
    places.removeAll(keepingCapacity: true)
    bytes.removeAll(keepingCapacity: true)
    unread.removeAll()
  }

  /// Where the bytes of a range begin; nil: the last reading could not read it.
  @inline(__always)
  package func place(_ index: Int) -> Int? { unread.isEmpty || !unread.contains(index) ? places[index] : nil }

  /// Reads all ranges. A range that cannot be read is left out, and the others are read all the same.
  package mutating func read(_ memory: some TargetMemory) throws(MemoryProblem) {
    if !unread.isEmpty { unread.removeAll() }
    var next = 0
    while next < ranges.count {
      let end = min(next + mostRanges, ranges.count)
      let read = try read(next..<end, memory)
      next += read
      // A call ends at the first range that it cannot read. If it has read none, that range is the first one, and is skipped.
      if next < end, read == 0 {
        unread.insert(next)
        next += 1
      }
    }
  }

  private mutating func read(_ part: Range<Int>, _ memory: some TargetMemory) throws(MemoryProblem) -> Int {
    let (start, end) = (
      places[part.lowerBound], part.upperBound < places.count ? places[part.upperBound] : bytes.count
    )
    let result = unsafe bytes.withUnsafeMutableBytes { bytes in
      unsafe ranges.withUnsafeBufferPointer { ranges in
        Result { () throws(MemoryProblem) in
          try unsafe memory.read(
            UnsafeBufferPointer(rebasing: ranges[part]),
            into: UnsafeMutableRawBufferPointer(rebasing: bytes[start..<end]))
        }
      }
    }
    return try result.get()
  }
}
