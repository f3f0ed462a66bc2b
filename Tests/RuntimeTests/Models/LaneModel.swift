// A model of a lane's account and its reader, small enough that every execution can be explored. See Lanes §5
// and §6, and `M.emitOther` for the writer.
//
// For each record, the writer counts the record, changes a word that belongs to it, and publishes the lane's
// position. A store becomes visible to all threads at one instant, but stores become visible in any order
// that their releases do not forbid. The reader's loads acquire, so they take effect in program order.
//
// The promise: a word that the reader takes is exactly what the records up to the lane's position make of it.

/// A safeguard that the model leaves out, to show that it is needed.
enum LaneFlaw: CaseIterable, Sendable {
  /// The word may become visible before the count of its record.
  case relaxedWord
  /// The position may become visible before the word.
  case relaxedPosition
  /// The word is changed before its record is counted.
  case wordBeforeCount
  /// The word is changed after its record was published.
  case wordAfterPosition
  /// The reader reads the counts before the word.
  case readsCountFirst
  /// The reader does not look at the position again.
  case looksOnce
  /// The reader takes what it read although a record is being written.
  case takesUnderWay
}

struct LaneModel: Model {
  let flaw: LaneFlaw?
  var records = 3

  enum Store: Int { case count, word, position }

  struct State: Hashable {
    /// The number of visible stores of each kind.
    var count = 0
    var word = 0
    var position = 0
    /// What the reader has loaded in this try, in its own order.
    var loads: [Int] = []
    var triesLeft = 2
    var wrong: String?
  }

  var start: State { State() }

  func wrong(_ state: State) -> String? { state.wrong }
  func wrongAtRest(_ state: State) -> String? { nil }

  func steps(from state: State) -> [State] {
    var all = [Store.count, .word, .position].compactMap { commit($0, state) }
    if state.triesLeft > 0 { all.append(load(state)) }
    return all
  }

  /// The writer's stores for a record, in program order.
  private var stores: [Store] {
    switch flaw {
    case .wordBeforeCount: [.word, .count, .position]
    case .wordAfterPosition: [.count, .position, .word]
    default: [.count, .word, .position]
    }
  }

  /// Makes the next store of a kind visible, if that is allowed. Stores to one word keep their order.
  private func commit(_ store: Store, _ before: State) -> State? {
    let path: WritableKeyPath<State, Int> =
      switch store {
      case .count: \.count
      case .word: \.word
      case .position: \.position
      }
    let record = before[keyPath: path]
    guard record < records else { return nil }
    let isRelaxed = flaw == .relaxedWord && store == .word || flaw == .relaxedPosition && store == .position
    if !isRelaxed {
      // A release: all earlier stores of the program must be visible.
      guard min(before.count, before.word, before.position) >= record else { return nil }
      for earlier in stores.prefix(while: { $0 != store }) {
        let seen =
          switch earlier {
          case .count: before.count
          case .word: before.word
          case .position: before.position
          }
        guard seen > record else { return nil }
      }
    }
    var state = before
    state[keyPath: path] += 1
    return state
  }

  private func load(_ before: State) -> State {
    var state = before
    switch before.loads.count {
    case 0: state.loads.append(before.position)
    case 1: state.loads.append(flaw == .readsCountFirst ? before.count : before.word)
    case 2: state.loads.append(flaw == .readsCountFirst ? before.word : before.count)
    default: return conclude(before)
    }
    return state
  }

  /// The second look at the position, and the result of the try.
  private func conclude(_ before: State) -> State {
    var state = before
    let (first, now) = (before.loads[0], before.position)
    let (word, count) =
      flaw == .readsCountFirst ? (before.loads[2], before.loads[1]) : (before.loads[1], before.loads[2])
    (state.loads, state.triesLeft) = ([], before.triesLeft - 1)
    let isSame = flaw == .looksOnce || first == now
    let isUnderWay = flaw != .takesUnderWay && count - now == 1
    if isSame, !isUnderWay, word != first {
      state.wrong = "a word of \(word) records was taken at position \(first)"
    }
    return state
  }
}
