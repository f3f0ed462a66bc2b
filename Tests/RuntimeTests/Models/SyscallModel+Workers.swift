// The Ms, step by step: run a G, into the kernel, out of it, and to sleep. See Syscall §2.

extension SyscallModel {
  func workerSteps(_ before: State, _ index: Int) -> [State] {
    var state = before
    switch before.ms[index] {
    case .unborn, .asleep, .inKernelForEver: return []
    case .run(let calls):
      guard calls > 0 else {
        state.ms[index] = .search
        return [state]
      }
      state.ms[index] = .offer(calls: calls - 1)
      if flaw != .countsAfterOffer { use(index, &state) }
    case .offer(let calls):
      guard !before.writesBuffered[index] || flaw == .offersUnordered else { return [] }
      state.holds[index] = false
      state.offer = index + 1
      state.ms[index] = flaw == .countsAfterOffer ? .countLate(calls: calls) : .inKernel(calls: calls)
    case .countLate(let calls):
      use(index, &state)
      state.ms[index] = .inKernel(calls: calls)
    case .inKernel(let calls):
      var stays = before
      stays.ms[index] = .inKernelForEver
      state.ms[index] = .claim(calls: calls)
      return [stays, state]
    case .claim, .claimStore, .takeIdle, .queue: return [exitStep(before, index)]
    case .fence:
      guard !before.depthBuffered[index] else { return [] }
      state.ms[index] = .wake
    case .wake:
      state.ms[index] = .park
      startM(&state)
    case .search, .lookAgain, .park: return [searchStep(before, index)]
    }
    return [state]
  }

  /// The M writes into the P.
  private func use(_ index: Int, _ state: inout State) {
    if !state.holds[index] { state.wrong = "the P is used by an M that does not hold it" }
    state.writesBuffered[index] = true
  }

  // MARK: out of the kernel

  private func exitStep(_ before: State, _ index: Int) -> State {
    var state = before
    switch before.ms[index] {
    case .claim(let calls):
      let isMine = before.offer == index + 1 || (flaw == .unnamedOffer && before.offer != 0)
      if flaw == .exitWithoutCompare, isMine {
        state.ms[index] = .claimStore(calls: calls)
      } else if isMine {
        goOn(index, calls, &state)
      } else {
        state.ms[index] = .takeIdle(calls: calls)
      }
    case .claimStore(let calls): goOn(index, calls, &state)
    case .takeIdle(let calls):
      guard before.idlePs > 0 else {
        state.ms[index] = .queue(calls: calls)
        break
      }
      if before.isWithheld { state.wrong = "who lost the P has it back before those that wait" }
      state.idlePs -= 1
      if flaw != .returnUncounted { state.workers += 1 }
      hold(index, &state)
      state.named = index
      state.ms[index] = .run(calls: calls)
    case .queue(let calls):
      state.workers += 1
      state.grq.append(calls)
      state.depthBuffered[index] = true
      state.ms[index] = flaw == .noLookAfterQueueing ? .park : flaw == .noFence ? .wake : .fence
    default: preconditionFailure("not on its way out")
    }
    return state
  }

  private func goOn(_ index: Int, _ calls: Int, _ state: inout State) {
    state.offer = 0
    hold(index, &state)
    if state.named != index { state.wrong = "the P names another M than the one that holds it" }
    state.ms[index] = .run(calls: calls)
  }

  // MARK: to sleep

  private func searchStep(_ before: State, _ index: Int) -> State {
    var state = before
    switch before.ms[index] {
    case .search:
      if before.grq.isEmpty {  // T1
        state.idlePs += 1
        state.holds[index] = false
        state.ms[index] = .lookAgain
      } else {
        state.ms[index] = .run(calls: state.grq.removeFirst())
        state.depth = state.grq.count
      }
    case .lookAgain:  // T3
      state.ms[index] = .park
      if before.depth > 0, before.idlePs > 0 { handIdleP(to: index, &state) }
    case .park:  // T4
      state.ms[index] = .asleep
      if before.wanted, flaw != .noteUnread {
        state.wanted = false
        if before.idlePs > 0 { handIdleP(to: index, &state) }
      }
    default: preconditionFailure("not on its way to sleep")
    }
    return state
  }
}
