// Reads one region: its gauges, its records and its end. Most of this is the same for a live process and for a dead one.
import Host
import Observed
import Region

/// Reads a region. Not thread-safe.
final class RegionReader {
  private static let headerFields: [HeaderField] = [
    .pid, .startTime, .state, .ending, .wallOffset, .executable,
  ]
  /// Fields of the header that an older target may lack.
  private static let newerHeaderFields: [HeaderField] = [
    .bootTicks, .ruleNumbers, .pidNamespace, .timeNamespace, .monotonicOffset, .boottimeOffset, .isLocked,
  ]
  private static let schedFields: [SchedField] = [
    .procs, .mCount, .grqDepth, .tracing, .stringBytes, .netpollFds, .netpollWakeups, .netpollReadied,
    .grqPeaks,
  ]
  /// Fields of the scheduler that an older target may lack.
  private static let newerSchedFields: [SchedField] = [
    .netpollBackend, .netpollRearms, .netpollSysmonPolls, .tasksCreated, .tasksExited, .grqPushed, .stackless,
    .pace, .paceRate, .paceSteps,
  ]
  /// Counters of shortages, which an older target may lack.
  private static let shortageFields: [SchedField] = [
    .acceptShortages, .stackShortages, .threadShortages, .regionShortages,
  ]

  let mapping: Mapping
  private let header: Blocks<HeaderField>
  private let sched: Blocks<SchedField>
  private let processStates: [ProcessState?]
  /// Our name for each of the target's wait reasons.
  let reasons: [WaitReason?]
  /// Our name for each raw value of the poller's backend; empty if the target does not name its backends.
  private let backends: [NetpollKind?]
  /// Our name for each of the target's rule numbers; empty if the target does not tell them.
  private let ruleNames: [RuleNumber?]
  /// Our case for each raw value of the pace; empty if the target has no pace.
  private let pacings: [Pacing?]
  private var rows: Rows
  private var lanes: Lanes
  private var drainer: Drain
  /// Holds the records of one batch for callers of `drain` that bring no memory of their own.
  private var batch: [Record] = []
  private var strings: StringArea
  private let table: GoroutineTable?
  private var clock: Clock
  /// The moment that counts as now for a dead process, in ticks; nil: the process lives, and now is the
  /// present.
  var stoppedAt: UInt64?
  /// Whether the values of a snapshot must agree (Balance) for it to be called consistent. Only tests turn this off:
  /// their regions have counters, but no Gs and queues to agree with them.
  var mustBalance = true
  private var target: Snapshot.Target
  /// The process by the pid and the start time that the region names.
  let process: ProcessIdentity
  /// The namespaces in which the process lives; nil: the region does not tell.
  private let home: Residence?
  private var finder: ProcessFinder
  /// The nanoseconds that turn the process's monotonic times into ours.
  private let shift: Int64

  /// - Parameter past: how many of the records that were written before this call are drained, from all rings together.
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
    pacings = schema.cases["Pacing"] == nil ? [] : try schema.table(of: Pacing.self)
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

  /// The process by the pid and the start time that it has here; nil: it cannot be seen from here, or was not looked
  /// for.
  var seen: ProcessIdentity? { finder.seen }

  /// Whether the process lives in another pid namespace than ours.
  var isForeign: Bool { home.map { $0.pid != 0 && $0.pid != Residence.own.pid } ?? false }

