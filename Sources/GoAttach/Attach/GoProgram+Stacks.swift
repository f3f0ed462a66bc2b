// Stacks of the goroutines of an attached program.
import Host

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

private enum Shares {
  /// How many goroutines are worth a thread of their own: reading their stacks takes some five milliseconds.
  static let least = 8192
  /// The most threads that read at once. Two thirds of their work is the kernel's copying, and a third thread would
  /// take the CPU from the observed program.
  static let most = 2
  /// The nice value of these threads, with which they give way at once to the observed program.
  static let niceness: Int32 = 5
}

extension GoProgram {
  /// Reads the stacks of goroutines, of which some may run meanwhile; nil: this program's layout does not tell where
  /// stacks are.
  ///
  /// - Parameters:
  ///   - goroutines: the addresses of their `runtime.g`.
  ///   - ids: their numbers, in the same order. See `StackReader.stacks`.
  public func stacks(of goroutines: [UInt64], ids: [UInt64]? = nil) -> GoStacks? {
    let parts = Self.inShares(goroutines.count) { part -> GoStacks? in
      guard var reader = self.stackReader() else { return nil }
      return reader.stacks(of: Array(goroutines[part]), ids: ids.map { Array($0[part]) })
    }
    let known = parts.compactMap(\.self)
    return known.count == parts.count ? GoStacks(joining: known) : nil
  }

  /// Divides a long list of goroutines among threads of low priority, and returns their results in the list's order.
  ///
  /// - Parameter count: how many goroutines the list has.
  static func inShares<Value: Sendable>(
    _ count: Int, _ body: @escaping @Sendable (_ part: Range<Int>) -> Value
  ) -> [Value] {
    let shares = min(Shares.most, count / Shares.least)
    guard shares > 1 else { return [body(0..<count)] }
    let size = (count + shares - 1) / shares
    return OwnThread.share(shares, niceness: Shares.niceness) { index in
      body(index * size..<min((index + 1) * size, count))
    }
  }

  /// A reader of stacks, which remembers what the tables tell; nil: this program's layout does not tell where stacks are.
  ///
  /// - Parameter others: the offsets of further words of a `g` that are to be read too.
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
