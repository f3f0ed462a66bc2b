// Stacks of goroutines, read from a process that goes on running.
//
// §1 A goroutine that does not run has left on its stack and in its `runtime.g` all that is needed. But it may be woken
// while it is read. So its fields are read, then its stack, then its fields once more. If they differ, or if the stack
// makes no sense, all is done again, once; if they still differ, the answer is `moved`. Among the fields is
// `trackingSeq`, which counts each time that the goroutine stops running. Without it, one that came back to the same
// place with the same stack pointer would pass for one that never left, and its stack could be a mixture.
//
// §2 Some thousand goroutines are read together: their fields, their stacks, their fields. Each of these takes few system
// calls (ReadPlan.swift), and what was read is looked at while it is in the core's cache. Only the part of a stack that is
// in use is read, and equal stacks are kept once.

/// What is known of a goroutine's stack.
public enum GoStackOutcome: Sendable, Hashable {
  /// The number of its stack in `GoStacks.distinct`.
  case stack(Int)
  /// The goroutine runs: its stack changes, and its registers are in a thread.
  case running
  /// The goroutine ran on while its stack was read.
  case moved
  /// The goroutine is dead, or its `g` is not yet a goroutine.
  case absent
  /// The goroutine's memory cannot be read, or does not make sense.
  case unreadable
}

/// Stacks of many goroutines.
public struct GoStacks: Sendable {
  /// The outcome for each goroutine that was asked for, in the order in which they were given.
  public let outcomes: [GoStackOutcome]
  /// All different stacks, each only once.
  public let distinct: [GoStack]

  /// Makes a value from outcomes and stacks that are known already.
  public init(outcomes: [GoStackOutcome], distinct: [GoStack]) {
    (self.outcomes, self.distinct) = (outcomes, distinct)
  }

  /// Stacks of several lists, one behind the other. What is equal is kept once.
  init(joining parts: [GoStacks]) {
    guard parts.count != 1 else {
      self = parts[0]
      return
    }
    var (outcomes, book) = ([GoStackOutcome](), StackBook())
    outcomes.reserveCapacity(parts.reduce(0) { $0 + $1.outcomes.count })
    for part in parts {
      let numbers = part.distinct.map { book.number(of: $0.pcs, end: $0.end) }
      for outcome in part.outcomes {
        if case .stack(let number) = outcome {
          outcomes.append(.stack(numbers[number]))
        } else {
          outcomes.append(outcome)
        }
      }
    }
    self.init(outcomes: outcomes, distinct: book.stacks)
  }
}

private enum StackLimits {
  /// The most bytes that are read of one stack, and the most that one call reads.
  static let bytes = 1 << 20
  static let frames = 1 << 15
  /// The number of pcs in all distinct stacks (16 MB) beyond which further stacks are cut short.
  static let pcs = 1 << 21
  static let framesWhenMany = 100
  /// How many goroutines are read as one group: first their words, then their stacks, then their words again.
  static let together = 4096
}

/// The words of one `g` that was read.
struct GoroutineWords {
  fileprivate let window: MemoryWindow
  /// Where the `g` would begin in the window.
  fileprivate let begin: Int

  /// The word of the `g` at an offset, which must be that of one of the layout's fields.
  @inline(__always)
  func callAsFunction(_ place: Int) -> UInt64 { window.word(at: begin + place) }
}

/// Is called once for each goroutine that is read, with the goroutine's index and the words of its `g`.
typealias Seeing = (_ index: Int, _ word: GoroutineWords) -> Void

/// Reads stacks of goroutines. For one thread at a time.
public struct StackReader {
  private let memory: any GoMemory
  private let layout: GoroutineLayout
  private let extent: Range<Int>
  private var walk: StackWalk
  private let window = MemoryWindow(bytes: StackLimits.bytes)

  /// Makes a reader; nil: the layout is impossible.
  public init?(tables: GoTables, layout: GoroutineLayout, memory: any GoMemory) {
    guard let extent = layout.extent else { return nil }
    (self.memory, self.layout, self.extent) = (memory, layout, extent)
    walk = StackWalk(tables)
  }

