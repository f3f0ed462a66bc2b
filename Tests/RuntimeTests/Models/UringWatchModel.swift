// A model of one watched descriptor on io_uring: a kernel that posts completions and may end the order, somebody who
// takes completions and sets the watch up anew, somebody who unregisters. See Uring §3.
//
// Orders lie in a queue, and the kernel carries them out one by one, in order. News is posted when it comes, if the
// order is armed; an order that is armed while there is news that nobody was told of posts at once. The kernel may end
// an order with any completion.
//
// Promises: at rest, while the descriptor is registered, all news was reported; after it was unregistered no order is
// armed (it would keep the closed file open); there are never two.

/// A safeguard that is left out.
enum UringWatchFlaw: CaseIterable, Sendable {
  /// An order that ended stays so.
  case neverAnew
  /// The new order does not look at what the descriptor is when it is armed.
  case armWithoutLooking
  /// The watch is set up anew without asking whether the descriptor is still registered.
  case anewUnasked
  /// It is asked, and the order pushed after the lock was given back.
  case askWithoutLock
  /// The watch is set up anew after every completion.
  case anewAlways
  /// `unregister` pushes its order, and clears the mark after the lock was given back.
  case clearLate
  /// The last completion is taken for a mere end: what it says is not reported.
  case lastUnread
}

struct UringWatchModel: Model {
  let flaw: UringWatchFlaw?
  var arrivals = 2
  var ends = 2
  var unregisters = true

  enum Order: Hashable { case watch, cancel }
  struct Completion: Hashable {
    var news: Int
    var isLast: Bool
  }

  /// Who takes completions.
  enum Taker: Hashable {
    case idle
    /// Has reported, and will set the watch up anew.
    case anew
    /// Has asked, without the lock, and will push (flawed).
    case push
  }

  enum Closer: Hashable { case idle, clear, done }

  struct State: Hashable {
    /// News so far; what the kernel has posted; what was reported.
    var news = 0
    var posted = 0
    var reported = 0
    var arrivalsLeft: Int
    var endsLeft: Int
    var armed = 0
    var orders = [Order.watch]
    var completions: [Completion] = []
    var isRegistered = true
    var taker = Taker.idle
    var closer: Closer
  }

  var start: State {
    State(arrivalsLeft: arrivals, endsLeft: ends, closer: unregisters ? .idle : .done)
  }

  func wrong(_ state: State) -> String? { state.armed > 1 ? "two orders for one descriptor" : nil }

  func wrongAtRest(_ state: State) -> String? {
    if !state.isRegistered { return state.armed > 0 ? "the file is kept open" : nil }
    return state.reported < state.news ? "\(state.news - state.reported) news are never reported" : nil
  }

  func steps(from state: State) -> [State] { kernelSteps(state) + takerSteps(state) + closerSteps(state) }
}

// MARK: the kernel

extension UringWatchModel {
  private func kernelSteps(_ before: State) -> [State] {
    var all: [State] = []
    if before.arrivalsLeft > 0 {
      var state = before
      (state.arrivalsLeft, state.news) = (before.arrivalsLeft - 1, before.news + 1)
      all += before.armed > 0 ? posts(state) : [state]
    }
    if let order = before.orders.first {
      var state = before
      state.orders.removeFirst()
      switch order {
      case .cancel:
        // One cancellation ends one order; its last completion says nothing.
        if before.armed > 0 {
          state.armed -= 1
          state.completions.append(Completion(news: 0, isLast: true))
        }
        all.append(state)
      case .watch:
        state.armed += 1
        let looks = flaw != .armWithoutLooking
        all += looks && before.news > before.posted ? posts(state) : [state]
      }
    }
    return all
  }

  /// Posts all news; the order goes on, or ends.
  private func posts(_ before: State) -> [State] {
    var state = before
    state.posted = before.news
    var last = state
    state.completions.append(Completion(news: before.news, isLast: false))
    guard before.endsLeft > 0 else { return [state] }
    last.completions.append(Completion(news: before.news, isLast: true))
    last.armed -= 1
    last.endsLeft -= 1
    return [state, last]
  }
}

// MARK: taker and closer

extension UringWatchModel {
  private func takerSteps(_ before: State) -> [State] {
    var state = before
    switch before.taker {
    case .idle:
      guard let completion = before.completions.first else { return [] }
      state.completions.removeFirst()
      if !(flaw == .lastUnread && completion.isLast) {
        state.reported = max(before.reported, completion.news)
      }
      let isOver = flaw == .anewAlways || completion.isLast
      state.taker = isOver && flaw != .neverAnew ? .anew : .idle
    case .anew:
      // Asked and pushed under one lock: one step.
      let isWanted = before.isRegistered || flaw == .anewUnasked
      if flaw == .askWithoutLock {
        state.taker = isWanted ? .push : .idle
      } else {
        if isWanted { state.orders.append(.watch) }
        state.taker = .idle
      }
    case .push:
      state.orders.append(.watch)
      state.taker = .idle
    }
    return [state]
  }

  private func closerSteps(_ before: State) -> [State] {
    var state = before
    switch before.closer {
    case .idle:
      state.orders.append(.cancel)
      state.closer = flaw == .clearLate ? .clear : .done
      state.isRegistered = flaw == .clearLate
    case .clear: (state.isRegistered, state.closer) = (false, .done)
    case .done: return []
    }
    return [state]
  }
}
