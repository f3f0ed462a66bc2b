// Sysmon, and the M that inherits the P, step by step. See Preempt §2.

extension PreemptionModel {
  // MARK: sysmon

  func sysmonSteps(_ state: State) -> [State] {
    guard state.sysmon == .watch else { return (sysmonStep(state).map { [$0] } ?? []) + retracted(state) }
    var choices: [State] = []
    if state.asksLeft > 0, state.hasP {
      var next = state
      next.asksLeft -= 1
      next.sysmon = flaw == .signalsFirst ? .mark(slice: state.slice) : .request(slice: state.slice)
      choices.append(next)
    }
    if state.word == .still, !state.hasP, flaw != .neverLends {
      var next = state
      if flaw != .lendsByStore { next.word = .lent }
      next.sysmon = flaw == .lendsByStore ? .lendLate : flaw == .lendsSilently ? .watch : .wake
      choices.append(next)
    }
    if state.word == .lent {
      var next = state
      if flaw == .recallsByWord { next.word = .still } else { next.sysmon = .recall }
      choices.append(next)
    }
    return choices
  }

  private func sysmonStep(_ before: State) -> State? {
    var state = before
    switch before.sysmon {
    case .watch: return nil
    case .request(let slice):
      state.endOf = slice
      state.sysmon = flaw == .asksAfterSignal ? .signal(slice: slice) : .mark(slice: slice)
    case .mark(let slice):
      if before.word == .runs {
        (state.word, state.sysmon) = (.asked, .signal(slice: slice))
      } else {  // sysmon will ask again
        (state.asksLeft, state.sysmon) = (before.asksLeft + 1, .watch)
      }
    case .signal(let slice):
      guard before.word == .asked, flaw != .signalsFirst, flaw != .asksAfterSignal else {
        state.sysmon = .send(slice: slice)
        break
      }
      if flaw != .signalsByStore { state.word = .signalled }
      state.sysmon = .send(slice: slice)
    case .send(let slice):
      if flaw == .signalsByStore { state.word = .signalled }
      state.signal = true
      state.sysmon =
        flaw == .signalsFirst
        ? .requestLate(slice: slice)
        : flaw == .asksAfterSignal ? .markLate(slice: slice) : .await(slice: slice)
    case .requestLate(let slice): (state.endOf, state.sysmon) = (slice, .await(slice: slice))
    case .markLate(let slice): (state.word, state.sysmon) = (.asked, .await(slice: slice))
    case .await(let slice): return answered(before, slice)
    case .take(let slice): return taken(before, slice)
    case .retractLate: (state.word, state.sysmon) = (.runs, .watch)
    case .lendLate: (state.word, state.sysmon) = (.lent, .wake)
    case .recall: (state.signal, state.sysmon) = (true, .watch)
    case .wake: (state.isAsleep, state.sysmon) = (false, .watch)
    }
    return state
  }

  /// While sysmon waits for the answer: if the answer is there, it need not send the signal; if the slice is
  /// over, it need not wait.
  private func retracted(_ before: State) -> [State] {
    var state = before
    switch before.sysmon {
    case .signal(let slice) where before.word != .asked && flaw != .asksAfterSignal:
      state.sysmon = .await(slice: slice)
    case .await(let slice) where before.word == .asked && before.slice != slice,
      .signal(let slice) where before.word == .asked && before.slice != slice:
      if flaw != .retractsByStore { state.word = .runs }
      state.sysmon = flaw == .retractsByStore ? .retractLate : .watch
    default: return []
    }
    return [state]
  }

  private func answered(_ before: State, _ slice: Int) -> State? {
    var state = before
    switch before.word {
    case .still: state.sysmon = .take(slice: slice)
    case .noted: (state.word, state.sysmon) = (flaw == .keepsNote ? .noted : .runs, .watch)
    case .asked where flaw == .takesUnanswered, .signalled where flaw == .takesUnanswered:
      state.sysmon = .take(slice: slice)
    default: return nil
    }
    return state
  }

  /// The thread stands still. Sysmon gives its P to the heir and puts the G on the GRQ, or lets the thread go
  /// on.
  private func taken(_ before: State, _ slice: Int) -> State {
    var state = before
    if before.endOf != before.slice, flaw != .takesAnySlice {
      (state.word, state.sysmon) = (.runs, .wake)
    } else if before.heir != .asleep {  // no M at hand: the thread runs on, and is asked again
      (state.word, state.sysmon, state.asksLeft) = (.runs, .wake, before.asksLeft + 1)
    } else {
      if before.slice != slice { state.wrong = "a slice was ended that had just begun" }
      (state.hasP, state.isQueued) = (false, true)
      state.heir = needsLock ? .needsLock : .pick
      state.sysmon = .watch
    }
    return state
  }

  // MARK: the heir

  func heirStep(_ before: State) -> State? {
    var state = before
    switch before.heir {
    case .asleep: return nil
    case .needsLock:
      guard !before.isLocked else { return nil }
      (state.isLocked, state.heir) = (true, .hasLock)
    case .hasLock: (state.isLocked, state.heir) = (false, .pick)
    case .pick:
      guard before.isQueued else { return nil }
      (state.isQueued, state.heir) = (false, flaw == .grantsBeforeFilling ? .grant : .fill)
    case .fill:
      (state.hasP, state.slice) = (true, before.slice + 1)
      state.heir = .grant
    case .fillLate:
      (state.hasP, state.slice) = (true, before.slice + 1)
      state.heir = .asleep
    case .grant: return granted(before)
    case .grantLate(let seen):
      (state.word, state.heir) = (.runs, seen == .still ? .wake : .asleep)
    case .wake: (state.isAsleep, state.heir) = (false, .asleep)
    }
    return state
  }

  private func granted(_ before: State) -> State {
    var state = before
    switch flaw {
    case .grantsByStore: state.heir = .grantLate(seen: before.word)
    case .grantsOnlyToTheStill where before.word != .still: state.heir = .asleep
    case .grantsBeforeFilling:
      state.word = .runs
      if before.word == .still { state.isAsleep = false }
      state.heir = .fillLate
    default:
      state.word = .runs
      state.heir = before.word == .still && flaw != .grantsSilently ? .wake : .asleep
    }
    return state
  }
}
