// Copies a stretch of a trace as a trace of its own, which Go's tools open.
//
// §1 A trace begins with the status of each G and P, and each event must fit what was before it. So the copy cannot begin with
// the bytes of the original: what everything does at the first moment is found from all events before, and is written as the
// status that Go itself writes: a G that runs on its thread, a P that is in a system call, a mark phase that is
// under way.
//
// §2 Sequence numbers count from a G's or P's status in its generation. In the generation in which the copy begins, they are
// smaller by what they were at the first moment. All later generations are copied with the numbers that they have.
//
// §3 A status in the original that comes behind the first moment is left out, if the copy has said it already. A G or P that was
// not mentioned before has its status where the original has it.
//
// §4 Times. The copy counts nanoseconds, in which the reader gives times, so its events have the times of the original. The
// statuses of §1 come some nanoseconds before the first event, one for each, since no two events may have the same time.
//
// §5 Damage. A copy must fit, so it ends before the first event that does not, and at a gap. What is whole before the damage
// becomes a whole trace.

/// Copies the events of a stretch of a trace. Ask for its bytes until there are no more. Not thread-safe.
///
/// The copy is in the form of Go 1.26, whichever the original has.
public struct TraceCut: ~Copyable, TraceCopy {
  /// How many events of the original are in the copy.
  public private(set) var events: UInt64 = 0
  /// The time from the first event of the copy to the last one, in nanoseconds; nil: the copy has no events.
  public private(set) var duration: UInt64?
  /// How far the original was read, in nanoseconds from its first event.
  public private(set) var seen: UInt64 = 0
  /// Why the copy ends before the end that was asked for, as a clause; nil: it does not.
  public private(set) var ending: String?
  /// What is damaged in the original, as far as it was read.
  public var damage: TraceDamage { reader.damage }

  private var reader: TraceReader
  private let from: UInt64
  private let to: UInt64
  private var state = TraceState(keepsStacks: true)
  private var batch: [TraceEvent] = []
  private var writer: GenerationWriter?
  /// The time of the first event of the original, and of the copy.
  private var begin: Int64?
  private var first: Int64?
  private var isDone = false
  private var isAfterPart = false
  private var hasHeader = false
  private var ids: (strings: [UInt64: UInt64], stacks: [UInt64: UInt64]) = ([:], [:])
  /// The sequence numbers of Gs and Ps at the first moment, in the generation in which the copy begins.
  private var bases: (gs: [UInt64: UInt64], ps: [UInt64: UInt64]) = ([:], [:])
  /// Gs and Ps whose status the copy has said, while it is in the generation in which it begins.
  private var told: (gs: Set<UInt64>, ps: Set<UInt64>) = ([], [])
  /// Whether the copy has said that the collector marks, while it is in its first generation.
  private var hasToldMarking = false
  private var gcSequence: UInt64?

  /// - Parameters:
  ///   - reader: gives the original.
  ///   - from: where the copy begins, in nanoseconds from the first event.
  ///   - to: where the copy ends, in nanoseconds from the first event.
  public init(_ reader: consuming TraceReader, from: UInt64 = 0, to: UInt64 = .max) {
    self.reader = reader
    (self.from, self.to) = (from, to)
  }

  /// The next bytes of the copy, at most those of one generation; nil: there are no more.
  ///
  /// - Throws: `TraceError` if the original cannot be read further.
  public mutating func next() throws(TraceError) -> [UInt8]? {
    while !isDone {
      guard try reader.next(into: &batch) else { break }
      var bytes: [UInt8]?
      if reader.isGenerationStart { bytes = nextGeneration() }
      if !isDone { take() }
      if let bytes { return bytes }
    }
    isDone = true
    return finishGeneration()
  }

  private mutating func take() {
    let tables = reader.tables
    for event in batch {
      if begin == nil { begin = event.time }
      let offset = UInt64(clamping: event.time &- (begin ?? 0))
      if offset > to {
        isDone = true
        return
      }
      if writer == nil, offset >= from, !event.isDerived, !event.isOutOfOrder { start(at: event.time) }
      if writer != nil {
        guard !event.isOutOfOrder else { return stop("an event does not fit those before it", at: offset) }
        copy(event, tables)
        duration = UInt64(clamping: event.time &- (first ?? event.time))
      }
      seen = offset
      state.apply(event, tables)
    }
  }

