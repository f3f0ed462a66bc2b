// A model of one direction of a poll descriptor with a deadline. The actors are a G that waits for data, the
// poller that brings news of data, a thread that moves the deadline, the timers that check the deadline, and
// the clock. See PollDescriptor for the word, and its `setDeadline` and `deadlineFired`, which hold the
// descriptor's lock.
//
// A timer cannot be taken back. When its moment comes, it checks whether the deadline has passed and whether
// a later timer is needed. Times are small numbers; the clock stops at `end`.
//
// The promises: the G is never made ready while it is on its stack, or twice. It gives up only past the
// deadline that holds at that moment. At rest it does not wait past its deadline, nor while reported data is
// there.

/// A safeguard that the model leaves out, to show that it is needed.
enum DeadlineFlaw: CaseIterable, Sendable {
  /// The timer wakes the G first and marks the side as expired afterwards.
  case wakesBeforeMark
  /// The G does not look at the mark after it announced itself.
  case noLookAfterAnnouncing
  /// The commit is a plain store, and overwrites what came meanwhile.
  case commitWithoutCompare
  /// The timer takes the G by a load and a store.
  case unblockWithoutCompare
  /// A timer that checks too early adds no later timer.
  case noLaterTimer
  /// A timer does not check whether the deadline was moved.
  case firesBlindly
  /// A timer that has fired is still counted as the one that will check.
  case staysArmed
  /// An earlier deadline gets no timer of its own.
  case noEarlierTimer
  /// Moving the deadline leaves the mark of the earlier deadline.
  case keepsMark
  /// The deadline is moved without the lock.
  case movesUnlocked
}

struct DeadlineModel: Model {
  let flaw: DeadlineFlaw?
  /// The first deadline, and the later ones that the mover sets; 0: no deadline.
  var course = Course.both
  var arrivals = 1
  var end = 4

  struct Course: Sendable {
    var first: Int
    var moves: [Int]

    /// Moved to an earlier time, then past the first deadline.
    static let both = Course(first: 2, moves: [1, 3])
    /// Moved to an earlier time, from one beyond the end of time.
    static let earlier = Course(first: 5, moves: [1])
    /// Taken away, then set again.
    static let anew = Course(first: 1, moves: [0, 3])
    static let all = [both, earlier, anew, Course(first: 0, moves: [3, 1])]
  }

  enum Side: Hashable { case nothing, ready, waiting, parked }

  enum Reader: Hashable {
    case read
    case check
    case announce
    case look
    case leave
    case commit
    case parked
    case conclude
    case ended
  }

  /// An actor that wakes the G: its next step.
  enum Visitor: Hashable {
    case idle
    // Of the timer and of the mover. `release` releases the lock.
    case mark
    case look
    case change(Side)
    case makeReady
    case markLate
    case release
  }

  struct State: Hashable {
    var now = 0
    var side = Side.nothing
    var expired = false
    var deadline: Int
    /// When the timer that counts will check; 0: no timer will.
    var armed: Int
    var timers: Set<Int>
    /// Whether somebody holds the descriptor's lock.
    var isLocked = false
    var data = 0
    var reports = 0
    var arrivalsLeft: Int
    var movesLeft: [Int]
    var reader = Reader.read
    var isOnStack = true
    var readied = 0
    var poller = Visitor.idle
    var timer = Visitor.idle
    var mover = Visitor.idle
    var wrong: String?
  }

  var start: State {
    State(
      deadline: course.first, armed: course.first, timers: course.first > 0 ? [course.first] : [],
      arrivalsLeft: arrivals, movesLeft: course.moves)
  }

  func wrong(_ state: State) -> String? { state.readied > 1 ? "made ready twice" : state.wrong }

  func wrongAtRest(_ state: State) -> String? {
    if state.reader == .ended { return nil }
    if state.reader != .parked { return "stuck at \(state.reader)" }
    if state.data > 0 { return "waits beside data that was reported" }
    return state.deadline != 0 && state.deadline <= state.now ? "waits past its deadline" : nil
  }

  func steps(from state: State) -> [State] {
    var all = [readerStep(state), pollerStep(state), moverStep(state), tick(state), arrival(state)].compactMap
    { $0 }
    if state.timer != .idle {
      all += visit(state, \.timer, brings: .nothing).map { [$0] } ?? []
    } else if !state.isLocked {
      all += state.timers.filter { $0 <= state.now }.map { fire(state, $0) }
    }
    return all
  }

  private func tick(_ before: State) -> State? {
    guard before.now < end else { return nil }
    var state = before
    state.now += 1
    return state
  }

