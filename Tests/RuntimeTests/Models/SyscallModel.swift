// A model of system calls. Ms go into the kernel and offer their one P; sysmon takes the P from an M whose
// call lasts; another M goes on with the P, and offers it again. See Syscall §2 and §3, and Spinning §4 for
// the notes and the count of workers.
//
// Memory: what an M writes into the P, and the public depth of the GRQ, may stay in the M's store buffer
// until a release or a fence. Everything else is sequentially consistent. What happens under the scheduler's
// lock is one step. `spinningMs` is left out: with one P, an M that searches holds the P.
//
// The promises: the P has one owner: an M, the word of the offer, sysmon, or the idle list. No actor uses a P
// whose last owner's writes are still on their way. The P names its holder. If a P was taken because Gs wait
// and an M sleeps, the M that lost the P does not get it back before these Gs. At rest no G waits, although
// some calls never return. The count of workers is right.

/// A safeguard that the model leaves out, to show that it is needed.
enum SyscallFlaw: CaseIterable, Sendable {
  /// The offer is not a release.
  case offersUnordered
  /// The call is counted on the P's lane only after the offer.
  case countsAfterOffer
  /// The word says that an M is in a call, but not which M.
  case unnamedOffer
  /// The M that comes out of a call takes its P by a load and a store.
  case exitWithoutCompare
  /// Sysmon takes the P by a load and a store.
  case retakeWithoutCompare
  /// Sysmon never takes a P away.
  case neverRetakes
  /// Sysmon does not look for work after it has made the P idle.
  case noLookAfterRetake
  /// Sysmon makes the P idle although Gs wait and an M could go on with the P (Syscall §5).
  case putsIdle
  /// Sysmon looks for work before it makes the P idle.
  case looksBeforeRetake
  /// An M that queued its G does not look for an idle P.
  case noLookAfterQueueing
  /// There is no fence between queueing the G and looking for an idle P.
  case noFence
  /// The M that lost its P still counts as a worker.
  case retakeUncounted
  /// An M that comes back to an idle P does not count as a worker.
  case returnUncounted
  /// An M falls asleep without reading the note.
  case noteUnread
}

struct SyscallModel: Model {
  let flaw: SyscallFlaw?
  /// By G: the number of calls that it makes. The first G runs, the others wait on the GRQ.
  var calls = [2, 2]
  /// The number of Ms that may exist.
  var threads = 3

  /// Where an M is. `calls`: the calls that its G has still to make.
  enum Worker: Hashable {
    case unborn
    case search
    case run(calls: Int)
    case offer(calls: Int)
    case countLate(calls: Int)
    case inKernel(calls: Int)
    case inKernelForEver
    case claim(calls: Int)
    case claimStore(calls: Int)
    case takeIdle(calls: Int)
    case queue(calls: Int)
    case fence
    case wake
    // On its way to sleep.
    case lookAgain
    case park
    case asleep
  }

  enum Sysmon: Hashable {
    case watch
    case seen(Int)
    case take(Int)
    /// From here on, sysmon has the P.
    case lookEarly
    case putIdle(wakes: Bool?)
    case look
    case wake
  }

  struct State: Hashable {
    /// The M inside a call that may lose the P, plus 1; 0: none.
    var offer = 0
    var idlePs = 0
    /// Whether the P is idle although somebody waited and could have had it.
    var isWithheld = false
    /// `grq`: the remaining calls of the Gs on the GRQ. `depth`: the depth that others see.
    var grq: [Int]
    var depth: Int
    var workers = 1
    var wanted = false
    var sysmon = Sysmon.watch
    var ms: [Worker]
    /// By M: whether it holds the P, and whether its store buffer holds writes into the P or of the depth.
    var holds: [Bool]
    /// The M that the P names as its holder. The M that acquires the P writes it; an M that takes its own P
    /// back does not.
    var named = 0
    var writesBuffered: [Bool]
    var depthBuffered: [Bool]
    var wrong: String?
  }