  private mutating func stop(_ why: String, at offset: UInt64) {
    ending = why
    seen = offset
    isDone = true
  }

  // MARK: generations

  private mutating func nextGeneration() -> [UInt8]? {
    if reader.isAfterGap {
      if writer != nil { stop("events are missing", at: seen) }
      state = TraceState(keepsStacks: true)
    }
    guard let writer, !isDone else { return nil }
    let bytes = finishGeneration()
    self.writer = GenerationWriter(writer.number + 1, at: UInt64(clamping: reader.generationStart))
    (ids, bases, told, hasToldMarking) = (([:], [:]), ([:], [:]), ([], []), false)
    clock = reader.clock
    return bytes
  }

  /// The original's clock for the generation that is being copied; nil: it has none.
  private var clock: TraceClock?

  private mutating func finishGeneration() -> [UInt8]? {
    guard var last = writer.take() else { return nil }
    var clock = TraceClock(frequency: 1_000_000_000)
    if let told = self.clock, var snapshot = told.snapshot {
      snapshot.ticks = UInt64(clamping: told.time(snapshot.ticks))
      clock.snapshot = snapshot
    }
    let header = hasHeader ? [] : GenerationWriter.header
    hasHeader = true
    return header + last.finished(clock: clock)
  }

  // MARK: the first moment

  /// Begins the copy with the status of every G and P.
  private mutating func start(at time: Int64) {
    let gs = state.gs.compactMap { $0 }
    // Room before the first event: a nanosecond for each status, and for each mark phase, sweep or assist that is
    // under way.
    let room = Int64(gs.count + state.ps.count + state.assisting.count + state.sweeping.count + 4)
    var opening = Opening(at: UInt64(max(1, time &- room)))
    for (id, p) in state.ps.sorted(by: { $0.key < $1.key }) {
      let isHeld = p.m != nil && (p.state == .running || p.state == .syscall)
      let told = isHeld || p.state == .abandoned ? p.state : .idle
      opening.tell(.procStatus, isHeld ? p.m : nil, [UInt64(id), UInt64(told.rawValue)])
      self.told.ps.insert(UInt64(id))
      if p.generation == reader.tables.generation { bases.ps[UInt64(id)] = p.sequence }
    }
    for g in gs {
      let stack = opening.writer.stack(stack(of: g))
      let arguments = [g.id, g.m ?? .max, UInt64(g.state.rawValue)]
      opening.tell(
        stack == 0 ? .goStatus : .goStatusStack, g.m, stack == 0 ? arguments : arguments + [stack])
      told.gs.insert(g.id)
      if g.generation == reader.tables.generation { bases.gs[g.id] = g.sequence }
    }
    tellRanges(&opening)
    (writer, clock, first) = (opening.writer, reader.clock, time)
  }

  /// Writes what is under way at the first moment besides the states of Gs and Ps, such as a mark phase.
  private mutating func tellRanges(_ opening: inout Opening) {
    if let marking = state.marking {
      opening.tell(.gcActive, nil, [marking])
      (hasToldMarking, gcSequence) = (true, marking)
    }
    for p in state.sweeping.sorted() where state.ps[p] != nil {
      opening.tell(.gcSweepActive, nil, [UInt64(p)])
    }
    for slot in state.assisting.sorted() {
      if let g = state[slot] { opening.tell(.gcMarkAssistActive, nil, [g.id]) }
    }
    if let (slot, purpose) = state.stopping, let g = state[slot], g.state == .running, let m = g.m {
      opening.tell(.stwBegin, m, [opening.writer.string(purpose), 0])
    }
  }

  /// A generation in which each event comes a nanosecond after the one before.
  private struct Opening {
    var writer: GenerationWriter
    private var now: UInt64

    init(at time: UInt64) { (writer, now) = (GenerationWriter(1, at: time), time) }

