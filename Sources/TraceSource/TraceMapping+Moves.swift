// The moves of Gs: each is one record, or three (TraceMapping §2).
import GoTrace
import History
import Observed
import Region

extension TraceMapping {
  /// The place in `gs` of a G that an event is about. A G that is not known is introduced in the state that the event expects:
  /// it must have been in it.
  private mutating func place(
    _ slot: Int32, _ id: UInt64, expecting state: TraceGoState, _ context: Context
  ) -> Int? {
    guard slot >= 0, id != 0 else { return nil }
    let place = Int(slot)
    if place < gs.count, let known = gs[place], known.id == id { return place }
    let m = state == .running || state == .syscall ? context.m : nil
    introduce(
      LiveG(id: id, state: state, since: builder.introducedSince, isOlder: true), at: place, context, m: m)
    return place
  }

  /// A G comes to be known that was there before, in a state that it had until now.
  mutating func introduce(_ g: LiveG, at place: Int, _ context: Context, m: UInt16?) {
    put(g, at: place)
    builder.introduce(g, p: g.state == .running ? context.p : nil, m: m)
  }

  /// Puts a G into the table. Only a damaged trace has another one there still.
  private mutating func put(_ g: LiveG, at place: Int) {
    while gs.count <= place { gs.append(nil) }
    gs[place] = g
  }

  mutating func introduceG(_ event: TraceEvent, _ context: Context, _ tables: TraceTables) {
    let (id, slot) = (event.arguments.0, Int(event.subject))
    guard slot >= 0, let state = TraceGoState(rawValue: UInt8(clamping: event.arguments.2)) else { return }
    if slot < gs.count, let known = gs[slot], known.id == id {
      if known.state != state {
        gs[slot]?.state = state
        builder.noteMisfit()
      }
      return
    }
    var g = LiveG(id: id, state: state, since: builder.introducedSince, isOlder: true)
    let stack = event.kind == .goStatusStack ? event.arguments.3 : 0
    g.entry = names.entry(bottomOf: stack, tables)
    if state == .running { g.p = UInt64(event.p.map { $0 + 1 } ?? 0) }
    introduce(g, at: slot, context, m: state == .running || state == .syscall ? context.m : nil)
    if let number = names.number(ofStack: stack, tables) { names.first[id] = number }
  }

  mutating func start(_ event: TraceEvent, _ context: Context) {
    let id = event.arguments.0
    guard let place = place(event.subject, id, expecting: .runnable, context), var g = gs[place] else {
      return
    }
    let ready = g.isOlder || g.state != .runnable ? 0 : context.time - g.since
    g.count &+= 1
    let record = Record(
      .goStart, time: context.time, m: context.record, g: id, detail: g.reason.rawValue << 4, count: g.count,
      arg: ready)
    builder.add(record, on: context.lane)
    (g.state, g.since, g.isOlder, g.reason) = (.running, context.time, false, .none)
    if let p = context.p { g.p = UInt64(p + 1) }
    gs[place] = g
  }

  /// The thread's G stops running.
  mutating func stop(
    _ event: TraceEvent, _ context: Context, _ kind: EventKind, _ state: TraceGoState, stack: UInt64,
    _ reason: WaitReason, _ tables: TraceTables
  ) {
    guard let place = place(event.slot, context.g, expecting: .running, context) else { return }
    let count = move(place, to: state, at: context.time)
    gs[place]?.reason = reason
    let record = Record(
      kind, time: context.time, m: context.record, g: context.g, detail: reason.rawValue, count: count)
    builder.add(record, on: context.lane, stack: names.number(ofStack: stack, tables))
  }

  /// Notes a move of a G, and returns its number.
  private mutating func move(_ place: Int, to state: TraceGoState, at time: UInt64) -> UInt32 {
    guard var g = gs[place] else { return 0 }
    g.count &+= 1
    (g.state, g.since, g.isOlder) = (state, time, false)
    gs[place] = g
    return g.count
  }

