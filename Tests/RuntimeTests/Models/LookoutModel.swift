// A model of how an HTTP server watches the clients of its slow handlers, small enough that every execution
// can be explored. The actors are two handlers of one connection, one after the other; the lookout, which
// exists while a handler is at work; and the watchers that the lookout starts. They share the connection's
// word. See Watch §3 and Lookout.
//
// A handler is short and may end at any time, or long and ends only when it is cancelled. Its client has
// left. A step is one access to shared memory.
//
// The promises: no long handler stays unwatched. A watcher acts only on its own handler, and only while that
// handler is at work. There is at most one lookout.

/// A safeguard that the model leaves out, to show that it is needed.
enum LookoutFlaw: CaseIterable, Sendable {
  /// The handler's store to the word may become visible only after the handler has looked whether the lookout
  /// is awake.
  case lateWord
  /// The handler looks first, and says afterwards that it is at work.
  case looksFirst
  /// The lookout does not look once more after it has said that it sleeps.
  case looksOnce
  /// The lookout looks once more, and says afterwards that it sleeps.
  case sleepsLast
  /// After that look, the lookout goes on without asking whether another one has begun.
  case goesOnUnasked
  /// A handler that finds no lookout starts one without asking whether another handler does.
  case startsUnasked
  /// A handler ends without checking whether it is watched.
  case endsUnseen
  /// A watcher acts without checking whether its handler is still at work.
  case actsUnseen
  /// A watcher checks, and acts later, without the lock.
  case actsUnlocked
  /// The word does not contain the handler's number.
  case noNumber
}

struct LookoutModel: Model {
  let flaw: LookoutFlaw?
  var handlers = 2

  enum Handler: Hashable { case begins, stores, looks, starts, short, long, ends, locks, over }
  /// In `looks` and `sleeps` this is the lookout. In `looksAgain` and `asks` it was, and may be again.
  enum Lookout: Hashable { case none, looks, sleeps, looksAgain, asks }
  enum Watcher: Hashable { case none, waits, acts, over }

  struct State: Hashable {
    var handler = Handler.begins
    var number = 0
    /// The connection's word: whose it is (`owner`), and 0 idle, 1 working, 2 watched (`stand`). `late` is a
    /// store that no other actor sees yet.
    var owner = 0
    var stand = 0
    var late: Int?
    /// The last word that the lookout found.
    var seen = -1
    var isAwake = false
    /// There are several, because one may begin while another looks for the last time.
    var lookouts = [Lookout](repeating: .none, count: 3)
    var watchers = [Watcher](repeating: .none, count: 3)
    var isCancelled = false
    /// Whether a watcher holds the lock.
    var isLocked = false
    var wrong: String?
  }

  var start: State { State() }

  func wrong(_ state: State) -> String? {
    if let wrong = state.wrong { return wrong }
    return state.lookouts.count { $0 == .looks || $0 == .sleeps } > 1 ? "there are two lookouts" : nil
  }

  func wrongAtRest(_ state: State) -> String? {
    state.handler == .over ? nil : "handler \(state.number) is at work for nobody, and not watched"
  }

  func steps(from state: State) -> [State] {
    var all = handler(state)
    for place in state.lookouts.indices { all += lookout(place, state) }
    if let late = state.late {
      var next = state
      (next.owner, next.stand, next.late) = (late, 1, nil)
      all.append(next)
    }
    for number in state.watchers.indices { all += watcher(number, state) }
    return all
  }

  // MARK: the handler

