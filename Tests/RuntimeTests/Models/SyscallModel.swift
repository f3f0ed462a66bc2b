// A model of system calls: Ms that go into the kernel and put their one P on offer, sysmon that takes it from one whose
// call lasts, and the M that goes on with it, and puts it on offer again. See Syscall §2 and §3, and Spinning §4 for
// the notes and the count of workers.
//
// Memory: what an M writes into the P, and the public depth of the GRQ, may lie in its store buffer until a release or a
// fence; everything else is sequentially consistent. What happens under the scheduler's lock is one step. `spinningMs` is
// left out: with one P, an M that searches holds it.
//
// The promises: the P has one owner, be it an M, the word of the offer, sysmon, or the idle list; nobody uses a P whose
// last owner's writes are still on their way; the P names its holder; a P that was taken because Gs wait is not had back
// before them by who lost it, where an M sleeps; at rest no G waits, though some calls never return; the count of workers is
// right.

/// A safeguard that is left out.
enum SyscallFlaw: CaseIterable, Sendable {
  /// The offer is no release.
  case offersUnordered
  /// The call is counted on the P's lane after the offer.
  case countsAfterOffer
  /// The word says that somebody is in a call, not who.
  case unnamedOffer
  /// The M that comes out takes its P by a look and a store.
  case exitWithoutCompare
  /// Sysmon takes the P by a look and a store.
  case retakeWithoutCompare
  /// Sysmon never takes a P away.
  case neverRetakes
  /// Sysmon does not look for work after it made the P idle.
  case noLookAfterRetake
  /// Sysmon makes the P idle though Gs wait, and an M is there that could go on with it (Syscall §5).
  case putsIdle
  /// Sysmon looks for work before it makes the P idle.
  case looksBeforeRetake
  /// An M that queued its G does not look for an idle P.
  case noLookAfterQueueing
  /// There is no fence between the queueing and that look.
  case noFence
  /// The M that lost its P still counts as a worker.
  case retakeUncounted
  /// The M that comes back to an idle P does not count.
  case returnUncounted
  /// An M falls asleep without reading the note.
  case noteUnread
}

struct SyscallModel: Model {
  let flaw: SyscallFlaw?
  /// By G: the calls that it makes. The first runs, the others wait on the GRQ.
  var calls = [2, 2]
  /// Ms that there can be.
  var threads = 3

  /// Where an M is; `calls`: those that its G has before it.
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
    /// It has the P.
    case lookEarly
    case putIdle(wakes: Bool?)
    case look
    case wake
  }

  struct State: Hashable {
    /// The M inside a system call that may lose the P, plus 1; 0: none.
    var offer = 0
    var idlePs = 0
    /// Whether it is idle though somebody waited and could have had it.
    var isWithheld = false
    /// Calls of the Gs on the GRQ; and how many others see there.
    var grq: [Int]
    var depth: Int
    var workers = 1
    var wanted = false
    var sysmon = Sysmon.watch
    var ms: [Worker]
    /// By M: whether it holds the P, and what is in its store buffer.
    var holds: [Bool]
    /// The M that the P names as its holder: written by whoever acquires it, not by one that takes its own P back.
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

  /// `startM`, under the lock: the idle P goes to an M that sleeps or a new one, or a note is left.
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

  /// From here on `m` (nil: sysmon) uses the P.
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