  /// The file name of the executable, fit for a terminal.
  private static func executable(_ header: Blocks<HeaderField>) -> String {
    var bytes: [UInt8] = []
    for index in 0..<min(header.words(.executable), 64) {
      let word = header.value(.executable, element: index)
      for shift in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: word >> (UInt64(shift) * 8))) }
    }
    return printable(String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self))
  }

  /// The identity of the process, with the state that it gives itself now.
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

  /// Whether the process lives, or how it ended. If the process wrote into the region that it ended, that decides.
  /// Otherwise the system is asked, and then the region is read again, because the process may have written this in
  /// between.
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

  /// How the process ended, as it wrote into the region itself; nil: it wrote nothing of that, because it lives or was
  /// killed.
  func lastWord() throws(LayoutProblem) -> TargetEnding? {
    let state = try whoIsThere().state
    let status = Int32(truncatingIfNeeded: header.value(.ending))  // written before the state
    switch state {
    case .booting, .live: return nil
    case .exited: return .exited(code: status)
    case .crashed: return .crashed(signal: status)
    }
  }

  /// Reads all gauges at this moment. If `isConsistent`, the Gs by state, the queues, the Ps and the Ms are of one
  /// instant. The other gauges are read right afterwards, each by itself.
  ///
  /// - Parameter start: the moment from which on peaks count, in nanoseconds; nil: a second ago. Each reader passes the
  ///   time of its own last look, so two readers of one region do not take each other's peaks away.
  func snapshot(peaksSince start: UInt64? = nil) throws(LayoutProblem) -> Snapshot {
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
    snapshot.grqMax = larger(snapshot.grq, rows.peak(sched, .grqPeaks, of: 0, within: frame))
    try fillCounts(&snapshot)
    (snapshot.ps, snapshot.steals) = try rows.ps(lanes, clock, within: frame)
    snapshot.ms = try rows.ms(lanes)
    snapshot.timers = try rows.timers(lanes.ps)
    drainer.follow(ps: lanes.ps, ms: lanes.ms)
    fillTrace(&snapshot)
    fillShortages(&snapshot)
    snapshot.boot = boot
    snapshot.pace = pace(of: snapshot.ms)
    snapshot.ruleNumbers = ruleNumbers
    // The depths of the queues are shown if they are exact. They are also shown for a dead process, where no
    // lane changes any more and one move may be missing (BlackBox); and for a target without events, where
    // nothing tells whether a lane is settled, and no event will be added to the depths.
    if lanes.isSettled || stoppedAt != nil || (snapshot.isConsistent && !snapshot.trace.enabled) {
      snapshot.account = lanes.account
      snapshot.showAccount()
    }
    // Set the retired Ps apart only now, after the account of the queues. The status of a P is read a little later
    // than the account, so it may say "stopped" of a P that the account still says is held; such a P does not count
    // as stopped.
    snapshot.retired = .beginning
    snapshot.putStoppedAway()
    return snapshot
  }

  /// The moments between which peaks count, in ticks.
  private func frame(since start: UInt64?, until end: UInt64) -> (start: UInt64, end: UInt64) {
    let start = start ?? end - min(end, QueuePeaks.window)
    return (clock.ticks(at: start), clock.ticks(at: end))
  }

  /// Returns only the largest depths of the queues since `start`, in nanoseconds.
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
      let exited = sched.value(.tasksExited)  // read first: each task that has exited was created before
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

  /// How the scheduler is paced; nil: it cannot be paced.
  private func pace(of ms: [Snapshot.M]) -> Pace? {
    guard sched.has(.pace), sched.has(.paceRate), sched.has(.paceSteps),
      sched.value(.pace) < UInt64(pacings.count),
      let state = pacings[Int(sched.value(.pace))], state != .none
    else { return nil }
    let rate = Int(clamping: sched.value(.paceRate))
    return Pace(
      state: state, rate: state == .slow && Control.rates.contains(rate) ? rate : nil,
      steps: sched.value(.paceSteps), waiting: ms.map(\.id).filter { lanes.value(.waitsSince, ofM: $0) != 0 })
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

  /// The last moment that the region tells by other means than events, in ticks: the moment at which a P last changed its
  /// status, or at which the runtime last refined the clock.
  func lastKnownMoment() throws(LayoutProblem) -> UInt64 {
    try mapping.checkSize()
    return max(clock.ticks, rows.lastChange(ps: try sched.psMade(to: rows.capacity.ps)))
  }

  /// Hands the new records to `take`; see `Drain.drain`.
  func drain(_ take: (Lane, [Record]) -> Void) throws(LayoutProblem) -> Double {
    try drainInPlace { lane, read in
      batch.removeAll(keepingCapacity: true)
      _ = read(&batch)
      if !batch.isEmpty { take(lane, batch) }
    }
  }

  /// Lets `take` copy the new records to where it wants them; see `Drain.drain`.
  ///
  /// - Parameter moment: later events, in monotonic nanoseconds, stay where they are; nil: none do.
  func drainInPlace(
    upTo moment: UInt64? = nil, _ take: (Lane, EventReading) -> Void
  ) throws(LayoutProblem) -> Double {
    try mapping.checkSize()
    return drainer.drain(upTo: moment.map { clock.ticks(at: $0) } ?? .max, take)
  }

  /// A snapshot, together with the marks that relate it to the rings; see History §3.
  func observe(peaksSince start: UInt64? = nil) throws(LayoutProblem) -> Observation {
    let snapshot = try snapshot(peaksSince: start)
    strings.copy()
    return Observation(
      snapshot: snapshot, clock: clock, marks: lanes.marks, names: StringBook(bytes: strings.bytes),
      isSettled: lanes.places.queues == nil || lanes.isSettled || !snapshot.trace.enabled)
  }

  /// The live Gs that the table lists now, at most `limit` of them; see GoroutineFinder §2.
  func goroutines(limit: Int) throws(LayoutProblem) -> [GoroutineRow] {
    try mapping.checkSize()
    return table?.read(limit: limit) ?? []
  }

  /// The live Gs in some slots. A caller that must not leave the rings alone for long reads the table in such parts.
  func goroutines(slots range: Range<Int>) throws(LayoutProblem) -> [GoroutineRow] {
    try mapping.checkSize()
    return table?.read(slots: range) ?? []
  }

  /// The number of records that were overwritten before they were taken; see `LiveRegion.lost`.
  var lost: UInt64 { drainer.lost }

  /// Converts a moment of the region's clock into nanoseconds, with the clock as of the last snapshot.
  func nanoseconds(at moment: UInt64) -> UInt64 { clock.nanoseconds(at: moment) }
  /// Converts a length of time into nanoseconds, with the clock as of the last snapshot.
  func nanoseconds(lasting ticks: UInt64) -> UInt64 { clock.nanoseconds(lasting: ticks) }

  /// The string with `id`; nil: the target has not published it.
  func string(_ id: UInt64) -> String? {
    strings.copy()
    return StringBook(bytes: strings.bytes).string(id)
  }

  /// What this source can tell, according to what the process says now.
  var knowledge: Knowledge {
    let isTraced = sched.value(.tracing) != 0
    return Knowledge(absenceOfEvents: isTraced ? nil : Knowledge.untraced, listsGs: table != nil)
  }

  /// How many slots of the table of Gs are in use.
  var tableSlots: Int { table?.slots ?? 0 }
}

