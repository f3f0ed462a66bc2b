// The pace of looking: when to drain the rings, when to take a snapshot, and when to ask whether the target
// has ended.
//
// Frames are for people and come about once a second, but a ring of a flooded target fills in 10 to 30 ms. So
// draining has a pace of its own, from 1 to 30 ms, such that the fullest ring becomes a quarter full. Each
// interval is at most one and a half times the one before, and none is long, because a flood does not announce
// itself: with 100 ms between two drains of an idle target, the first burst would be lost. Thirty drains of
// empty rings a second take a thousandth of a core.
internal import Glibc
import History
import Host
import Insight
import Observed
import Region
import RegionSource

/// Decides when to read the table of Gs. Reading may take a hundredth of a core, and add a few hundred
/// kilobytes a second to the history.
struct TablePace {
  private var next: UInt64 = 0
  private(set) var taker = CensusTaker()

  /// Reads the table of Gs; nil: it is not due yet.
  ///
  /// - Parameter breathe: is called between the parts of reading, to drain the rings. No part takes longer
  ///   than some milliseconds.
  mutating func read(
    _ source: any SchedulerSource, _ observation: Observation, breathe: () throws(InspectorError) -> Void
  ) throws(InspectorError) -> GoroutineList? {
    let (start, moment) = (monotonicNow(), source.now)
    guard start >= next else { return nil }
    let (clock, work) = (observation.clock, CPUWork(of: .thread))
    guard let rows = try source.goroutines(breathe: breathe, isCalledAway: { false }) else { return nil }
    let spent = work.spent
    taker.take(
      rows, at: source.tableReadAt ?? moment, clock, source.grownNames ?? observation.names,
      isComplete: rows.count < GoroutineList.most)
    next = monotonicNow() + GoroutineList.pause(after: spent, rows: rows.count)
    if rows.count > GoroutineList.chunk { try breathe() }
    return GoroutineList(rows: rows, isCut: rows.count == GoroutineList.most)
  }
}

/// Looks at one target again and again. It never waits itself: `step` says when it wants to be called again,
/// and until then the caller sleeps, or waits for keys. Use it on one thread at a time.
public struct Sampler {
  /// The time between two snapshots, in nanoseconds. With four in a second spikes are seen, and a second of
  /// history has four keyframes.
  public static let snapshotInterval: UInt64 = 250_000_000
  package let source: any SchedulerSource
  /// The identity of the observed process.
  public var identity: Snapshot.Target { source.identity }
  /// The number of batches of events that came late; see Meter §4.
  package var late: Int { meters.late }
  /// How the target ended; nil: it lives. The last snapshot was taken after the end.
  public private(set) var ending: TargetEnding?
  /// The reason why it is not known at the moment whether the target lives; nil: it is known. See
  /// `Inspector.doubt`.
  public private(set) var doubt: InspectorError?
  /// The history of what was seen, as far back as the limits allow; nil: no history is kept.
  public let history: History?
  /// The last snapshot; nil: there is none yet.
  public private(set) var latest: Snapshot?
  /// The moment from which on the longest waiting G has been runnable, in nanoseconds of the machine's
  /// monotonic clock, by the last table of Gs. nil: no G waits for a P, or no table was read.
  public var oldestRunnable: UInt64? { tables.taker.latest.oldestRunnable?.since }
  private var builder = FrameBuilder()
  /// The frame of the target's end; nil: it has not ended.
  private var lastFrame: Frame?
  private var tables = TablePace()
  package private(set) var drainInterval = DrainPace.longest / 4
  private var lastDrain: UInt64
  private var instruments = Instruments()
  private var cpus = CPUPressureWatch()
  private var quotas = CPUQuotaWatch()
  private var probe = SightingProbe()
  private let meters: LiveMeters
  /// How long threads ran and waited for CPUs lately; nil: not known.
  private var pressure: CPUPressure? { source.system?.pressure ?? cpus.recent }
  /// The findings of the lints at the last keyframe, and how long threads waited for CPUs; nil: there is no
  /// keyframe yet.
  private var marked: (findings: Findings, cpus: CPUPressure?)?
  private var lastSnapshot: UInt64 = 0
  /// The moment since which the next snapshot asks for the largest depths of queues. Each reader has its own.
  private var peaksSince: UInt64
  private var lastMark: UInt64 = 0
  /// Whether the last keyframe was put off, because the gauges were not of one instant, or a lane had a
  /// record that was half written (Lanes §4, §6).
  private var isMarkPostponed = false
  /// How long a keyframe is put off at a time, in nanoseconds.
  private static let postponement: UInt64 = 5_000_000
  /// The time after the last keyframe at which the next one is made in any case, in nanoseconds.
  private static let latestMark: UInt64 = 300_000_000
  /// The moment at which to ask the operating system next whether the target has ended.
  private var nextLook: UInt64 = 0
  /// The last look at the gauges. Details are made from it.
  package private(set) var observation: Observation?
  package var detailer = Detailer()
  /// Called between two pieces of what takes long. If it returns true, a user waits for the caller, and the
  /// rest is put off until the next frame.
  public var isCalledAway: () -> Bool = { false }
  var account = TakingAccount()

