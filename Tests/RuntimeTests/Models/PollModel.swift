// A model of one direction of a poll descriptor: a G that reads, a kernel that brings data, a poller that
// brings the news, and somebody who closes. See PollDescriptor for the states and their changes.
//
// The kernel is edge-triggered: each arrival is reported once, after the data is there, and never again. The
// G reads until there is nothing left, waits, and reads again; it ends when the descriptor is closed.
//
// Promises: the G is never made ready while it is on its stack or twice; at rest it does not wait beside data
// that was reported, nor in a descriptor that was closed.

/// A safeguard that is left out.
enum PollFlaw: CaseIterable, Sendable {
  /// The waiter announces itself as a parked G, while it still runs.
  case announceAsParked
  /// The commit stores, and overwrites what came meanwhile.
  case commitWithoutCompare
  /// The announcement stores, and overwrites news.
  case announceWithoutCompare
  /// News that finds nobody is dropped.
  case dropNews
  /// The poller takes the G by a plain store, after a look.
  case unblockWithoutCompare
  /// The closer wakes first and sets the flag after.
  case wakeBeforeFlag
  /// The waiter does not look at the flag after it announced itself.
  case noLookAfterAnnouncing
}

struct PollModel: Model {
  let flaw: PollFlaw?
  var arrivals = 2
  var closes = true

  /// The word.
  enum Side: Hashable { case nothing, ready, waiting, parked }

  /// The G, on its stack and off it.
  enum Reader: Hashable {
    case read
    case announce
    /// Saw `nothing` and will store (flawed).
    case announceStore
    case lookAtFlag
    /// On its way off the stack; then parked until somebody makes it ready.
    case leave
    case commit
    case parked
    case conclude
    case check
    case ended
  }

  /// Somebody who changes the word from outside: what he saw, and the G that he has taken.
  enum Visitor: Hashable {
    case idle
    case look
    case change(Side)
    case makeReady
    case flagLate
    case done
  }

  struct State: Hashable {
    var side = Side.nothing
    var closed = false
    var data = 0
    /// Reports on their way from the kernel to the poller.
    var reports = 0
    var arrivalsLeft: Int
    var reader = Reader.read
    /// Whether the G is on its stack: nobody may enter it.
    var isOnStack = true
    /// Times that it has been made ready and not yet gone on.
    var readied = 0
    var poller = Visitor.idle
    var closer: Visitor
    var wrong = false
  }

  var start: State { State(arrivalsLeft: arrivals, closer: closes ? .idle : .done) }

  func wrong(_ state: State) -> String? {
    if state.readied > 1 { return "made ready twice" }
    return state.wrong ? "made ready while it was on its stack" : nil
  }

  func wrongAtRest(_ state: State) -> String? {
    guard state.reader == .parked else { return nil }
    if state.closed { return "waits in a closed descriptor" }
    return state.data > 0 ? "waits beside \(state.data) bytes" : nil
  }

  func steps(from state: State) -> [State] {
    var all = readerSteps(state)
    if state.arrivalsLeft > 0 {
      var next = state
      (next.arrivalsLeft, next.data, next.reports) = (
        state.arrivalsLeft - 1, state.data + 1, state.reports + 1
      )
      all.append(next)
    }
    if let next = visit(state, \.poller, brings: .ready, begins: state.reports > 0) { all.append(next) }
    if let next = visit(state, \.closer, brings: .nothing, begins: true) { all.append(next) }
    return all
  }
}

// MARK: the G

extension PollModel {
  private func readerSteps(_ before: State) -> [State] {
    var state = before
    switch before.reader {
    case .read:
      state.reader = before.data > 0 ? .read : .announce
      state.data = 0
    case .announce: announce(&state)
    case .announceStore:
      state.side = .waiting
      state.reader = .lookAtFlag
    case .lookAtFlag:
      let isSeen = before.closed && flaw != .noLookAfterAnnouncing
      state.reader = isSeen ? .conclude : .leave
    case .leave:
      state.isOnStack = false
      state.reader = flaw == .announceAsParked ? .parked : .commit
    case .commit:
      if before.side == .waiting || flaw == .commitWithoutCompare {
        state.side = .parked
        state.reader = .parked
      } else {
        (state.reader, state.isOnStack) = (.conclude, true)
      }
    case .parked:
      guard before.readied > 0 else { return [] }
      (state.readied, state.reader, state.isOnStack) = (before.readied - 1, .conclude, true)
    case .conclude:
      state.reader = before.side == .ready ? .read : .check
      state.side = .nothing
    case .check: state.reader = before.closed ? .ended : .read
    case .ended: return []
    }
    return [state]
  }

  private func announce(_ state: inout State) {
    switch state.side {
    case .ready: (state.side, state.reader) = (.nothing, .read)
    case _ where flaw == .announceWithoutCompare: state.reader = .announceStore
    default:
      state.side = flaw == .announceAsParked ? .parked : .waiting
      state.reader = .lookAtFlag
    }
  }
}

// MARK: poller and closer

extension PollModel {
  /// The next step of somebody who brings news or only wakes; nil: he has none.
  private func visit(
    _ before: State, _ who: WritableKeyPath<State, Visitor>, brings: Side, begins: Bool
  ) -> State? {
    var state = before
    let isCloser = brings == .nothing
    switch before[keyPath: who] {
    case .idle:
      guard begins else { return nil }
      if isCloser { state.closed = flaw != .wakeBeforeFlag } else { state.reports -= 1 }
      state[keyPath: who] = .look
    case .look:
      let isDone = before.side == .ready || (before.side == .nothing && (isCloser || flaw == .dropNews))
      state[keyPath: who] = isDone ? end(isCloser) : .change(before.side)
    case .change(let seen):
      guard before.side == seen || flaw == .unblockWithoutCompare else {
        state[keyPath: who] = .look
        break
      }
      state.side = brings
      state[keyPath: who] = seen == .parked ? .makeReady : end(isCloser)
    case .makeReady:
      state.readied += 1
      state.wrong = before.isOnStack
      state[keyPath: who] = end(isCloser)
    case .flagLate:
      state.closed = true
      state[keyPath: who] = .done
    case .done: return nil
    }
    return state
  }

  private func end(_ isCloser: Bool) -> Visitor {
    if !isCloser { return .idle }
    return flaw == .wakeBeforeFlag ? .flagLate : .done
  }
}
