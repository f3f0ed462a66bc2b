// Puts the events of all threads into one order, in which each fits those before it.
//
// §1 The problem. Threads write their events without a lock, each into its own batches, with times of a clock that need not
// agree between processors, and that ticks seldom. So times alone do not tell what came first: a G could run before it was
// made.
//
// §2 The order. A thread's own events are in order. Between threads, Gs and Ps tie them together: each taking of a P and
// each start or unblocking of a G has the next sequence number of that P or G, counted from its status in the generation.
// An event whose number is not the next one has to wait until the events of other threads have been given that lead to
// it. Among those that need not wait, the earliest comes first.
//
// §3 So the reader keeps, as a scheduler does, which G and P each thread has, and the state of each G and P. Each event says
// what must be so before it (`Verdict.later`: not yet), and what is so after it.
//
// §4 In a trace that is damaged, the event that another one waits for may be missing. Then nothing goes on by these rules.
// The earliest event is taken all the same, its state is made what the event says, and it is marked
// (`TraceEvent.isOutOfOrder`). Looking at all threads for one that can go on costs time, and a file can be made to
// cost it at each event. So after many looks in vain, no more are made in the generation.

/// Whether an event fits what was before it.
enum Verdict {
  case fits
  /// Not yet: an event of another thread has to come first.
  case later
  /// Never: in a trace without damage this event cannot stand here.
  case never
}

/// What is known of a P at a moment of the trace.
struct PState {
  var generation: UInt64 = 0
  var sequence: UInt64 = 0
  /// The P's state; nil: no event has mentioned the P yet.
  var state: TraceProcState?
  /// The place of the thread that got the P last, which need not have it any more; −1: none is known.
  var owner: Int32 = -1
}

/// What a thread has at a moment of the trace.
struct MState {
  var id: UInt64
  /// The place of the G that the thread runs; −1: none.
  var g: Int32 = -1
  /// The number of the P that the thread has; −1: none.
  var p: Int32 = -1
}

/// The state of threads, Ps, Gs and the collector, which events change one by one.
struct Ordering {
  /// Ps have smaller numbers than this, so that a damaged number takes no memory.
  static let mostPs: UInt64 = 1 << 16

  var gs = GoroutineTable()
  var ps: [PState] = []
  var ms: [MState] = []
  var threads: [UInt64: Int32] = [:]
  var gcSequence: UInt64 = 0
  /// Whether the collector marks; nil: not known yet.
  var isMarking: Bool?
  var generation: UInt64 = 0
  /// Whether this generation is the first, in which Gs and Ps may appear by their status.
  var isFirst = true

  /// The events that have been put in order, until the reader hands them out.
  var events: [TraceEvent] = []
  /// The time of the event that was put in order last.
  var last: Int64 = 0

  /// The index of a thread in `ms`, to which the thread is added if it is new; −1 for no thread.
  mutating func thread(_ id: UInt64) -> Int32 {
    if id == TraceEvent.noThread { return -1 }
    if let known = threads[id] { return known }
    let place = Int32(truncatingIfNeeded: ms.count)
    ms.append(MState(id: id))
    threads[id] = place
    return place
  }

  /// Appends an event to `events`, with the P and the G that its thread had before it.
  @inline(__always)
  mutating func give(
    _ kind: TraceKind, _ cursor: Cursor, on context: MState, subject: Int32 = -1, flags: UInt8 = 0
  ) {
    let time = cursor.time > last ? cursor.time : last &+ 1
    last = time
    events.append(
      TraceEvent(
        arguments: (cursor.a, cursor.b, cursor.c, cursor.d), kind: kind, time: time, slot: context.g,
        subject: subject, thread: context.id, goroutine: context.g < 0 ? 0 : gs[context.g].id,
        proc: context.p, flags: flags))
  }

  /// Appends a CPU sample, which changes no state, to `events`.
  mutating func give(_ sample: TraceTables.Sample, at time: Int64) {
    last = max(time, last &+ 1)
    events.append(
      TraceEvent(
        arguments: (sample.stack, 0, 0, 0), kind: .cpuSample, time: last,
        slot: sample.g == 0 ? -1 : gs.slot(sample.g),
        subject: -1, thread: sample.m, goroutine: sample.g,
        proc: sample.p < Self.mostPs ? Int32(sample.p) : -1, flags: 0))
  }