  /// Makes a sampler of a live process.
  ///
  /// - Parameters:
  ///   - region: the region of the process.
  ///   - limits: how much history is kept; nil: none.
  public init(_ region: LiveRegion, history limits: HistoryLimits? = nil) {
    self.init(from: region, history: limits)
  }

  /// Makes a sampler of any source.
  package init(from source: any SchedulerSource, history limits: HistoryLimits? = nil) {
    self.source = source
    history = limits.map { History($0) }
    meters = LiveMeters(reasons: source.reasons)
    history?.reasons = source.reasons
    history?.follower = meters
    (lastDrain, peaksSince) = (monotonicNow(), source.now)
  }

  /// Does what is due: drains, takes a snapshot, or asks whether the target has ended. Returns the
  /// nanoseconds after which it wants to be called again.
  ///
  /// - Throws: `InspectorError` if the target cannot be read.
  public mutating func step() throws(InspectorError) -> UInt64 {
    if ending != nil { return Self.snapshotInterval }
    let now = monotonicNow()
    try drainIfDue(at: now)
    let isPostponed = isMarkPostponed && now - lastSnapshot >= Self.postponement
    let isCrowded = history.map { $0.fresh >= History.mostFresh && !$0.isPending } ?? false
    if isCrowded || isPostponed || now - lastSnapshot >= Self.snapshotInterval { try sample() }
    let (drain, snapshot) = (lastDrain + drainInterval, lastSnapshot + Self.snapshotInterval)
    let next = min(drain, snapshot)
    return next > now ? next - now : 0
  }

  /// Returns the frame of this very moment, or, if the target has ended, always its last frame.
  ///
  /// - Throws: `InspectorError` if the target cannot be read.
  public mutating func frame() throws(InspectorError) -> Frame {
    if let lastFrame { return lastFrame }
    try sample()
    guard var frame = builder.frame(ended: ending?.description) else {
      preconditionFailure("a sample was just taken")
    }
    frame.doubt = doubt?.description
    frame.hasStacks = source.knowledge.hasStacks
    if let history {
      if frame.snapshot.time >= instruments.time &+ Self.instrumentsInterval {
        makeInstruments(history, frame.snapshot)
      }
      frame.instruments = instruments
      // The steal matrix is read with the gauges, so it is of the frame's moment even if the other instruments are
      // older.
      let steals = frame.snapshot.steals
      frame.instruments?.steals = steals
      // Findings and CPU times are those of the last keyframe, so that a look back at this moment shows the same
      // ones.
      if let marked {
        frame.instruments?.findings = marked.findings.all
        frame.instruments?.cpu = marked.cpus
      }
    }
    if ending != nil {
      try finish()
      lastFrame = frame
    }
    return frame
  }

  /// How long instruments (what is measured from the history) are kept until they are computed anew, in
  /// nanoseconds. They cover ten seconds and more, and to compute them for every frame would cost as much as
  /// drawing it.
  private static let instrumentsInterval: UInt64 = 500_000_000

  private mutating func makeInstruments(_ history: History, _ snapshot: Snapshot) {
    var sources = InstrumentSources(
      sightings: explainsNow ? probe.sightings : nil, quota: source.system?.quota ?? quotas.recent)
    sources.names = source.grownNames ?? history.names
    instruments = meters.instruments(tables.taker.latest, snapshot, sources)
    instruments.cpu = pressure
  }

  /// Asks the lints, and returns their findings at a keyframe.
  private mutating func askLints(_ history: History, _ snapshot: Snapshot) -> Findings {
    let isDue = snapshot.time >= instruments.time &+ Self.instrumentsInterval
    if isDue, !history.isPending { makeInstruments(history, snapshot) }
    return Findings(instruments.findings)
  }

  /// Adds what is still in the rings to the history, and makes sure that the history has something to show,
  /// however short the time was.
  ///
  /// - Throws: `InspectorError` if the target cannot be read.
  public mutating func finish() throws(InspectorError) {
    guard let history else { return }
    for round in 0..<20 {
      // Ticks can be converted only about exactly, so a record that was written just now may seem later than the
      // moment up to which this drain reads. The next round reads that record.
      if round > 1 { usleep(1000) }
      _ = try drain(into: history)
      if !history.numbers.isEmpty, !history.isPending { return }
      if !history.isPending { history.mark(try observe()) }
    }
  }