    /// - Parameter m: the thread of the event; nil: it has none.
    mutating func tell(_ kind: TraceKind, _ m: UInt64?, _ arguments: [UInt64]) {
      now += 1
      writer.add(kind, m: m ?? .max, at: now, list: arguments)
    }
  }

  /// The stack of a G at this moment, as far as it is known: if the G runs, only the outermost frame, in which it
  /// began.
  private func stack(of g: TraceState.G) -> [TraceFrame] {
    let frames = state.stack(of: g)
    return g.state == .running ? Array(frames.suffix(1)) : frames
  }

  // MARK: events

  private mutating func copy(_ event: TraceEvent, _ tables: TraceTables) {
    events += 1
    // If a thread of C ends and still has a P, the reader gives the taking of that P as an event of its own, and
    // so gives the end, of which it is a part, a nanosecond later than the original has it.
    let time = UInt64(clamping: isAfterPart ? event.time &- 1 : event.time)
    isAfterPart = event.isDerived && event.kind == .procSteal
    guard !event.isDerived, !isTold(event) else { return }
    let arguments = event.kind.meanings.enumerated().map { index, meaning in
      argument(event[index], meaning.role, of: event, tables)
    }
    let numbered = numbered(event, arguments)
    if event.kind == .cpuSample {
      writer?.addSample(
        m: event.m ?? .max, p: event.p.map { UInt64($0) } ?? .max, g: event.g ?? 0,
        at: time, stack: arguments[0])
    } else {
      writer?.add(
        event.kind, m: event.m ?? .max, at: time, list: numbered)
    }
  }

  /// Whether an event says what the copy has said already (§3).
  private mutating func isTold(_ event: TraceEvent) -> Bool {
    let id = event.arguments.0
    switch event.kind {
    case .goStatus, .goStatusStack:
      if told.gs.contains(id) { return true }
      bases.gs[id] = nil
    case .goCreate, .goCreateBlocked, .goCreateSyscall:
      bases.gs[id] = nil
    case .procStatus:
      if told.ps.contains(id) { return true }
      bases.ps[id] = nil
    case .gcActive: return hasToldMarking
    case .gcSweepActive:
      return told.ps.contains(id) && state.sweeping.contains(Int(truncatingIfNeeded: id))
    case .gcMarkAssistActive: return told.gs.contains(id) && state.assisting.contains(event.subject)
    default: break
    }
    return false
  }

  /// Returns the arguments of an event of marking with its number in the copy. These numbers count through the
  /// whole trace, and go on from the one with which the copy began (§2).
  private mutating func numbered(_ event: TraceEvent, _ arguments: [UInt64]) -> [UInt64] {
    guard event.kind == .gcBegin || event.kind == .gcEnd || event.kind == .gcActive else { return arguments }
    let number = gcSequence.map { $0 &+ 1 } ?? arguments[0]
    gcSequence = number
    return [number] + arguments.dropFirst()
  }

  private mutating func argument(
    _ value: UInt64, _ role: TraceArgument.Role, of event: TraceEvent, _ tables: TraceTables
  ) -> UInt64 {
    switch role {
    case .string: return string(value, tables)
    case .stack: return stack(value, tables)
    case .gSequence: return value &- (bases.gs[event.arguments.0] ?? 0)
    case .pSequence:
      let p = event.kind == .goSyscallBegin ? event.p.map { UInt64($0) } : event.arguments.0
      return value &- (p.flatMap { bases.ps[$0] } ?? 0)
    case .number, .g, .p, .m, .gState, .pState: return value
    }
  }

  private mutating func string(_ id: UInt64, _ tables: TraceTables) -> UInt64 {
    if let known = ids.strings[id] { return known }
    // If the damaged tables have lost a string, nothing in the copy may refer to it: id 0 stands for the empty
    // string.
    let text = tables.string(id) ?? ""
    let new = text.isEmpty ? 0 : writer?.string(text) ?? 0
    ids.strings[id] = new
    return new
  }

  private mutating func stack(_ id: UInt64, _ tables: TraceTables) -> UInt64 {
    if id == 0 { return 0 }
    if let known = ids.stacks[id] { return known }
    let new = writer?.stack(tables.stack(id) ?? []) ?? 0
    ids.stacks[id] = new
    return new
  }
}