  var start: State {
    var ms = [Worker](repeating: .unborn, count: threads)
    ms[0] = .run(calls: calls[0])
    let no = [Bool](repeating: false, count: threads)
    var holds = no
    holds[0] = true
    return State(
      grq: Array(calls.dropFirst()), depth: calls.count - 1, ms: ms, holds: holds, writesBuffered: no,
      depthBuffered: no)
  }

  func wrong(_ state: State) -> String? {
    if let wrong = state.wrong { return wrong }
    let sysmonHasIt =
      switch state.sysmon {
      case .lookEarly, .putIdle: 1
      default: 0
      }
    let owners = state.holds.count { $0 } + state.idlePs + sysmonHasIt + (state.offer == 0 ? 0 : 1)
    return owners == 1 ? nil : "\(owners) owners of the one P"
  }

  func wrongAtRest(_ state: State) -> String? {
    if !state.grq.isEmpty { return "\(state.grq.count) Gs wait for ever" }
    if state.idlePs != 1 { return "the P is not idle" }
    let counted = state.ms.count { $0 == .asleep }
    return state.workers == counted ? nil : "\(counted) Ms are counted as \(state.workers)"
  }

  func steps(from state: State) -> [State] {
    var all = sysmonStep(state).map { [$0] } ?? []
    for index in state.ms.indices {
      all += workerSteps(state, index)
      if state.writesBuffered[index] {
        var drained = state
        drained.writesBuffered[index] = false
        all.append(drained)
      }
      if state.depthBuffered[index] {
        var drained = state
        (drained.depth, drained.depthBuffered[index]) = (state.grq.count, false)
        all.append(drained)
      }
    }
    return all
  }

  /// `startM`, under the lock: the idle P goes to a sleeping or a new M, or a note is left.
  func startM(_ state: inout State) {
    guard state.idlePs > 0 else { return }
    if let sleeper = state.ms.firstIndex(of: .asleep) {
      handIdleP(to: sleeper, &state)
    } else if state.workers < 1, let unborn = state.ms.firstIndex(of: .unborn) {
      state.workers += 1
      handIdleP(to: unborn, &state)
    } else {
      state.wanted = true
    }
  }

  func handIdleP(to m: Int, _ state: inout State) {
    state.idlePs -= 1
    state.isWithheld = false
    hold(m, &state)
    state.named = m
    state.ms[m] = .search
  }

  /// From here on, `m` (nil: sysmon) uses the P.
  func hold(_ m: Int?, _ state: inout State) {
    if let m { state.holds[m] = true }
    let othersWrite = state.writesBuffered.indices.contains { $0 != m && state.writesBuffered[$0] }
    if othersWrite { state.wrong = "the P is used before its last owner's writes have arrived" }
  }
}

// MARK: sysmon

extension SyscallModel {
  private func sysmonStep(_ before: State) -> State? {
    var state = before
    switch before.sysmon {
    case .watch:
      guard before.offer != 0, flaw != .neverRetakes else { return nil }
      state.sysmon = .seen(before.offer)
    case .seen(let offer):
      if flaw == .retakeWithoutCompare {
        state.sysmon = before.offer == offer ? .take(offer) : .watch
      } else if before.offer == offer {
        take(&state)
      } else {
        state.sysmon = .watch
      }
    case .take: take(&state)
    case .lookEarly: state.sysmon = .putIdle(wakes: before.depth > 0)
    case .putIdle(let wakes):
      if flaw != .retakeUncounted { state.workers -= 1 }
      state.idlePs += 1
      if before.depth > 0, let sleeper = before.ms.firstIndex(of: .asleep), wakes == nil {
        state.isWithheld = flaw == .putsIdle
        if !state.isWithheld {
          handIdleP(to: sleeper, &state)
          state.sysmon = .watch
          break
        }
      }
      state.sysmon = flaw == .noLookAfterRetake ? .watch : .look
      if let wakes { state.sysmon = wakes ? .wake : .watch }
    case .look: state.sysmon = before.depth > 0 ? .wake : .watch
    case .wake:
      startM(&state)
      state.sysmon = .watch
    }
    return state
  }

  private func take(_ state: inout State) {
    state.offer = 0
    hold(nil, &state)
    state.sysmon = flaw == .looksBeforeRetake ? .lookEarly : .putIdle(wakes: nil)
  }
}