  private func arrival(_ before: State) -> State? {
    guard before.arrivalsLeft > 0 else { return nil }
    var state = before
    (state.arrivalsLeft, state.data, state.reports) = (
      before.arrivalsLeft - 1, before.data + 1, before.reports + 1
    )
    return state
  }
}

// MARK: the G

extension DeadlineModel {
  private func readerStep(_ before: State) -> State? {
    var state = before
    switch before.reader {
    case .read: state.reader = before.data > 0 ? .ended : .check
    case .check:
      state.reader = before.expired ? .ended : .announce
      // The deadline counts as of this moment. In the real code it may be moved later, between the G's two
      // looks.
      let isPast = before.deadline != 0 && before.deadline <= before.now
      if before.expired, !isPast, !before.isLocked { state.wrong = "gave up before the deadline" }
    case .announce:
      state.reader = before.side == .ready ? .read : .look
      state.side = before.side == .ready ? .nothing : .waiting
    case .look: state.reader = before.expired && flaw != .noLookAfterAnnouncing ? .conclude : .leave
    case .leave: (state.isOnStack, state.reader) = (false, .commit)
    case .commit:
      if before.side == .waiting || flaw == .commitWithoutCompare {
        (state.side, state.reader) = (.parked, .parked)
      } else {
        (state.reader, state.isOnStack) = (.conclude, true)
      }
    case .parked:
      guard before.readied > 0 else { return nil }
      (state.readied, state.reader, state.isOnStack) = (before.readied - 1, .conclude, true)
    case .conclude:
      state.reader = before.side == .ready ? .read : .check
      state.side = .nothing
    case .ended: return nil
    }
    return state
  }
}

// MARK: the actors that wake the G

extension DeadlineModel {
  private func pollerStep(_ before: State) -> State? {
    if before.poller != .idle { return visit(before, \.poller, brings: .ready) }
    guard before.reports > 0 else { return nil }
    var state = before
    (state.reports, state.poller) = (before.reports - 1, .look)
    return state
  }

  /// `deadlineFired` up to the mark, under the lock.
  private func fire(_ before: State, _ when: Int) -> State {
    var state = before
    state.timers.remove(when)
    guard before.armed == when else { return state }  // an earlier timer has replaced this one
    if flaw != .staysArmed { state.armed = 0 }
    guard before.deadline != 0 || flaw == .firesBlindly else { return state }
    if before.deadline > before.now, flaw != .firesBlindly {
      if flaw != .noLaterTimer { arm(before.deadline, &state) }
      return state
    }
    state.isLocked = true
    state.timer = flaw == .wakesBeforeMark ? .look : .mark
    return state
  }

  /// `setDeadline`, under the lock.
  private func moverStep(_ before: State) -> State? {
    if before.mover != .idle { return visit(before, \.mover, brings: .nothing) }
    guard let deadline = before.movesLeft.first, !before.isLocked || flaw == .movesUnlocked else {
      return nil
    }
    var state = before
    state.movesLeft.removeFirst()
    state.deadline = deadline
    if flaw != .keepsMark { state.expired = false }
    if deadline == 0 { return state }
    if deadline <= before.now {
      (state.isLocked, state.mover) = (true, .mark)
    } else if before.armed == 0 || (deadline < before.armed && flaw != .noEarlierTimer) {
      arm(deadline, &state)
    }
    return state
  }

  private func arm(_ when: Int, _ state: inout State) {
    state.armed = when
    state.timers.insert(when)
  }

  private func visit(
    _ before: State, _ who: WritableKeyPath<State, Visitor>, brings: Side
  ) -> State? {
    var state = before
    let holdsLock = brings == .nothing
    let after: Visitor =
      !holdsLock ? .idle : flaw == .wakesBeforeMark && who == \.timer ? .markLate : .release
    switch before[keyPath: who] {
    case .idle: return nil
    case .mark: (state.expired, state[keyPath: who]) = (true, .look)
    case .look:
      let isDone = before.side == .ready || (before.side == .nothing && holdsLock)
      state[keyPath: who] = isDone ? after : .change(before.side)
    case .change(let seen):
      guard before.side == seen || (flaw == .unblockWithoutCompare && who == \.timer) else {
        state[keyPath: who] = .look
        break
      }
      state.side = brings
      state[keyPath: who] = seen == .parked ? .makeReady : after
    case .makeReady:
      state.readied += 1
      if before.isOnStack { state.wrong = "made ready while it is on its stack" }
      state[keyPath: who] = after
    case .markLate: (state.expired, state[keyPath: who]) = (true, .release)
    case .release: (state.isLocked, state[keyPath: who]) = (false, .idle)
    }
    return state
  }
}
