// Stacks of the goroutines of an attached program.

/// A target's memory, as the reader of stacks takes it.
private struct StackMemory: GoMemory {
  let memory: any TargetMemory

  func read(_ ranges: ArraySlice<Range<UInt64>>, into buffer: UnsafeMutableRawBufferPointer) -> Int {
    var (next, filled) = (ranges.startIndex, 0)
    while next < ranges.endIndex {
      let part = ranges[next..<min(next + mostRanges, ranges.endIndex)].map {
        MemoryRange($0.lowerBound, $0.count)
      }
      let size = part.reduce(0) { $0 + $1.count }
      guard filled + size <= buffer.count else { break }
      let count = unsafe part.withUnsafeBufferPointer { part in
        (try? unsafe memory.read(
          part, into: UnsafeMutableRawBufferPointer(rebasing: buffer[filled..<filled + size]))) ?? 0
      }
      filled += part.prefix(count).reduce(0) { $0 + $1.count }
      guard count == part.count else { break }
      next += part.count
    }
    return filled
  }
}

extension GoProgram {
  /// Reads the stacks of goroutines, of which most stand still and some may move meanwhile; nil: this program's layout does
  /// not tell where they are.
  ///
  /// - Parameter goroutines: the addresses of their `runtime.g`.
  public func stacks(of goroutines: [UInt64]) -> GoStacks? {
    guard var reader = stackReader() else { return nil }
    return reader.stacks(of: goroutines)
  }

  /// A reader of stacks, which remembers what the tables tell; nil: this program's layout does not tell where stacks are.
  ///
  /// - Parameter others: more words of a `g` that are to be seen.
  func stackReader(seeing others: [Int] = []) -> StackReader? {
    let g = layout.g
    var places = GoroutineLayout(
      stack: g.stackLow, sp: g.sp, pc: g.pc, bp: g.bp, syscallSP: g.syscallsp, syscallPC: g.syscallpc,
      syscallBP: g.syscallbp, status: g.atomicstatus, id: g.goid,
      generation: g.trackingSeq)
    places.others = others
    return StackReader(tables: tables, layout: places, memory: StackMemory(memory: memory))
  }
}
