// Goroutines with their stacks, as all outputs take them.

/// What a list of stacks shows of one goroutine.
public struct GoStackListing: Sendable {
  /// Go's number of the goroutine.
  public var id: UInt64
  /// The goroutine's state in Go's words: `chan receive`, `runnable`.
  public var state: String
  /// The number of the goroutine's stack in `GoStacks.distinct`, or why there is none.
  public var stack: GoStackOutcome
  /// `g.gopc`, where the go statement that made the goroutine returned to; 0: nobody made it.
  public var creator: UInt64
  /// The goroutine that made this one; nil: unknown.
  public var parent: UInt64?
  /// What Go adds to the state: `locked to thread`.
  public var remarks: [String] = []
  /// The goroutine's pprof labels.
  public var labels: [(key: String, value: String)] = []

  /// Makes a goroutine without remarks and labels.
  public init(id: UInt64, state: String, stack: GoStackOutcome, creator: UInt64, parent: UInt64?) {
    (self.id, self.state, self.stack) = (id, state, stack)
    (self.creator, self.parent) = (creator, parent)
  }
}

extension GoFrameCache {
  /// Where the goroutine with this `g.gopc` was made; nil: no Go function is there. The function is the one whose code holds
  /// the pc: no function is inlined there, as the compiler does not inline functions with a go statement.
  public mutating func creator(at pc: UInt64) -> GoFrame? {
    let all = all(at: pc, isCall: true)
    guard let inner = all.first, let outer = all.last else { return nil }
    return GoFrame(
      function: outer.function, file: inner.file, line: inner.line, startLine: outer.startLine,
      isInlined: false,
      pc: pc, offset: outer.offset, isMachinery: outer.isMachinery, traits: outer.traits)
  }
}

/// Goroutines that have the same stack, or that the same statement made.
public struct GoGroup: Sendable {
  /// What the goroutines have in common: the frames of their stack, the innermost first; or the one place that made
  /// them. Empty if they have no stack, or nobody made them.
  public let frames: [GoFrame]
  /// The goroutines, by their index in what was grouped.
  public let members: [Int]
}

extension GoFrameCache {
  /// Groups goroutines by their stack, the largest group first. Those without a stack are in groups without frames, one
  /// for each reason.
  public mutating func groupedByStack(_ listings: [GoStackListing], in stacks: GoStacks) -> [GoGroup] {
    // Equal stacks have one number already, so nothing needs to be hashed. Goroutines without a stack form groups of their own.
    var groups = [[Int]](repeating: [], count: stacks.distinct.count)
    var others: [Int] = []
    for (index, listing) in listings.enumerated() {
      if case .stack(let number) = listing.stack, groups.indices.contains(number) {
        groups[number].append(index)
      } else {
        others.append(index)
      }
    }
    let known = groups.enumerated().filter { !$0.element.isEmpty }.map { number, members in
      GoGroup(frames: shownFrames(of: stacks.distinct[number]), members: members)
    }
    let unknown = grouped(others.map { listings[$0].stack }).map { _, members in
      GoGroup(frames: [], members: members.map { others[$0] })
    }
    return Self.largestFirst(known + unknown)
  }

  /// Groups goroutines by the statement that made them, the largest group first.
  public mutating func groupedByCreator(_ listings: [GoStackListing]) -> [GoGroup] {
    let groups = grouped(listings.map(\.creator)).map { pc, members in
      GoGroup(frames: creator(at: pc).map { [$0] } ?? [], members: members)
    }
    return Self.largestFirst(groups)
  }

  private func grouped<Key: Hashable>(_ keys: [Key]) -> [(Key, [Int])] {
    var (numbers, groups) = ([Key: Int](), [(key: Key, members: [Int])]())
    for (index, key) in keys.enumerated() {
      if let number = numbers[key] {
        groups[number].members.append(index)
      } else {
        numbers[key] = groups.count
        groups.append((key, [index]))
      }
    }
    return groups
  }

  private static func largestFirst(_ groups: [GoGroup]) -> [GoGroup] {
    groups.enumerated()
      .sorted { ($1.element.members.count, $0.offset) < ($0.element.members.count, $1.offset) }.map(\.element)
  }
}