  mutating func ready(_ event: TraceEvent, _ context: Context, stack: UInt64, _ tables: TraceTables) {
    let id = event.arguments.0
    guard let place = place(event.subject, id, expecting: .waiting, context) else { return }
    let reason = gs[place]?.reason ?? .none
    let count = move(place, to: .runnable, at: context.time)
    let record = Record(
      .goReady, time: context.time, m: context.record, g: id, detail: reason.rawValue, count: count,
      arg: context.g)
    builder.add(record, on: context.lane, stack: names.number(ofStack: stack, tables))
  }

  mutating func leaveCall(_ event: TraceEvent, _ context: Context) {
    guard let place = place(event.slot, context.g, expecting: .syscall, context), let g = gs[place] else {
      return
    }
    let keptP = event.kind == .goSyscallEnd
    let passed = g.isOlder ? 0 : context.time - g.since
    let count = move(place, to: keptP ? .running : .runnable, at: context.time)
    let record = Record(
      .goSyscallExit, time: context.time, m: context.record, g: g.id, detail: keptP ? 1 : 0, count: count,
      arg: min(passed, Place.gMask))
    // A thread that lost its P writes into its own lane, as here, too.
    builder.add(record, on: keptP ? context.lane : context.threadLane)
  }

  mutating func exit(_ event: TraceEvent, _ context: Context) {
    guard let place = place(event.slot, context.g, expecting: .running, context) else { return }
    let count = move(place, to: .running, at: context.time)
    let record = Record(.goExit, time: context.time, m: context.record, g: context.g, count: count)
    builder.add(record, on: context.lane)
    gs[place] = nil
    spans.end(context.g)
  }

  /// A G of a call from C ends, while its thread is in a system call as far as Go knows.
  mutating func exitInCall(_ event: TraceEvent, _ context: Context) {
    guard let place = place(event.slot, context.g, expecting: .syscall, context), let g = gs[place] else {
      return
    }
    let passed = g.isOlder ? 0 : context.time - g.since
    let count = move(place, to: .running, at: context.time)
    func add(_ kind: EventKind, _ detail: UInt8, _ count: UInt32, _ arg: UInt64) {
      let record = Record(
        kind, time: context.time, m: context.record, g: g.id, detail: detail, count: count, arg: arg)
      builder.add(record, on: context.threadLane)
    }
    add(.goSyscallExit, 1, count, min(passed, Place.gMask))
    add(.goExit, 0, count &+ 1, 0)
    gs[place] = nil
    spans.end(g.id)
  }

  mutating func create(_ event: TraceEvent, _ context: Context, _ tables: TraceTables) {
    let (id, arguments) = (event.arguments.0, event.arguments)
    guard event.subject >= 0, id != 0 else { return }
    let isOfC = event.kind == .goCreateSyscall
    var g = LiveG(id: id, state: .runnable, since: context.time)
    g.created = context.time
    if !isOfC {
      (g.entry, g.parent) = (names.entry(topOf: arguments.1, tables), context.g)
    }
    let isInSpan = spans.join(id, parent: g.parent)
    let isPlain = event.kind == .goCreate
    let record = Record(
      .goCreate, time: context.time, m: isPlain || isOfC ? context.record : Self.noM, g: id,
      detail: isInSpan ? 1 : 0, count: g.entry, arg: g.parent)
    builder.add(
      record, on: isPlain ? context.lane : context.threadLane,
      stack: isOfC ? nil : names.number(ofStack: arguments.2, tables))
    if !isPlain {
      // §2
      let m = isOfC ? context.record : Self.noM
      builder.add(Record(.goStart, time: context.time, m: m, g: id, count: 1), on: context.threadLane)
      let kind: EventKind = isOfC ? .goSyscall : .goPark
      builder.add(Record(kind, time: context.time, m: m, g: id, count: 2), on: context.threadLane)
      (g.state, g.count) = (isOfC ? .syscall : .waiting, 2)
    }
    put(g, at: Int(event.subject))
  }
}
