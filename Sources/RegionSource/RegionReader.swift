// One region as a source of snapshots and records; whether its process lives makes no difference here.
import Host
import Observed
import Region

/// Reads a region. For one thread at a time.
final class RegionReader {
  private static let headerFields: [HeaderField] = [
    .pid, .startTime, .state, .ending, .wallOffset, .executable,
  ]
  /// Of newer targets only.
  private static let newerHeaderFields: [HeaderField] = [
    .bootTicks, .ruleNumbers, .pidNamespace, .timeNamespace, .monotonicOffset, .boottimeOffset, .isLocked,
  ]
  private static let schedFields: [SchedField] = [
    .procs, .mCount, .grqDepth, .tracing, .stringBytes, .netpollFds, .netpollWakeups, .netpollReadied,
    .grqPeaks,
  ]
  /// Of newer targets only.
  private static let newerSchedFields: [SchedField] = [
    .netpollBackend, .netpollRearms, .netpollSysmonPolls, .tasksCreated, .tasksExited, .grqPushed, .stackless,
  ]
  /// Older targets do not count these.
  private static let shortageFields: [SchedField] = [
    .acceptShortages, .stackShortages, .threadShortages, .regionShortages,
  ]

  let mapping: Mapping
  private let header: Blocks<HeaderField>
  private let sched: Blocks<SchedField>
  private let processStates: [ProcessState?]
  /// Our name for each of the target's wait reasons.
  let reasons: [WaitReason?]
  /// Empty for a target that has no name for its backend.
  private let backends: [NetpollKind?]
  /// The same of one that does not tell the numbers of its rules.
  private let ruleNames: [RuleNumber?]
  private var rows: Rows
  private var lanes: Lanes
  private var drainer: Drain
  /// Records on their way to those who have no place for them.
  private var batch: [Record] = []
  private var strings: StringArea
  private let table: GoroutineTable?
  private var clock: Clock
  /// The moment that counts as now, in ticks: that of a process that is dead; nil: the clock's.
  var stoppedAt: UInt64?
  /// Whether a snapshot that does not add up is called consistent all the same: for tests, whose regions have counters and
  /// nothing behind them.
  var mustBalance = true
  private var target: Snapshot.Target
  /// Whose region it is, as the region says.
  let process: ProcessIdentity
  /// Where it lives; nil: the region does not tell.
  private let home: Residence?
  private var finder: ProcessFinder
  /// What makes its times ours.
  private let shift: Int64

  /// - Parameter past: records of all rings together that are drained although they were written before.
  init(_ mapping: Mapping, past: Int = 0) throws(LayoutProblem) {
    let schema = try Header.schema(of: mapping)
    header = try Blocks(
      schema, mapping, needed: Self.headerFields + Clock.fields, wanted: Self.newerHeaderFields)
    sched = try Blocks(
      schema, mapping, needed: Self.schedFields,
      wanted: Self.newerSchedFields + Self.shortageFields + [.psMade])
    processStates = try schema.table(of: ProcessState.self)
    reasons = try schema.table(of: WaitReason.self)
    backends = schema.cases["NetpollKind"] == nil ? [] : try schema.table(of: NetpollKind.self)
    ruleNames = schema.cases["RuleNumber"] == nil ? [] : try schema.table(of: RuleNumber.self)
    rows = try Rows(schema, mapping, sched: sched)
    let places = try LanePlaces(schema, mapping, sched: sched, capacity: rows.capacity)
    lanes = Lanes(places, rows.places)
    drainer = try Drain(schema, mapping, places)
    let used = (
      ps: try sched.psMade(to: rows.capacity.ps),
      ms: try sched.bounded(.mCount, to: rows.capacity.ms)
    )
    drainer.follow(ps: used.ps, ms: used.ms, past: past / max(1, used.ps + used.ms))
    strings = try StringArea(schema, mapping, sched: sched)
    table = GoroutineTable(schema, mapping, reasons: reasons)
    home = Self.home(header)
    shift = home?.shift() ?? 0
    clock = Clock(header, shift: shift) ?? Clock(first: (0, 0), second: (0, 0))
    self.mapping = mapping
    process = ProcessIdentity(
      pid: Int32(truncatingIfNeeded: header.value(.pid)), startTime: header.value(.startTime))
    finder = ProcessFinder(process, home)
    target = Snapshot.Target(
      pid: process.pid, name: Self.executable(header),
      bootTime: header.value(.clockNanoseconds0) &+ UInt64(bitPattern: shift))
  }

