// For each event of a P and of the garbage collector: what must be so before it, and what is so
// after it.

extension Ordering {
  mutating func startProc(_ cursor: Cursor, _ context: MState, _ force: Bool) -> Verdict {
    guard cursor.thread >= 0 else { return force ? .fits : .never }
    var p = proc(cursor.a)
    if !force {
      guard let p, ps[p].state == .idle, isNext(cursor.b, ps[p]), context.p < 0 else { return .later }
    }
    p = p ?? addProc(cursor.a)
    guard let p else { return .fits }
    ps[p] = PState(generation: generation, sequence: cursor.b, state: .running, owner: Int32(cursor.thread))
    give(.procStart, cursor, on: context, flags: force ? TraceEvent.forced : 0)
    ms[Int(cursor.thread)].p = Int32(p)
    return .fits
  }

  mutating func stopProc(_ cursor: Cursor, _ context: MState, _ force: Bool) -> Verdict {
    if !force {
      guard context.p >= 0 else { return .never }
      let state = ps[Int(context.p)].state
      guard state == .running || state == .syscall else { return .never }
    }
    give(.procStop, cursor, on: context, flags: force ? TraceEvent.forced : 0)
    guard context.p >= 0 else { return .fits }
    ps[Int(context.p)].state = .idle
    ms[Int(cursor.thread)].p = -1
    return .fits
  }

  mutating func stealProc(_ cursor: Cursor, _ context: MState, _ force: Bool) -> Verdict {
    var p = proc(cursor.a)
    let victim = threads[cursor.c]
    if !force {
      guard let p, ps[p].state == .syscall || ps[p].state == .abandoned, isNext(cursor.b, ps[p]) else {
        return .later
      }
      guard cursor.thread >= 0 else { return .never }
      // Of a P that was abandoned nobody knows the thread any more.
      if ps[p].state == .syscall {
        guard let victim, ms[Int(victim)].p == Int32(p) else { return .never }
      }
    }
    p = p ?? addProc(cursor.a)
    guard let p else { return .fits }
    let wasAbandoned = ps[p].state == .abandoned
    ps[p] = PState(generation: generation, sequence: cursor.b, state: .idle)
    give(.procSteal, cursor, on: context, flags: force ? TraceEvent.forced : 0)
    if !wasAbandoned, let victim, ms[Int(victim)].p == Int32(p) { ms[Int(victim)].p = -1 }
    return .fits
  }

  mutating func procStatus(_ cursor: Cursor, _ context: MState, _ force: Bool) -> Verdict {
    guard let told = TraceProcState(rawValue: UInt8(clamping: cursor.b)) else {
      return force ? .fits : .never
    }
    let known = proc(cursor.a)
    var (context, state, cursor) = (context, told, cursor)
    if let known, let old = ps[known].state {
      if told == .abandoned, old == .syscall {
        // The P's thread is known here, though it was not known to Go when the status was written.
        state = .syscall
        guard let owner = owner(of: known) ?? (force ? context : nil) else { return .never }
        context = owner
        cursor.b = UInt64(TraceProcState.syscall.rawValue)
      } else if old != told, !force {
        return .never
      }
    }
    guard let p = known ?? addProc(cursor.a) else { return force ? .fits : .never }
    let isHere = (told == .running || told == .syscall) && cursor.thread >= 0
    ps[p] = PState(
      generation: generation, sequence: 0, state: state, owner: isHere ? Int32(cursor.thread) : ps[p].owner)
    give(.procStatus, cursor, on: context, flags: force ? TraceEvent.forced : 0)
    if isHere { ms[Int(cursor.thread)].p = Int32(p) }
    return .fits
  }

  /// The thread that has a P; nil: none has it.
  private func owner(of p: Int) -> MState? {
    let thread = Int(ps[p].owner)
    return ms.indices.contains(thread) && ms[thread].p == Int32(p) ? ms[thread] : nil
  }

  /// Takes a beginning or an end of the collector's work. Beginnings and ends of mark phases have
  /// one row of sequence numbers together, since they may be on different threads.
  mutating func collect(_ kind: TraceKind, _ cursor: Cursor, _ context: MState, _ force: Bool) -> Verdict {
    if !force {
      switch (kind, isMarking) {
      case (.gcBegin, nil): break
      case (.gcActive, _) where isFirst:
        guard isMarking == nil else { return .never }
      default:
        guard cursor.a == gcSequence &+ 1 else { return .later }
        guard isMarking == (kind != .gcBegin), context.p >= 0, context.g >= 0 else { return .never }
      }
    }
    gcSequence = cursor.a
    isMarking = kind != .gcEnd
    give(kind, cursor, on: context, flags: force ? TraceEvent.forced : 0)
    return .fits
  }
}
