// For each event of a G: what must be so before it, and what is so after it.

extension Ordering {
  mutating func start(_ cursor: Cursor, _ context: MState, _ force: Bool) -> Verdict {
    var g = gs.slot(cursor.a)
    if !force {
      guard g >= 0, gs[g].state == .runnable, isNext(cursor.b, gs[g]) else { return .later }
      guard context.p >= 0, context.g < 0, cursor.thread >= 0 else { return .never }
    } else if g < 0 {
      g = addG(cursor.a, .runnable)
    }
    gs[g].state = .running
    (gs[g].generation, gs[g].sequence) = (generation, cursor.b)
    give(.goStart, cursor, on: context, subject: g, flags: force ? TraceEvent.forced : 0)
    bind(g, to: cursor.thread)
    return .fits
  }

  mutating func stop(_ kind: TraceKind, _ cursor: Cursor, _ context: MState, _ force: Bool) -> Verdict {
    let g = context.g
    if !force {
      guard context.p >= 0, g >= 0, gs[g].state == .running else { return .never }
    }
    give(kind, cursor, on: context, flags: force ? TraceEvent.forced : 0)
    guard g >= 0 else { return .fits }
    unbind(g)
    if kind == .goDestroy {
      end(g)
    } else {
      gs[g].state = kind == .goStop ? .runnable : .waiting
    }
    return .fits
  }

  mutating func unblock(_ cursor: Cursor, _ context: MState, _ force: Bool) -> Verdict {
    var g = gs.slot(cursor.a)
    if !force {
      guard g >= 0, gs[g].state == .waiting, isNext(cursor.b, gs[g]) else { return .later }
    } else if g < 0 {
      g = addG(cursor.a, .waiting)
    }
    gs[g].state = .runnable
    (gs[g].generation, gs[g].sequence) = (generation, cursor.b)
    give(.goUnblock, cursor, on: context, subject: g, flags: force ? TraceEvent.forced : 0)
    return .fits
  }

  mutating func create(_ kind: TraceKind, _ cursor: Cursor, _ context: MState, _ force: Bool) -> Verdict {
    if !force {
      guard context.p >= 0, context.g < 0 || gs[context.g].state == .running, gs.slot(cursor.a) < 0 else {
        return .never
      }
    }
    let state: TraceGoState = kind == .goCreateBlocked ? .waiting : .runnable
    let g = addG(cursor.a, state)
    gs[g].state = state
    (gs[g].generation, gs[g].sequence) = (generation, 0)
    give(kind, cursor, on: context, subject: g, flags: force ? TraceEvent.forced : 0)
    return .fits
  }

  mutating func status(_ kind: TraceKind, _ cursor: Cursor, _ context: MState, _ force: Bool) -> Verdict {
    guard let state = TraceGoState(rawValue: UInt8(clamping: cursor.c)) else { return force ? .fits : .never }
    let known = gs.slot(cursor.a)
    if !force {
      guard known >= 0 ? gs[known].state == state : isFirst else { return .never }
    }
    var context = context
    var other: Int32 = -1
    if state == .syscall, cursor.b != context.id {
      // The status is that of a G that has been in a system call on another thread for the whole
      // generation.
      let place = threads[cursor.b]
      if !force {
        guard cursor.b != TraceEvent.noThread, place.map({ ms[Int($0)].g == known && known >= 0 }) ?? true
        else {
          return .never
        }
      }
      other = thread(cursor.b)
    } else if state == .syscall, !force, !isFirst, context.g != known {
      return .never
    }
    let g = addG(cursor.a, state)
    (gs[g].state, gs[g].generation, gs[g].sequence) = (state, generation, 0)
    if other >= 0 { context = MState(id: cursor.b, g: known < 0 ? -1 : ms[Int(other)].g, p: context.p) }
    give(kind, cursor, on: context, subject: g, flags: force ? TraceEvent.forced : 0)
    if other >= 0 {
      bind(g, to: other)
    } else if state == .running || state == .syscall {
      bind(g, to: cursor.thread)
    }
    return .fits
  }