  private static func home(_ header: Blocks<HeaderField>) -> Residence? {
    let fields: [HeaderField] = [.pidNamespace, .timeNamespace, .monotonicOffset, .boottimeOffset]
    guard fields.allSatisfy(header.has) else { return nil }
    return Residence(
      pid: header.value(.pidNamespace), time: header.value(.timeNamespace),
      monotonic: Int64(bitPattern: header.value(.monotonicOffset)),
      boottime: Int64(bitPattern: header.value(.boottimeOffset)))
  }

  /// What the process is called here; nil: it is not seen, or was not looked for.
  var seen: ProcessIdentity? { finder.seen }

  /// Whether it lives in another pid namespace than ours.
  var isForeign: Bool { home.map { $0.pid != 0 && $0.pid != Residence.own.pid } ?? false }

  /// The executable's file name, fit for a terminal.
  private static func executable(_ header: Blocks<HeaderField>) -> String {
    var bytes: [UInt8] = []
    for index in 0..<min(header.words(.executable), 64) {
      let word = header.value(.executable, element: index)
      for shift in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: word >> (UInt64(shift) * 8))) }
    }
    return printable(String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self))
  }

  /// Who is being looked at, and what it says of itself now.
  func whoIsThere() throws(LayoutProblem) -> Snapshot.Target {
    try mapping.checkSize()
    return try currentTarget()
  }

  private func currentTarget() throws(LayoutProblem) -> Snapshot.Target {
    var target = target
    let raw = header.value(.state)
    guard raw < 256, let state = processStates[Int(raw)] else { throw .impossible("header.state", raw) }
    target.state = state
    return target
  }

  /// Whether the process lives, or how it ended. Its own last word counts; without one, the system is asked first, and
  /// then the region again, since the word may have been written in between.
  func life() throws(LayoutProblem) -> TargetLife {
    if let word = try lastWord() { return .ended(word) }
    let holdsLock = header.has(.isLocked) && header.value(.isLocked) == 1
    switch finder.look(isLocked: { holdsLock ? mapping.isLocked : nil }) {
    case .alive(let seen):
      target.pid = seen.pid
      return .alive
    case .elsewhere: return .elsewhere
    case .gone: return .ended(try lastWord() ?? .killed)
    case .unknown(let error): return .unknown(error)
    }
  }

  /// What the process itself says of its end; nil: nothing, so it lives, or was killed.
  func lastWord() throws(LayoutProblem) -> TargetEnding? {
    let state = try whoIsThere().state
    let status = Int32(truncatingIfNeeded: header.value(.ending))  // written before the state
    switch state {
    case .booting, .live: return nil
    case .exited: return .exited(code: status)
    case .crashed: return .crashed(signal: status)
    }
  }

  /// Everything at this moment. The Gs by state, the queues, the Ps and the Ms are of one instant when `isConsistent`; the
  /// other gauges are read right after it, each by itself.
  ///
  /// - Parameter start: from when on peaks count, in nanoseconds; nil: a second ago. It is the reader's, who knows when it
  ///   looked last: two readers of one region do not take each other's peaks away.
  package func snapshot(peaksSince start: UInt64? = nil) throws(LayoutProblem) -> Snapshot {
    try mapping.checkSize()
    var snapshot = Snapshot(target: try currentTarget())
    snapshot.isConsistent = try lanes.collect(waits: stoppedAt == nil, mustBalance: mustBalance)
    clock = Clock(header, shift: shift) ?? clock
    snapshot.time = stoppedAt.map { clock.nanoseconds(at: $0) } ?? lanes.time
    let frame = frame(since: start, until: snapshot.time)

    let (procs, grq) = (lanes.value(.procs), lanes.value(.grqDepth))
    guard procs <= UInt64(rows.capacity.ps) else { throw .impossible("sched.procs", procs) }
    guard grq <= UInt64(plausible) else { throw .impossible("sched.grqDepth", grq) }
    snapshot.procs = min(Int(procs), lanes.ps)
    snapshot.grq = Int(grq)
    snapshot.grqMax = max(snapshot.grq, rows.peak(sched, .grqPeaks, of: 0, within: frame))
    try fillCounts(&snapshot)
    (snapshot.ps, snapshot.steals) = try rows.ps(lanes, clock, within: frame)
    snapshot.putStoppedAway()
    snapshot.ms = try rows.ms(lanes)
    snapshot.timers = try rows.timers(lanes.ps)
    drainer.follow(ps: lanes.ps, ms: lanes.ms)
    fillTrace(&snapshot)
    fillShortages(&snapshot)
    snapshot.boot = boot
    snapshot.ruleNumbers = ruleNumbers
    // Without events nothing tells whether a lane is settled, and nothing goes on from it. Of a process that is dead
    // nothing will settle; its end may differ by one move (BlackBox).
    if lanes.isSettled || stoppedAt != nil || (snapshot.isConsistent && !snapshot.trace.enabled) {
      snapshot.account = lanes.account
      snapshot.showAccount()
    }
    return snapshot
  }

  /// Moments between which peaks count, in ticks.
  private func frame(since start: UInt64?, until end: UInt64) -> (start: UInt64, end: UInt64) {
    let start = start ?? end - min(end, QueuePeaks.window)
    return (clock.ticks(at: start), clock.ticks(at: end))
  }

  /// The largest depths of the queues since `start`, in nanoseconds, and nothing else.
  func peaks(since start: UInt64) throws(LayoutProblem) -> QueuePeaks {
    try mapping.checkSize()
    clock = Clock(header, shift: shift) ?? clock
    let frame = frame(since: start, until: monotonicNow())
    let ps = try sched.psMade(to: rows.capacity.ps)
    return QueuePeaks(
      grq: rows.peak(sched, .grqPeaks, of: 0, within: frame),
      lrq: (0..<ps).map { rows.lrqPeak(of: $0, within: frame) })
  }

  private func fillCounts(_ snapshot: inout Snapshot) throws(LayoutProblem) {
    let tally = lanes.tally
    snapshot.switches = tally.started
    snapshot.gs = try Snapshot.Gs(tally, reasons: reasons)
    if sched.has(.tasksCreated), sched.has(.tasksExited) {
      let exited = sched.value(.tasksExited)  // first: each was created before
      snapshot.gs.tasks = Int(clamping: sched.value(.tasksCreated).excess(over: exited))
    }
    if sched.has(.stackless) { snapshot.gs.stackless = Int(clamping: lanes.value(.stackless)) }
    let waiting = snapshot.gs.waiting
    snapshot.netpoll.parked = (waiting[.netpollRead] ?? 0) + (waiting[.netpollWrite] ?? 0)
    snapshot.netpoll.fds = try sched.bounded(.netpollFds, to: plausible)
    snapshot.netpoll.wakeups = sched.value(.netpollWakeups)
    snapshot.netpoll.readied = sched.value(.netpollReadied)
    if sched.has(.netpollBackend) {
      let raw = sched.value(.netpollBackend)
      snapshot.netpoll.backend = raw < UInt64(backends.count) ? backends[Int(raw)] : nil
    }
    if sched.has(.netpollRearms) { snapshot.netpoll.rearms = sched.value(.netpollRearms) }
    if sched.has(.netpollSysmonPolls) { snapshot.netpoll.sysmonPolls = sched.value(.netpollSysmonPolls) }
  }

  private var boot: Snapshot.Boot {
    let words = min(header.words(.bootTicks), HeaderField.bootSteps)
    return Snapshot.Boot((0..<words).map { header.value(.bootTicks, element: $0) }, clock)
  }

  private var ruleNumbers: Snapshot.RuleNumbers {
    var numbers = Snapshot.RuleNumbers()
    for index in 0..<min(header.words(.ruleNumbers), ruleNames.count) {
      if let name = ruleNames[index] { numbers[name] = header.value(.ruleNumbers, element: index) }
    }
    return numbers
  }

  private func fillTrace(_ snapshot: inout Snapshot) {
    snapshot.trace.enabled = sched.value(.tracing) != 0
    snapshot.trace.events = drainer.written
    snapshot.trace.lost = drainer.lost
    snapshot.trace.bytes = drainer.bytes
    snapshot.trace.rings = drainer.rings
  }

  private func fillShortages(_ snapshot: inout Snapshot) {
    func count(_ field: SchedField) -> UInt64? { sched.has(field) ? sched.value(field) : nil }
    snapshot.shortages.accept = count(.acceptShortages)
    snapshot.shortages.stack = count(.stackShortages)
    snapshot.shortages.thread = count(.threadShortages)
    snapshot.shortages.region = count(.regionShortages)
  }

  /// The last moment that the region tells of by other means than events, in ticks: when a P last changed what it does, or
  /// the clock was compared.
  func lastKnownMoment() throws(LayoutProblem) -> UInt64 {
    try mapping.checkSize()
    return max(clock.ticks, rows.lastChange(ps: try sched.psMade(to: rows.capacity.ps)))
  }

  /// Hands new records to `take`; see `Drain.drain`.
  func drain(_ take: (Lane, [Record]) -> Void) throws(LayoutProblem) -> Double {
    try drainInPlace { lane, read in
      batch.removeAll(keepingCapacity: true)
      _ = read(&batch)
      if !batch.isEmpty { take(lane, batch) }
    }
  }

  /// The same for those who have a place for the records.
  func drainInPlace(_ take: (Lane, EventReading) -> Void) throws(LayoutProblem) -> Double {
    try mapping.checkSize()
    return drainer.drain(take)
  }

  /// A snapshot, and what sets it against the rings; see History §3.
  func observe(peaksSince start: UInt64? = nil) throws(LayoutProblem) -> Observation {
    let snapshot = try snapshot(peaksSince: start)
    strings.copy()
    return Observation(
      snapshot: snapshot, clock: clock, marks: lanes.marks, names: StringBook(bytes: strings.bytes),
      isSettled: lanes.places.queues == nil || lanes.isSettled || !snapshot.trace.enabled)
  }

  /// The G table as it is now, without Gs that are gone, `limit` at most; see GoroutineFinder §2.
  package func goroutines(limit: Int) throws(LayoutProblem) -> [GoroutineRow] {
    try mapping.checkSize()
    return table?.read(limit: limit) ?? []
  }

  /// The same of some slots, for those who cannot stay away from the rings for as long as the whole table takes.
  package func goroutines(slots range: Range<Int>) throws(LayoutProblem) -> [GoroutineRow] {
    try mapping.checkSize()
    return table?.read(slots: range) ?? []
  }

  /// See `Inspector.lost`.
  var lost: UInt64 { drainer.lost }

  /// A moment of the region's clock, as of the last snapshot, in nanoseconds; and a length of time.
  func nanoseconds(at moment: UInt64) -> UInt64 { clock.nanoseconds(at: moment) }
  func nanoseconds(lasting ticks: UInt64) -> UInt64 { clock.nanoseconds(lasting: ticks) }

  /// The string with `id`, as far as they have been published.
  func string(_ id: UInt64) -> String? {
    strings.copy()
    return StringBook(bytes: strings.bytes).string(id)
  }

  /// What this region tells, as far as its process says so now.
  var knowledge: Knowledge {
    let isTraced = sched.value(.tracing) != 0
    return Knowledge(absenceOfEvents: isTraced ? nil : Knowledge.untraced, listsGs: table != nil)
  }

  /// Slots that a reading of the G table goes through.
  var tableSlots: Int { table?.slots ?? 0 }
}