extension Snapshot.Gs {
  /// Computes the Gs by state from what all lanes have counted; see Lanes §2.
  ///
  /// - Parameter reasons: our name for each of the target's wait reasons. A G that waits for a reason that this build
  ///   does not know counts under `.none`.
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
    _ = try gs("live", tally.created, tally.exited)
    runnable = try gs(
      "runnable", tally.created &+ tally.yielded &+ readied &+ tally.syscallsQueued, tally.started)
    running = try gs(
      "running", tally.started &+ tally.resumed &+ tally.syscallsReturned,
      tally.yielded &+ parked &+ tally.exited &+ tally.preempted &+ tally.syscalls)
    preempted = try gs("preempted", tally.preempted, tally.resumed)
    syscall = try gs("in a system call", tally.syscalls, tally.syscallsReturned &+ tally.syscallsQueued)
    for (reason, entered) in tally.parked.enumerated() {
      let count = try gs("waiting", entered, tally.readied[reason])
      if count != 0 { waiting[reasons[reason] ?? .none, default: 0] += count }
    }
  }
}

/// What is known about whether a target lives.
enum TargetLife: Equatable {
  case alive
  /// The process cannot be seen from here, but seems to live.
  case elsewhere
  case ended(TargetEnding)
  /// The system could not be asked, and the region says nothing of an end. A later try may succeed, so this is no end.
  case unknown(SystemCallError)
}
