// A model of the ring protocol, small enough that every execution can be explored. See Ring §4 for the steps.
//
// §1 Memory. A store becomes visible to all threads at one instant (it "commits"). Stores commit in any order
// that the protocol's fences and releases do not forbid; stores to one word commit in program order. Loads
// take effect in any order that the protocol's acquires and fences do not forbid. ARM allows all of that; x86
// allows less.
//
// §2 Size. Two slots of two words: the smallest ring in which a record can be torn, lapped and half lapped.
// Both words of record n hold n + 1, so a record is whole if both of its words agree with its number.
//
// §3 Each safeguard can be removed (`Flaw`), to show that the model can fail.

/// A safeguard of the protocol that the model leaves out.
enum RingFlaw: CaseIterable, Sendable {
  /// W1 is missing: stores into the next slot may overtake the previous store of the position.
  case noReleaseFence
  /// W3 is a relaxed store: the position may overtake the record's words.
  case relaxedPublish
  /// R1 is a relaxed load: words may be read before the position.
  case relaxedPosition
  /// R3 is missing: the second load of the position may happen before the copy is complete.
  case noAcquireFence
  /// R5 drops only indexes < p' − capacity, one too few.
  case lessThan
  /// R5 is missing: everything that was copied is kept.
  case noCheck
}

struct RingModel {
  static let capacity = 2
  let flaw: RingFlaw?
  /// How many records the writer writes, and how many drains the reader makes.
  let records: Int
  let drains: Int

  /// The results of exploring all executions.
  struct Outcome {
    var states = 0
    /// Kept records that were torn or of another lap, summed over all executions.
    var wrong = 0
    /// Drains in which kept and lost records did not add up.
    var miscounted = 0
    /// Drains that kept something, and drains in which R5 dropped something. They show what the model
    /// covered.
    var kept = 0
    var dropped = 0
  }

  /// One moment of an execution.
  private struct State: Hashable {
    /// Bit 3n + k: store k of record n has committed. Stores 0 and 1 are the words, store 2 is the position.
    var committed: UInt32 = 0
    var drainsLeft: Int
    var cursor = 0
    /// The reader's registers in this drain; -1: not loaded yet.
    var published = -1
    var words: [Int] = [-1, -1, -1, -1]
    var now = -1
  }

  /// Visits every state that some execution reaches.
  func explore() -> Outcome {
    var outcome = Outcome()
    let start = State(drainsLeft: drains)
    var seen: Set<State> = [start]
    var open = [start]
    while let state = open.popLast() {
      outcome.states += 1
      for next in writerMoves(state) + readerMoves(state, &outcome) where seen.insert(next).inserted {
        open.append(next)
      }
    }
    return outcome
  }
}

// MARK: writer

extension RingModel {
  private func writerMoves(_ state: State) -> [State] {
    (0..<records * 3).compactMap { store in
      guard state.committed & 1 << store == 0, mayCommit(store, state.committed) else { return nil }
      var next = state
      next.committed |= 1 << store
      return next
    }
  }

  /// Whether every store that must commit before `store` has committed.
  private func mayCommit(_ store: Int, _ committed: UInt32) -> Bool {
    let isPublish = store % 3 == 2
    return (0..<store).allSatisfy { earlier in
      let sameWord = earlier % 3 == store % 3 && (isPublish || (store - earlier) / 3 % Self.capacity == 0)
      let released = isPublish && flaw != .relaxedPublish
      let fenced = earlier / 3 < store / 3 && flaw != .noReleaseFence
      return committed & 1 << earlier != 0 || !(sameWord || released || fenced)
    }
  }

  /// The committed position.
  private func position(_ committed: UInt32) -> Int {
    (0..<records).last { committed & 1 << ($0 * 3 + 2) != 0 }.map { $0 + 1 } ?? 0
  }

  /// The committed word `word` (0 or 1) of `slot`: 1 more than the number of the record that wrote it, or 0.
  private func word(_ word: Int, of slot: Int, _ committed: UInt32) -> Int {
    (0..<records).last { $0 % Self.capacity == slot && committed & 1 << ($0 * 3 + word) != 0 }
      .map { $0 + 1 } ?? 0
  }
}

// MARK: reader

extension RingModel {
  private func readerMoves(_ state: State, _ outcome: inout Outcome) -> [State] {
    guard state.drainsLeft > 0 else { return [] }
    var moves: [State] = []
    if state.published < 0 {  // R1
      var next = state
      next.published = position(state.committed)
      moves.append(next)
    }
    if state.published >= 0 || flaw == .relaxedPosition {  // R2
      for index in 0..<4 where state.words[index] < 0 {
        var next = state
        next.words[index] = word(index % 2, of: index / 2, state.committed)
        moves.append(next)
      }
    }
    let copied = state.words.allSatisfy { $0 >= 0 }
    if state.now < 0, state.published >= 0, copied || flaw == .noAcquireFence {  // R4
      var next = state
      next.now = position(state.committed)
      moves.append(next)
    }
    if copied, state.now >= 0 { moves.append(finish(state, &outcome)) }
    return moves
  }

  /// Applies R5, checks the account of the drain, and begins the next drain.
  private func finish(_ state: State, _ outcome: inout Outcome) -> State {
    var next = State(committed: state.committed, drainsLeft: state.drainsLeft - 1, cursor: state.cursor)
    guard state.published > state.cursor else { return next }
    let first = max(state.cursor, state.published - Self.capacity + 1)
    let dropBelow =
      switch flaw {
      case .noCheck: 0
      case .lessThan: state.now - Self.capacity
      default: state.now - Self.capacity + 1
      }
    let keptFirst = min(state.published, max(first, dropBelow))
    for n in keptFirst..<state.published {
      let slot = n % Self.capacity * 2
      if state.words[slot] != n + 1 || state.words[slot + 1] != n + 1 { outcome.wrong += 1 }
    }
    let (kept, lost) = (state.published - keptFirst, keptFirst - state.cursor)
    if kept + lost != state.published - state.cursor || lost < 0 { outcome.miscounted += 1 }
    outcome.kept += kept > 0 ? 1 : 0
    outcome.dropped += keptFirst > first ? 1 : 0
    next.cursor = state.published
    return next
  }
}