  /// Takes the event of a cursor if that event fits, or is forced to.
  ///
  /// - Parameter force: takes it though it does not fit.
  @inline(__always)
  mutating func take(_ cursor: Cursor, force: Bool) -> Verdict {
    guard let kind = TraceKind(rawValue: cursor.kind) else {
      // An experiment's event is not given. It takes up a time of its own all the same, as in Go's reader.
      last = max(cursor.time, last &+ 1)
      return .fits
    }
    let context = cursor.thread < 0 ? MState(id: TraceEvent.noThread) : ms[Int(cursor.thread)]
    let flags: UInt8 = force ? TraceEvent.forced : 0
    switch kind {
    case .goStart: return start(cursor, context, force)
    case .goBlock, .goStop, .goDestroy: return stop(kind, cursor, context, force)
    case .goUnblock: return unblock(cursor, context, force)
    case .goCreate, .goCreateBlocked: return create(kind, cursor, context, force)
    case .goStatus, .goStatusStack: return status(kind, cursor, context, force)
    case .goSwitch, .goSwitchDestroy: return hand(kind, cursor, context, force)
    case .goSyscallBegin: return enterSyscall(cursor, context, force)
    case .goSyscallEnd: return leaveSyscall(cursor, context, force)
    case .goSyscallEndBlocked: return leaveSyscallBlocked(cursor, context, force)
    case .goCreateSyscall: return createInSyscall(cursor, context, force)
    case .goDestroySyscall: return destroyInSyscall(cursor, context, force)
    case .procStart: return startProc(cursor, context, force)
    case .procStop: return stopProc(cursor, context, force)
    case .procSteal: return stealProc(cursor, context, force)
    case .procStatus: return procStatus(cursor, context, force)
    case .gcActive, .gcBegin, .gcEnd: return collect(kind, cursor, context, force)
    case .heapAlloc, .heapGoal, .gcSweepBegin, .gcSweepEnd:
      guard context.p >= 0 || force else { return .never }
    case .gcSweepActive:
      guard proc(cursor.a) != nil || force else { return .never }
    case .gcMarkAssistActive:
      guard gs.slot(cursor.a) >= 0 || force else { return .never }
      give(kind, cursor, on: context, subject: gs.slot(cursor.a), flags: flags)
      return .fits
    default:
      guard context.p >= 0 && context.g >= 0 || force else { return .never }
    }
    give(kind, cursor, on: context, flags: flags)
    return .fits
  }

  /// The P with a number, if it was mentioned.
  @inline(__always)
  func proc(_ id: UInt64) -> Int? {
    id < UInt64(ps.count) && ps[Int(id)].state != nil ? Int(id) : nil
  }

  /// The P with a number, which is added if it is new; nil: no P has such a number.
  mutating func addProc(_ id: UInt64) -> Int? {
    guard id < Self.mostPs else { return nil }
    while ps.count <= Int(id) { ps.append(PState()) }
    return Int(id)
  }

  /// The place of a G, which is added if it is new.
  mutating func addG(_ id: UInt64, _ state: TraceGoState) -> Int32 {
    let known = gs.slot(id)
    if known >= 0 { return known }
    return gs.add(GState(id: id, generation: generation, sequence: 0, state: state))
  }

  /// Gives a G to a thread. In a damaged file another thread may seem to have that G, and loses it here: no thread may
  /// know a G's place after the G has ended.
  mutating func bind(_ g: Int32, to thread: Int32) {
    guard thread >= 0 else { return }
    let (before, old) = (gs[g].thread, ms[Int(thread)].g)
    if before >= 0, before != thread, ms[Int(before)].g == g { ms[Int(before)].g = -1 }
    if old >= 0, old != g { gs[old].thread = -1 }
    gs[g].thread = thread
    ms[Int(thread)].g = g
  }

  /// Takes a G from the thread that has it.
  mutating func unbind(_ g: Int32) {
    let thread = gs[g].thread
    gs[g].thread = -1
    if thread >= 0, ms[Int(thread)].g == g { ms[Int(thread)].g = -1 }
  }

  /// Whether a sequence number is the next one after that of a G.
  @inline(__always)
  func isNext(_ sequence: UInt64, _ g: GState) -> Bool {
    g.generation == generation && sequence == g.sequence &+ 1
  }

  @inline(__always)
  func isNext(_ sequence: UInt64, _ p: PState) -> Bool {
    p.generation == generation && sequence == p.sequence &+ 1
  }
}
