// The thread, step by step: user code, the border of the runtime, and the handler. See thread.c.

extension PreemptionModel {
  /// The next step: of the handler while it runs, else of the thread's code. nil: the thread sleeps, or has
  /// no step.
  func threadStep(_ state: State) -> State? {
    guard !state.isAsleep else { return nil }
    if let handler = state.handler { return handlerStep(state, handler) }
    switch state.place {
    case .lock, .unlock, .lookAtNote, .lookAtWord, .answerLate: return userStep(state)
    case .enter, .border, .stand, .endLoan, .sleepAtBorder, .enterLate: return enterStep(state)
    case .works, .leave, .leaveLate: return insideStep(state)
    case .hogs, .gaveWay: return nil
    }
  }

  private func userStep(_ before: State) -> State? {
    var state = before
    switch before.place {
    case .lock:
      guard !before.isLocked else { return nil }
      (state.isLocked, state.place) = (true, .unlock)
    case .unlock: (state.isLocked, state.place) = (false, .enter(.call))
    case .lookAtNote: (state.note, state.place) = (false, before.note ? .enter(.note) : .lookAtWord)
    case .lookAtWord:
      guard before.word == .asked else {
        state.place = .hogs
        break
      }
      if flaw != .leavesByStore { state.word = .noted }
      state.place = flaw == .leavesByStore ? .answerLate : .enter(.note)
    case .answerLate: (state.word, state.place) = (.noted, .enter(.note))
    default: return nil
    }
    return state
  }

  // MARK: the border

  private func enterStep(_ before: State) -> State? {
    var state = before
    switch before.place {
    case .enter(let visit):
      if flaw == .looksBeforeEntering {
        state.place = before.lent ? .stand(visit) : .enterLate(visit)
        state.inside = before.lent
      } else {
        (state.inside, state.place) = (true, .border(visit))
      }
    case .enterLate(let visit): (state.inside, state.place) = (true, .works(visit))
    case .border(let visit): state.place = before.lent && flaw != .openBorder ? .stand(visit) : .works(visit)
    case .stand(let visit):
      switch before.word {
      case .lent: state.place = flaw == .borderKeepsLoan ? .sleepAtBorder(visit) : .endLoan(visit)
      case .still: state.place = .sleepAtBorder(visit)
      default: (state.lent, state.place) = (false, .works(visit))
      }
    case .endLoan(let visit):
      if before.word == .lent || flaw == .borderStores { state.word = .still }
      state.place = .stand(visit)
    case .sleepAtBorder(let visit):
      // The kernel compares and sleeps in one step. Whatever wakes the thread, it goes on here.
      let slept = before.word == .still || (flaw == .borderKeepsLoan && before.word == .lent)
      state.isAsleep = slept
      state.place = flaw == .borderWaitsOnce ? .works(visit) : .stand(visit)
    default: return nil
    }
    return state
  }

  // MARK: inside

  private func insideStep(_ before: State) -> State? {
    var state = before
    switch before.place {
    case .works(.call): (state.slice, state.place) = (before.slice + 1, .leave)
    case .works(.note): state.place = before.endOf == before.slice ? .gaveWay : .leave
    case .leave:
      if flaw == .looksBeforeLeaving {
        (state.note, state.place) = (false, .leaveLate(noted: before.note))
      } else {
        (state.inside, state.place) = (false, .lookAtNote)
      }
    case .leaveLate(let noted): (state.inside, state.place) = (false, noted ? .enter(.note) : .hogs)
    default: return nil
    }
    return state
  }

  // MARK: the handler

  private func handlerStep(_ before: State, _ handler: Handler) -> State? {
    var state = before
    let outside = !before.inside || flaw == .standsInside
    switch handler {
    case .look:
      let isRequest = before.word == .asked || before.word == .signalled
      let isMeant = isRequest || (outside && before.word == .lent)
      if !outside, isRequest { state.note = true }
      state.handler = isMeant || flaw == .answersUnasked ? .answer(before.word) : nil
    case .answer(let seen):
      let isWon = before.word == seen || flaw == .answersByStore
      if isWon { state.word = outside ? .still : .noted }
      state.handler = isWon && outside ? .wait : nil
    case .wait:
      state.handler = before.word == .still ? .sleep : nil
      if before.word == .lent, flaw != .forgetsLoan { state.lent = true }
    case .sleep:
      state.isAsleep = before.word == .still
      state.handler = flaw == .waitsOnce ? nil : .wait
    }
    return state
  }
}