  /// A coroutine's switch: unblocks the next G, blocks or ends the one that runs, and starts the next.
  mutating func hand(_ kind: TraceKind, _ cursor: Cursor, _ context: MState, _ force: Bool) -> Verdict {
    let me = context.g
    var g = gs.slot(cursor.a)
    if !force {
      guard context.p >= 0, me >= 0, gs[me].state == .running else { return .never }
      guard g >= 0, g != me, gs[g].state == .waiting, isNext(cursor.b, gs[g]) else { return .later }
    } else if g < 0 {
      g = addG(cursor.a, .waiting)
    }
    let flags: UInt8 = force ? TraceEvent.forced : 0
    give(kind, cursor, on: context, subject: g, flags: flags)
    if me >= 0, me != g {
      var part = cursor
      (part.a, part.b, part.c, part.d) = (0, 0, 0, 0)
      give(
        kind == .goSwitch ? .goBlock : .goDestroy, part, on: context, flags: flags | TraceEvent.derived)
      if kind == .goSwitch { gs[me].state = .waiting } else { end(me) }
    }
    (gs[g].state, gs[g].generation, gs[g].sequence) = (.running, generation, cursor.b)
    var free = context
    free.g = -1
    give(.goStart, cursor, on: free, subject: g, flags: flags | TraceEvent.derived)
    bind(g, to: cursor.thread)
    return .fits
  }

  private mutating func end(_ g: Int32) {
    unbind(g)
    gs.remove(g)
  }

  mutating func enterSyscall(_ cursor: Cursor, _ context: MState, _ force: Bool) -> Verdict {
    if !force {
      guard context.p >= 0, context.g >= 0, gs[context.g].state == .running,
        isNext(cursor.a, ps[Int(context.p)])
      else { return .never }
    }
    if context.g >= 0 { gs[context.g].state = .syscall }
    if context.p >= 0 {
      ps[Int(context.p)] = PState(
        generation: generation, sequence: cursor.a, state: .syscall, owner: ps[Int(context.p)].owner)
    }
    give(.goSyscallBegin, cursor, on: context, flags: force ? TraceEvent.forced : 0)
    return .fits
  }

  mutating func leaveSyscall(_ cursor: Cursor, _ context: MState, _ force: Bool) -> Verdict {
    if !force {
      guard context.p >= 0, context.g >= 0, gs[context.g].state == .syscall,
        ps[Int(context.p)].state == .syscall
      else { return .never }
    }
    if context.g >= 0 { gs[context.g].state = .running }
    if context.p >= 0 { ps[Int(context.p)].state = .running }
    give(.goSyscallEnd, cursor, on: context, flags: force ? TraceEvent.forced : 0)
    return .fits
  }

  /// Ends a system call in which the P was lost. As long as the thread still has that P, the event of
  /// the thread that takes it has to come first.
  mutating func leaveSyscallBlocked(_ cursor: Cursor, _ context: MState, _ force: Bool) -> Verdict {
    if !force {
      if context.p >= 0, ps[Int(context.p)].state == .syscall { return .later }
      guard context.g >= 0, gs[context.g].state == .syscall else { return .never }
    }
    give(.goSyscallEndBlocked, cursor, on: context, flags: force ? TraceEvent.forced : 0)
    if context.g >= 0 {
      gs[context.g].state = .runnable
      unbind(context.g)
    }
    return .fits
  }

  mutating func createInSyscall(_ cursor: Cursor, _ context: MState, _ force: Bool) -> Verdict {
    if !force {
      guard cursor.thread >= 0, context.g < 0, gs.slot(cursor.a) < 0 else { return .never }
    }
    let g = addG(cursor.a, .syscall)
    (gs[g].state, gs[g].generation, gs[g].sequence) = (.syscall, generation, 0)
    give(.goCreateSyscall, cursor, on: context, subject: g, flags: force ? TraceEvent.forced : 0)
    bind(g, to: cursor.thread)
    return .fits
  }

  /// Ends the G of a thread of C. The thread may end, too, and its number be used again, so its P, if it
  /// has one, is taken from it here.
  mutating func destroyInSyscall(_ cursor: Cursor, _ context: MState, _ force: Bool) -> Verdict {
    if !force {
      guard context.g >= 0, gs[context.g].state == .syscall,
        context.p < 0 || ps[Int(context.p)].state == .syscall
      else { return .never }
    }
    let flags: UInt8 = force ? TraceEvent.forced : 0
    if context.p >= 0 {
      ps[Int(context.p)].state = .abandoned
      var steal = cursor
      (steal.a, steal.b, steal.c) = (UInt64(context.p), 0, context.id)
      give(.procSteal, steal, on: context, flags: flags | TraceEvent.derived)
      ms[Int(cursor.thread)].p = -1
    }
    give(.goDestroySyscall, cursor, on: context, flags: flags)
    if context.g >= 0 {
      end(context.g)
    }
    return .fits
  }
}
