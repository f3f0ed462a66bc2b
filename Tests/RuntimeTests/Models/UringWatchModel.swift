// A model of one watched descriptor on io_uring. The actors are a kernel that posts completions and may end
// an order (a request to watch), a taker that takes completions and sets the watch up anew, and a closer that
// unregisters the descriptor. See Uring §3.
//
// Orders lie in a queue, and the kernel carries them out one by one, in order. While an order is armed, news
// is posted when it comes. An order that is armed while there is unreported news posts at once. The kernel
// may end an order with any completion.
//
// Promises: at rest, while the descriptor is registered, all news was reported. After the descriptor was
// unregistered, no order is armed: it would keep the closed file open. There are never two armed orders.

/// A safeguard that the model leaves out, to show that it is needed.
enum UringWatchFlaw: CaseIterable, Sendable {
  /// An order that ended is not replaced.
  case neverAnew
  /// A new order does not look at the descriptor's state when it is armed.
  case armWithoutLooking
  /// The watch is set up anew without checking whether the descriptor is still registered.
  case anewUnasked
  /// The check comes first, and the order is pushed after the lock was given back.
  case askWithoutLock
  /// The watch is set up anew after every completion.
  case anewAlways
  /// `unregister` pushes its order first, and clears the mark after the lock was given back.
  case clearLate
  /// The last completion of an order counts as its end only: its news is not reported.
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

  /// The actor that takes completions.
  enum Taker: Hashable {
    case idle
    /// Has reported the news, and will set the watch up anew.
    case anew
    /// Has checked without the lock, and will push (only with a flaw).
    case push
  }

  enum Closer: Hashable { case idle, clear, done }

  struct State: Hashable {
    /// `news`: arrivals so far. `posted`: those that the kernel has posted. `reported`: those that were
    /// reported.
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
        // One cancellation ends one order. The order's last completion carries no news.
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

  /// Posts all news. The order goes on, or ends.
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

// MARK: the taker and the closer

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
      // Checked and pushed under one lock, so this is one step.
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