extension Snapshot.Gs {
  /// The Gs by state, from what all lanes have counted; see Lanes §2.
  ///
  /// - Parameter reasons: our name for each of the target's; Gs that wait for one we do not know count as `.none`.
  init(_ tally: Lanes.Tally, reasons: [WaitReason?]) throws(LayoutProblem) {
    self.init()
    func gs(_ name: String, _ entered: UInt64, _ left: UInt64) throws(LayoutProblem) -> Int {
      let difference = Int(truncatingIfNeeded: entered &- left)
      guard difference.magnitude < UInt(plausible) else {
        throw .impossible("the number of Gs that are \(name)", UInt64(truncatingIfNeeded: difference))
      }
      return difference
    }
    let parked = tally.parked.reduce(0, &+)
    let readied = tally.readied.reduce(0, &+)
    (created, exited) = (tally.created, tally.exited)
    _ = try gs("live", created, exited)
    runnable = try gs(
      "runnable", tally.created &+ tally.yielded &+ readied &+ tally.syscallsQueued, tally.started)
    running = try gs(
      "running", tally.started &+ tally.resumed &+ tally.syscallsReturned,
      tally.yielded &+ parked &+ exited &+ tally.preempted &+ tally.syscalls)
    preempted = try gs("preempted", tally.preempted, tally.resumed)
    syscall = try gs("in a system call", tally.syscalls, tally.syscallsReturned &+ tally.syscallsQueued)
    for (reason, entered) in tally.parked.enumerated() {
      let count = try gs("waiting", entered, tally.readied[reason])
      if count != 0 { waiting[reasons[reason] ?? .none, default: 0] += count }
    }
  }
}

/// What is known of whether a target lives.
enum TargetLife: Equatable {
  case alive
  /// It seems to, where it cannot be seen from here.
  case elsewhere
  case ended(TargetEnding)
  /// The system could not be asked, and the target has said nothing of an end. That passes, and is no end.
  case unknown(SystemCallError)
}
