// A model of one direction of a socket on a completion port. The actors are a peer that sends, a G that reads and waits, a
// taker of packets, and a closer that unregisters the socket. See Sources/CIOCP/iocp.c §2 and §3.
//
// A request that lies in the kernel ends with a packet when the socket is ready, or at once if it is ready when the
// request is begun, or when it is cancelled. The watch is spare once nobody holds it.
//
// Promises: a G does not sleep beside data. There are never two requests. A watch that is spare has no request in the
// kernel and no packet on its way, and after the closing it becomes spare.

/// A safeguard that the model leaves out, to show that it is needed.
enum IOCPArmFlaw: CaseIterable, Sendable {
  /// A wait begins no request.
  case neverArmed
  /// A request counts as idle only after the G has heard of its packet.
  case idleAfterReport
  /// A wait begins a request though one is pending.
  case armTwice
  /// A wait begins a request though the socket is unregistered.
  case armWhileDying
  /// A wait looks at whether the socket is unregistered, and begins the request after the lock was given back.
  case armUnlocked
  /// The closer makes the watch spare, whoever holds it.
  case spareAtOnce
}

struct IOCPArmModel: Model {
  let flaw: IOCPArmFlaw?
  var arrivals = 2
  var unregisters = true

  enum Waiter: Hashable { case tries, announces, arms, begins, parks, sleeps, over }
  enum Taker: Hashable { case idle, marks, reports, marksLate }
  enum Closer: Hashable { case idle, cancels, lets, over }
  /// The word of PollDescriptor §1.
  enum Word: Hashable { case nothing, news, announced, parked }

  struct State: Hashable {
    var arrivalsLeft: Int
    /// Data that was sent and not read.
    var data = 0
    var isPending = true
    var inKernel = 1
    var packets = 0
    /// The caller, and each request that is pending.
    var holders = 2
    var isDying = false
    var isSpare = false
    /// Whether the watch's lock is taken.
    var isLocked = false
    var word = Word.nothing
    var waiter = Waiter.tries
    var taker = Taker.idle
    var closer: Closer
  }

  var start: State { State(arrivalsLeft: arrivals, closer: unregisters ? .idle : .over) }

  func wrong(_ state: State) -> String? {
    if state.inKernel > 1 { return "two requests" }
    let isOwed = state.inKernel + state.packets > 0
    return state.isSpare && isOwed ? "the kernel still has the memory of a spare watch" : nil
  }

  func wrongAtRest(_ state: State) -> String? {
    if unregisters { return state.isSpare ? nil : "the watch is kept for ever" }
    return state.waiter == .sleeps && state.data > 0 ? "a G sleeps beside data" : nil
  }

  func steps(from state: State) -> [State] {
    peerSteps(state) + waiterSteps(state) + takerSteps(state) + closerSteps(state)
  }

  private func letGo(_ state: inout State) {
    state.holders -= 1
    if state.holders == 0 { state.isSpare = true }
  }

  private func finish(_ state: inout State) {
    state.inKernel -= 1
    state.packets += 1
  }
}

// MARK: the peer and the G

extension IOCPArmModel {
  private func peerSteps(_ before: State) -> [State] {
    guard before.arrivalsLeft > 0 else { return [] }
    var state = before
    state.arrivalsLeft -= 1
    state.data += 1
    if before.inKernel > 0 { finish(&state) }
    return [state]
  }

  private func begin(_ state: inout State) {
    state.isPending = true
    state.holders += 1
    state.inKernel += 1
    if state.data > 0 { finish(&state) }
  }

  private func waiterSteps(_ before: State) -> [State] {
    var state = before
    switch before.waiter {
    case .tries:
      if before.closer != .idle, unregisters {
        state.waiter = .over
      } else if before.data > 0 {
        state.data = 0
      } else {
        state.waiter = .announces
      }
    case .announces:
      state.waiter = before.word == .news ? .tries : flaw == .neverArmed ? .parks : .arms
      state.word = before.word == .news ? .nothing : .announced
    case .arms:
      guard !before.isLocked else { return [] }
      let isWanted = !before.isDying || flaw == .armWhileDying
      let isIdle = !before.isPending || flaw == .armTwice
      state.waiter = .parks
      guard isWanted, isIdle else { break }
      if flaw == .armUnlocked { state.waiter = .begins } else { begin(&state) }
    case .begins:
      begin(&state)
      state.waiter = .parks
    case .parks:
      state.waiter = before.word == .announced ? .sleeps : .tries
      state.word = before.word == .announced ? .parked : .nothing
    case .sleeps:
      // The closer wakes it, as whoever reports does.
      guard before.closer == .over, unregisters else { return [] }
      (state.word, state.waiter) = (.nothing, .over)
    case .over: return []
    }
    return [state]
  }
}

// MARK: the taker and the closer

extension IOCPArmModel {
  private func takerSteps(_ before: State) -> [State] {
    var state = before
    switch before.taker {
    case .idle:
      guard before.packets > 0 else { return [] }
      state.packets -= 1
      state.taker = flaw == .idleAfterReport ? .reports : .marks
    case .marks:
      state.isPending = false
      letGo(&state)
      state.taker = .reports
    case .reports:
      state.word = before.word == .parked ? .nothing : .news
      if before.word == .parked { state.waiter = .tries }
      state.taker = flaw == .idleAfterReport ? .marksLate : .idle
    case .marksLate:
      state.isPending = false
      letGo(&state)
      state.taker = .idle
    }
    return [state]
  }

  private func closerSteps(_ before: State) -> [State] {
    var state = before
    switch before.closer {
    case .idle:
      guard !before.isLocked else { return [] }
      (state.isLocked, state.isDying, state.closer) = (true, true, .cancels)
    case .cancels:
      if before.isPending, before.inKernel > 0 { finish(&state) }
      (state.isLocked, state.closer) = (false, .lets)
    case .lets:
      if flaw == .spareAtOnce { state.isSpare = true } else { letGo(&state) }
      state.closer = .over
    case .over: return []
    }
    return [state]
  }
}
