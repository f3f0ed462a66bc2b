// What each G, P and M does at a moment of a trace, as the events before it tell.

/// The state of everything that a trace tells of, which events change one by one. The reader has put them in order, so each
/// fits those before it, unless the trace is damaged.
package struct TraceState: Sendable {
  /// A G that has not ended, as the events so far tell of it.
  package struct G: Sendable {
    package var id: UInt64
    package var state: TraceGoState
    /// The thread of the G, while the G runs or is in a system call; nil: none, or not known.
    package var m: UInt64?
    /// When the G came into its state, in nanoseconds of the trace's clock.
    package var since: Int64
    /// The G's last sequence number, and the generation of the trace in which the G got that number.
    var sequence: UInt64 = 0
    var generation: UInt64 = 0
    /// The index of the G's last known stack in `stacks`; −1: none is known.
    var stack: Int32 = -1
  }

  /// A P, as the events so far tell of it.
  package struct P: Sendable {
    package var state: TraceProcState
    /// The thread that has the P, unless the P is idle; nil: none, or not known.
    package var m: UInt64?
    var sequence: UInt64 = 0
    var generation: UInt64 = 0
  }

  /// The Gs by their places (`TraceEvent.slot`); nil: no G has the place.
  package private(set) var gs: [G?] = []
  /// The Ps by their numbers.
  package private(set) var ps: [Int: P] = [:]
  /// The sequence number of the garbage collector's mark phase, if one is under way; nil: none is.
  private(set) var marking: UInt64?
  /// The Gs that assist the mark phase, by their places (`TraceEvent.slot`).
  private(set) var assisting: Set<Int32> = []
  /// The numbers of the Ps that sweep memory for the garbage collector.
  private(set) var sweeping: Set<Int> = []
  /// The G that stops the world, by its place, and why.
  private(set) var stopping: (slot: Int32, purpose: String)?

  private let keepsStacks: Bool
  private var stacks: [[TraceFrame]] = []
  private var known: [[TraceFrame]: Int32] = [:]
  private var ids: [UInt64: Int32] = [:]
  private var generation: UInt64 = 0

  /// - Parameter keepsStacks: keeps the last stack of each G, which costs some time for each event that has one.
  package init(keepsStacks: Bool) { self.keepsStacks = keepsStacks }

  /// The G at a place; nil: none lives there.
  package subscript(slot: Int32) -> G? {
    slot >= 0 && Int(slot) < gs.count ? gs[Int(slot)] : nil
  }

  /// The last known stack of a G, the innermost frame first; empty: none is known. That of a G which runs is where it stood
  /// before.
  package func stack(of g: G) -> [TraceFrame] { g.stack < 0 ? [] : stacks[Int(g.stack)] }

  /// Changes the state by the next event of the trace.
  package mutating func apply(_ event: TraceEvent, _ tables: TraceTables) {
    if generation != tables.generation { (ids, generation) = ([:], tables.generation) }
    let arguments = event.arguments
    switch event.kind {
    case .goStart: move(event.subject, .running, event, m: event.m, sequence: arguments.1)
    case .goStop: move(event.slot, .runnable, event, stack: arguments.1, tables)
    case .goBlock: move(event.slot, .waiting, event, stack: arguments.1, tables)
    case .goUnblock, .goSwitch, .goSwitchDestroy:
      move(event.subject, .runnable, event, sequence: arguments.1)
    case .goSyscallBegin:
      move(event.slot, .syscall, event, m: event.m, stack: arguments.1, tables)
      if let p = event.p { change(p, .syscall, event.m, sequence: arguments.0) }
    case .goSyscallEnd:
      move(event.slot, .running, event, m: event.m)
      if let p = event.p { change(p, .running, event.m) }
    case .goSyscallEndBlocked: move(event.slot, .runnable, event)
    case .goDestroy, .goDestroySyscall: end(event.slot)
    case .goCreate: begin(event, .runnable, stack: arguments.1, tables)
    case .goCreateBlocked: begin(event, .waiting, stack: arguments.1, tables)
    case .goCreateSyscall: begin(event, .syscall, m: event.m, tables)
    case .goStatus, .goStatusStack: tell(event, tables)
    case .procStart, .procStop, .procSteal, .procStatus: applyToP(event)
    default: applyToRange(event, tables)
    }
  }

  private mutating func applyToP(_ event: TraceEvent) {
    let p = Int(truncatingIfNeeded: event.arguments.0)
    switch event.kind {
    case .procStart: change(p, .running, event.m, sequence: event.arguments.1)
    case .procStop: if let p = event.p { change(p, .idle, nil) }
    case .procSteal where event.isDerived: change(p, .abandoned, nil)
    case .procSteal: change(p, .idle, nil, sequence: event.arguments.1)
    default:
      guard let state = TraceProcState(rawValue: UInt8(clamping: event.arguments.1)) else { return }
      let isHeld = state == .running || state == .syscall
      change(p, state, isHeld ? event.m : nil, sequence: 0)
    }
  }

  private mutating func applyToRange(_ event: TraceEvent, _ tables: TraceTables) {
    switch event.kind {
    case .gcBegin, .gcActive: marking = event.arguments.0
    case .gcEnd: marking = nil
    case .gcSweepBegin: if let p = event.p { sweeping.insert(p) }
    case .gcSweepActive: sweeping.insert(Int(truncatingIfNeeded: event.arguments.0))
    case .gcSweepEnd: if let p = event.p { sweeping.remove(p) }
    case .gcMarkAssistBegin: if event.slot >= 0 { assisting.insert(event.slot) }
    case .gcMarkAssistActive: if event.subject >= 0 { assisting.insert(event.subject) }
    case .gcMarkAssistEnd: assisting.remove(event.slot)
    case .stwBegin: stopping = (event.slot, tables.string(event.arguments.0) ?? "")
    case .stwEnd: stopping = nil
    default: break
    }
  }

  /// Notes a G that is new here, or of which an event tells the state.
  private mutating func begin(
    _ event: TraceEvent, _ state: TraceGoState, m: UInt64? = nil, stack: UInt64 = 0, _ tables: TraceTables
  ) {
    guard event.subject >= 0 else { return }
    let slot = Int(event.subject)
    while gs.count <= slot { gs.append(nil) }
    gs[slot] = G(
      id: event.arguments.0, state: state, m: m, since: event.time, sequence: 0, generation: generation,
      stack: place(stack, tables))
  }

  private mutating func tell(_ event: TraceEvent, _ tables: TraceTables) {
    guard let state = TraceGoState(rawValue: UInt8(clamping: event.arguments.2)) else { return }
    let m: UInt64? =
      switch state {
      case .running: event.m
      case .syscall: event.arguments.1 == .max ? event.m : event.arguments.1
      case .runnable, .waiting: nil
      }
    let stack = event.kind == .goStatusStack ? event.arguments.3 : 0
    guard let old = self[event.subject], old.id == event.arguments.0 else {
      return begin(event, state, m: m, stack: stack, tables)
    }
    var new = old
    if old.state != state { new.since = event.time }
    (new.state, new.m, new.sequence, new.generation) = (state, m, 0, generation)
    if stack != 0 { new.stack = place(stack, tables) }
    gs[Int(event.subject)] = new
  }

  private mutating func move(
    _ slot: Int32, _ state: TraceGoState, _ event: TraceEvent, m: UInt64? = nil, sequence: UInt64? = nil,
    stack: UInt64 = 0, _ tables: TraceTables = TraceTables()
  ) {
    guard slot >= 0, Int(slot) < gs.count, var g = gs[Int(slot)] else { return }
    (g.state, g.m, g.since) = (state, m, event.time)
    if let sequence { (g.sequence, g.generation) = (sequence, generation) }
    if stack != 0 { g.stack = place(stack, tables) }
    gs[Int(slot)] = g
  }

  private mutating func end(_ slot: Int32) {
    guard slot >= 0, Int(slot) < gs.count else { return }
    gs[Int(slot)] = nil
    assisting.remove(slot)
  }

  private mutating func change(_ p: Int, _ state: TraceProcState, _ m: UInt64?, sequence: UInt64? = nil) {
    var new = ps[p] ?? P(state: state, m: m)
    (new.state, new.m) = (state, m)
    if let sequence { (new.sequence, new.generation) = (sequence, generation) }
    ps[p] = new
  }

  private mutating func place(_ id: UInt64, _ tables: TraceTables) -> Int32 {
    guard keepsStacks, id != 0 else { return -1 }
    if let known = ids[id] { return known }
    guard let frames = tables.stack(id), !frames.isEmpty else { return -1 }
    let place = known[frames] ?? Int32(truncatingIfNeeded: stacks.count)
    if Int(place) == stacks.count {
      known[frames] = place
      stacks.append(frames)
    }
    ids[id] = place
    return place
  }
}
