// Stacks of goroutines, read from a process that goes on running.
//
// §1 A goroutine that does not run has left on its stack and in its `runtime.g` all that is needed. But it may be woken
// while it is read. So its fields are read, then its stack, then its fields once more. If they differ, all is done again,
// once; if they still differ, the answer is `moved`. A goroutine that was woken and came back to the same place with the
// same stack pointer in between is not noticed. Then the stack is one that it had at one of the two moments, or a
// mixture of both whose frames have the same sizes.
//
// §2 Two passes over the goroutines and one over their stacks, each with few system calls: see ReadPlan §1. Only the
// part of a stack that is in use is read.

/// What is known of a goroutine's stack.
public enum GoStackOutcome: Sendable, Hashable {
  /// The number of its stack in `GoStacks.distinct`.
  case stack(Int)
  /// It runs: its stack changes, and its registers are in a thread.
  case running
  /// It went on while it was read.
  case moved
  /// It is dead, or is not yet a goroutine.
  case absent
  /// Its memory cannot be read, or does not make sense.
  case unreadable
}

/// Stacks of many goroutines.
public struct GoStacks: Sendable {
  /// One for each goroutine that was asked for, in their order.
  public internal(set) var outcomes: [GoStackOutcome]
  /// The stacks, each only once.
  public internal(set) var distinct: [GoStack]
}

private enum StackLimits {
  /// Of one stack, and of what is read by one call.
  static let bytes = 1 << 20
  static let frames = 1 << 15
  /// Of pcs in all distinct stacks, 16 MB. Behind that, stacks are cut short.
  static let pcs = 1 << 21
  static let framesWhenMany = 100
}

/// Reads stacks of goroutines. For one thread at a time.
public struct StackReader {
  private let memory: any GoMemory
  private let layout: GoroutineLayout
  private let extent: Range<Int>
  private var walk: StackWalk
  private let window = MemoryWindow(bytes: StackLimits.bytes)

  /// Nil: the layout is impossible.
  public init?(tables: GoTables, layout: GoroutineLayout, memory: any GoMemory) {
    guard let extent = layout.extent else { return nil }
    (self.memory, self.layout, self.extent) = (memory, layout, extent)
    walk = StackWalk(tables)
  }

  /// The stacks of the goroutines whose `runtime.g` have these addresses. See §1.
  public mutating func stacks(of goroutines: [UInt64]) -> GoStacks {
    var (outcomes, book) = ([GoStackOutcome](repeating: .unreadable, count: goroutines.count), StackBook())
    var left = Array(goroutines.indices)
    for _ in 0..<2 where !left.isEmpty {
      let before = fields(of: left.map { goroutines[$0] })
      var starts: [GoStackStart?] = []
      starts.reserveCapacity(left.count)
      for fields in before { starts.append(fields?.absence == nil ? fields?.start : nil) }
      let found = numbers(of: starts, book: &book)
      let after = fields(of: left.map { goroutines[$0] })
      var moved: [Int] = []
      for (position, index) in left.enumerated() {
        guard let first = before[position], let last = after[position] else { continue }
        if first == last {
          outcomes[index] = first.absence ?? found[position].map(GoStackOutcome.stack) ?? .unreadable
        } else {
          outcomes[index] = .moved
          moved.append(index)
        }
      }
      left = moved
    }
    return GoStacks(outcomes: outcomes, distinct: book.stacks)
  }

  /// The stacks of goroutines that cannot move, such as those in a core file.
  public mutating func stacks(of starts: [GoStackStart]) -> GoStacks {
    var book = StackBook()
    let found = numbers(of: starts, book: &book)
    return GoStacks(
      outcomes: found.map { $0.map(GoStackOutcome.stack) ?? .unreadable }, distinct: book.stacks)
  }

  /// The fields of goroutines now; nil: they cannot be read.
  private func fields(of goroutines: [UInt64]) -> [GoroutineFields?] {
    var result = [GoroutineFields?](repeating: nil, count: goroutines.count)
    let (first, last) = (UInt64(extent.lowerBound), UInt64(extent.upperBound))
    let pieces = goroutines.map { g in g <= .max - last ? g + first..<g + last : 0..<0 }
    read(pieces) { index, place in
      result[index] = GoroutineFields(
        window, at: place, goroutine: goroutines[index], layout: layout, first: extent.lowerBound)
    }
    return result
  }

  /// The numbers of stacks in `book`; nil: there is none, or it cannot be read.
  private mutating func numbers(of starts: [GoStackStart?], book: inout StackBook) -> [Int?] {
    var numbers = [Int?](repeating: nil, count: starts.count)
    let pieces = starts.map { $0?.used(limit: StackLimits.bytes) ?? 0..<0 }
    var (pcs, walk) = ([UInt64](), walk)
    read(pieces) { index, place in
      guard let start = starts[index] else { return }
      let limit = book.pcs < StackLimits.pcs ? StackLimits.frames : StackLimits.framesWhenMany
      let end = walk.walk(start, used: pieces[index], in: window, at: place, limit: limit, pcs: &pcs)
      numbers[index] = book.number(of: pcs, end: end)
    }
    self.walk = walk
    return numbers
  }

  /// Reads pieces of memory, and calls `body` with the index of each that was read and its place in the window.
  private func read(_ pieces: [Range<UInt64>], _ body: (_ index: Int, _ place: Int) -> Void) {
    let plan = ReadPlan(pieces, window: window.count)
    for call in plan.calls {
      let count = window.fill(plan.ranges[call.ranges], from: memory)
      var failed: [Int] = []
      for position in call.pieces {
        let index = plan.order[position]
        if plan.places[position] + pieces[index].count <= count {
          body(index, plan.places[position])
        } else {
          failed.append(index)
        }
      }
      // The call ended at the first range that cannot be read. Others may be good, each for itself.
      for index in failed where window.fill([pieces[index]], from: memory) == pieces[index].count {
        body(index, 0)
      }
    }
  }
}