  /// Returns a player at the newest moment of which everything is known; nil: there is no history yet.
  ///
  /// - Throws: `InspectorError` if the target cannot be read.
  public mutating func player() throws(InspectorError) -> Player? {
    guard let history else { return nil }
    try finish()
    guard var player = Player(history) else { return nil }
    player.seekToNewest()
    return player
  }

  private mutating func drainIfDue(at now: UInt64) throws(InspectorError) {
    guard now - lastDrain >= drainInterval else { return }
    let fill = try drain()
    drainInterval = DrainPace.next(fill: fill, after: now - lastDrain, last: drainInterval)
    lastDrain = now
  }

  package mutating func drain() throws(InspectorError) -> Double {
    let start = monotonicNow()
    let fill = if let history { try drain(into: history) } else { try skip() }
    account.note(fill: fill, start: start, end: monotonicNow())
    return fill
  }

  /// Hands new events to `history`. Returns what `SchedulerSource.takeEvents` returns.
  private func drain(into history: History) throws(InspectorError) -> Double {
    let moment = source.now
    let fullest = try source.takeEvents(upTo: ending == nil ? moment : nil, history.take)
    history.settle(upTo: source.eventsKnownUpTo ?? moment)
    return fullest
  }

  /// Takes events and drops them, so that lost events are still counted.
  private func skip() throws(InspectorError) -> Double {
    var unwanted: [Record] = []
    return try source.takeEvents(upTo: nil) { _, read in
      unwanted.removeAll(keepingCapacity: true)
      _ = read(&unwanted)
    }
  }

  /// Looks at the source once. If the source has no events, the snapshot gets the source's own words for why.
  ///
  /// - Parameter start: the moment since which the largest depths of queues are wanted; nil: a second ago.
  private func observe(peaksSince start: UInt64? = nil) throws(InspectorError) -> Observation {
    var observation = try source.observe(peaksSince: start)
    if let absence = source.knowledge.absenceOfEvents { observation.snapshot.trace.absence = absence }
    return observation
  }

  private mutating func sample() throws(InspectorError) {
    try lookForEnding()
    if let history {
      // Events from before the first keyframe belong to no segment, so they are dropped.
      if history.segments.isEmpty { _ = try drain() }
      let observation = try observe(peaksSince: peaksSince)
      note(observation.snapshot, isBase: false)
      latest = observation.snapshot
      self.observation = observation
      if ending == nil, let threads = source.threads {
        cpus.look(threads, tids: observation.snapshot.ms.compactMap(\.tid))
        quotas.look(pid: threads.pid)
        if explainsNow { probe.look(observation.snapshot, threads) }
      } else if ending == nil, explainsNow, let facts = source.system {
        probe.look(observation.snapshot, facts)
      }
      if monotonicNow() - lastMark >= Self.snapshotInterval / 2 || history.fresh >= History.mostFresh {
        try mark(history, observation)
      }
    } else {
      note(try observe(peaksSince: peaksSince).snapshot, isBase: true)
    }
    lastSnapshot = monotonicNow()
  }

  private mutating func note(_ snapshot: Snapshot, isBase: Bool) {
    builder.observe(snapshot, isBase: isBase)
    peaksSince = snapshot.time
  }

  /// Finds out whether the target has ended. A target may say so itself. Otherwise the operating system is
  /// asked, at most four times a second, because that takes as long as all the rest of a sample.
  private mutating func lookForEnding() throws(InspectorError) {
    guard ending == nil else { return }
    let now = monotonicNow()
    let asksSystem = now >= nextLook
    ending = try asksSystem ? source.ending() : source.lastWord()
    doubt = ending == nil ? source.doubt : nil
    if asksSystem { nextLook = now + Self.snapshotInterval }
  }

  private mutating func mark(_ history: History, _ observation: Observation) throws(InspectorError) {
    // Samples are never of one instant, so there is nothing to wait for.
    let isSampled = source.knowledge.gauges == .sampled
    let isWhole = isSampled || observation.isSettled && observation.snapshot.isConsistent
    let mayWait = lastMark != 0 && history.fresh < History.mostFresh
    isMarkPostponed = !isWhole && mayWait && monotonicNow() - lastMark < Self.latestMark
    guard !isMarkPostponed, history.canMark(observation) else { return }
    var observation = observation
    observation.snapshot = builder.sinceBase(observation.snapshot)
    let findings = askLints(history, observation.snapshot)
    guard history.mark(observation, findings, pressure) else { return }
    builder.addBase(observation.snapshot)
    (marked, lastMark) = ((findings, pressure), monotonicNow())
    var tables = tables
    let list = try tables.read(source, observation) { () throws(InspectorError) in
      try drainIfDue(at: monotonicNow())
    }
    self.tables = tables
    guard let list else { return }
    history.attach(list)
    if explainsNow, ending == nil { probe.look(list, observation, source) }
  }
}