  private func handler(_ before: State) -> [State] {
    var state = before
    switch before.handler {
    case .begins:
      (state.number, state.isCancelled) = (before.number + 1, false)
      state.handler = flaw == .looksFirst ? .looks : .stores
    case .stores:
      if flaw == .lateWord {
        state.late = number(before)
      } else {
        (state.owner, state.stand) = (number(before), 1)
      }
      if flaw == .looksFirst { return works(state) }
      state.handler = .looks
    case .looks:
      if before.isAwake { return flaw == .looksFirst ? [with(state) { $0.handler = .stores }] : works(state) }
      state.handler = .starts
    case .starts:
      if flaw == .startsUnasked || !before.isAwake { state = awoken(state) }
      return flaw == .looksFirst ? [with(state) { $0.handler = .stores }] : works(state)
    case .short: state.handler = .ends
    case .long:
      guard before.isCancelled else { return [] }
      state.handler = .ends
    case .ends:
      guard before.late == nil else { return [] }  // the handler's own stores keep their order
      if flaw == .endsUnseen || before.stand == 1 { return [over(state)] }
      state.handler = .locks
    case .locks: return before.isLocked ? [] : [over(state)]
    case .over: return []
    }
    return [state]
  }

  private func number(_ state: State) -> Int { flaw == .noNumber ? 0 : state.number }

  private func with(_ state: State, _ body: (inout State) -> Void) -> State {
    var state = state
    body(&state)
    return state
  }

  private func works(_ state: State) -> [State] {
    [Handler.short, .long].map { kind in with(state) { $0.handler = kind } }
  }

  /// Starts a lookout.
  private func awoken(_ state: State) -> State {
    with(state) {
      $0.isAwake = true
      if let place = $0.lookouts.firstIndex(of: .none) { $0.lookouts[place] = .looks }
    }
  }

  private func over(_ state: State) -> State {
    with(state) {
      $0.stand = 0
      $0.handler = $0.number == handlers ? .over : .begins
    }
  }

  // MARK: the lookout

  private func lookout(_ place: Int, _ before: State) -> [State] {
    func goes(_ state: State, _ next: Lookout, _ isAwake: Bool? = nil) -> [State] {
      [
        with(state) {
          $0.lookouts[place] = next
          $0.isAwake = isAwake ?? $0.isAwake
        }
      ]
    }
    switch before.lookouts[place] {
    case .none: return []
    case .looks:
      let (state, found) = look(before)
      return goes(state, found ? .looks : flaw == .sleepsLast ? .looksAgain : .sleeps)
    case .sleeps:
      return goes(before, flaw == .looksOnce || flaw == .sleepsLast ? .none : .looksAgain, false)
    case .looksAgain:
      let (state, found) = look(before)
      if flaw == .sleepsLast { return goes(state, found ? .looks : .sleeps) }
      return goes(state, found ? .asks : .none)
    case .asks:
      // If another one has begun meanwhile, that one is the lookout.
      return goes(before, before.isAwake && flaw != .goesOnUnasked ? .none : .looks, true)
    }
  }

  /// One look. Also returns whether a handler was at work.
  private func look(_ before: State) -> (State, Bool) {
    guard before.stand == 1 else { return (before, false) }
    var state = before
    let word = before.owner
    defer { state.seen = word }
    guard before.seen == word else {
      state.seen = word
      return (state, true)
    }
    state.stand = 2
    // Starts a watcher of the handler that the word names. Without numbers, it watches whichever is at work.
    let free = flaw == .noNumber ? before.number : word
    state.watchers[free] = .waits
    return (state, true)
  }

  // MARK: a watcher

  private func watcher(_ number: Int, _ before: State) -> [State] {
    switch before.watchers[number] {
    case .none, .over: return []
    case .waits:
      guard flaw == .actsUnlocked || !before.isLocked else { return [] }
      let isOurs = before.stand == 2 && (flaw == .noNumber || before.owner == number)
      guard isOurs || flaw == .actsUnseen else { return [with(before) { $0.watchers[number] = .over }] }
      return [
        with(before) {
          $0.watchers[number] = .acts
          $0.isLocked = flaw != .actsUnlocked
        }
      ]
    case .acts:
      return [
        with(before) {
          $0.watchers[number] = .over
          if before.stand != 2 || before.number != number {
            $0.wrong = "the watcher of handler \(number) acts on handler \(before.number)"
          }
          $0.isCancelled = true
          if flaw != .actsUnlocked { $0.isLocked = false }
        }
      ]
    }
  }
}