  /// The stacks of the goroutines whose `runtime.g` have these addresses. See §1.
  ///
  /// - Parameter ids: The goroutines' numbers, in the same order: a `runtime.g` that belongs to another goroutine by
  ///   now is `absent`. nil: the goroutine to which each belongs now is meant.
  public mutating func stacks(of goroutines: [UInt64], ids: [UInt64]? = nil) -> GoStacks {
    stacks(of: goroutines, ids: ids) { _, _ in }
  }

  /// Returns the stacks, and shows the `g` of each goroutine on the way. `seeing` is called with the index of each
  /// goroutine that was read, and with the words of its `g` by their places, those of `GoroutineLayout.others` too: so
  /// a list of goroutines costs no reading of its own.
  mutating func stacks(of goroutines: [UInt64], ids: [UInt64]? = nil, seeing: Seeing) -> GoStacks {
    var (outcomes, book) = ([GoStackOutcome](repeating: .unreadable, count: goroutines.count), StackBook())
    var moved: [Int] = []
    for first in stride(from: 0, to: goroutines.count, by: StackLimits.together) {
      let part = first..<min(first + StackLimits.together, goroutines.count)
      look(at: Array(part), of: goroutines, ids, seeing, outcomes: &outcomes, book: &book, isLast: false)
      for index in part where outcomes[index] == .moved { moved.append(index) }
    }
    if !moved.isEmpty {
      look(at: moved, of: goroutines, ids, seeing, outcomes: &outcomes, book: &book, isLast: true)
    }
    return GoStacks(outcomes: outcomes, distinct: book.stacks)
  }

  /// Reads the stacks of some goroutines, and stores how that went in `outcomes`. A goroutine whose stack was torn
  /// counts as moved, so that it is read again, except at the last try (`isLast`).
  private mutating func look(
    at indices: [Int], of goroutines: [UInt64], _ ids: [UInt64]?, _ seeing: Seeing,
    outcomes: inout [GoStackOutcome], book: inout StackBook, isLast: Bool
  ) {
    let addresses = indices.map { goroutines[$0] }
    let before = fields(of: addresses) { seeing(indices[$0], $1) }
    var starts: [GoStackStart?] = []
    starts.reserveCapacity(indices.count)
    for fields in before { starts.append(fields?.absence == nil ? fields?.start : nil) }
    let found = numbers(of: starts, book: &book)
    let after = fields(of: addresses) { _, _ in }
    for (position, index) in indices.enumerated() {
      guard let first = before[position], let last = after[position] else {
        outcomes[index] = .unreadable
        continue
      }
      let number = found[position]
      if let ids, last.id != ids[index] {
        outcomes[index] = .absent
      } else if first != last || !isLast && number.map({ book.stacks[$0].end == .torn }) ?? false {
        outcomes[index] = .moved
      } else {
        outcomes[index] = first.absence ?? number.map(GoStackOutcome.stack) ?? .unreadable
      }
    }
  }

  /// The stacks of goroutines that cannot run any more, such as those in a core file.
  public mutating func stacks(of starts: [GoStackStart]) -> GoStacks {
    var book = StackBook()
    let found = numbers(of: starts, book: &book)
    return GoStacks(
      outcomes: found.map { $0.map(GoStackOutcome.stack) ?? .unreadable }, distinct: book.stacks)
  }

  /// The fields of goroutines now; nil: they cannot be read.
  private func fields(of goroutines: [UInt64], _ seeing: Seeing) -> [GoroutineFields?] {
    var result = [GoroutineFields?](repeating: nil, count: goroutines.count)
    let (first, last) = (UInt64(extent.lowerBound), UInt64(extent.upperBound))
    let pieces = goroutines.map { g in g <= .max - last ? g + first..<g + last : 0..<0 }
    read(pieces) { index, place in
      result[index] = GoroutineFields(
        window, at: place, goroutine: goroutines[index], layout: layout, first: extent.lowerBound)
      seeing(index, GoroutineWords(window: window, begin: place - extent.lowerBound))
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
    let plan = ReadPlan(pieces)
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
      // The call reads nothing from the first unreadable range on. The ranges behind that one may be readable, so now
      // read each piece by itself.
      for index in failed where window.fill([pieces[index]], from: memory) == pieces[index].count {
        body(index, 0)
      }
    }
  }
}
