// The pace of looking: when to drain the rings, when to take a snapshot, when the target has ended.
//
// Frames are for people and come once a second or so; a ring of a flooded target fills in 10 to 30 ms. So draining
// sets its own pace: often enough that the fullest ring is a quarter full, from 1 to 30 ms. It slows down by halves
// and hardly ever rests, because a flood does not announce itself: with 100 ms between two drains of an idle target,
// the first burst would be lost. Thirty drains of empty rings a second take a thousandth of a core.
import History
import Host
import Insight
import Observed
import Region
import RegionSource

/// When to read the table of Gs: as often as it may without taking more than a hundredth of a core, and a few hundred
/// kilobytes a second of history.
struct TablePace {
  private static let share: UInt64 = 100
  /// Nanoseconds for each G that was listed: a million rows, some 20 MB, take a minute's share.
  private static let perRow: UInt64 = 60_000

  private var next: UInt64 = 0
  package private(set) var taker = CensusTaker()

  /// The table, when it is due.
  ///
  /// - Parameter breathe: called between its parts, none of which takes longer than some milliseconds: to look after the
  ///   rings meanwhile.
  package mutating func read(
    _ source: any SchedulerSource, _ observation: Observation, breathe: () throws(InspectorError) -> Void
  ) throws(InspectorError) -> GoroutineList? {
    let start = monotonicNow()
    guard start >= next else { return nil }
    let clock = observation.clock
    guard let rows = try source.goroutines(breathe: breathe, isCalledAway: { false }) else { return nil }
    let read = monotonicNow()
    taker.take(
      rows, at: start, clock, observation.names, isComplete: rows.count < GoroutineList.most)
    next = read + max((read - start) * Self.share, UInt64(rows.count) * Self.perRow)
    if rows.count > LiveRegion.chunk { try breathe() }
    return GoroutineList(rows: rows, isCut: rows.count == GoroutineList.most)
  }
}

/// Looks at one target again and again. It never waits itself: `step` says when it wants to be called again, and the
/// caller sleeps, or waits for keys. For one thread at a time.
public struct Sampler {
  /// Nanoseconds between snapshots: a spike is seen, and a second of history has four.
  public static let snapshotInterval: UInt64 = 250_000_000
  static let shortest: UInt64 = 1_000_000
  package static let longest: UInt64 = 30_000_000
  /// The share of a ring that may fill between two drains.
  package static let target = 0.25

  package let source: any SchedulerSource
  /// Who is looked at.
  public var identity: Snapshot.Target { source.identity }
  /// Batches of events that came after others of a later moment had been told of; see Meter §4.
  package var late: Int { meters.late }
  /// How the target ended; nil while it lives. The last snapshot was taken after that.
  public private(set) var ending: TargetEnding?
  /// Why it cannot be told at the moment whether the target lives; nil: it can. See `Inspector.doubt`.
  public private(set) var doubt: InspectorError?
  /// What has been seen, as far back as memory allows; nil when none was wanted.
  public let history: History?
  /// The last snapshot, and since when the longest runnable G has been so, as of the last look at the table of Gs.
  public private(set) var latest: Snapshot?
  public var oldestRunnable: UInt64? { tables.taker.latest.oldestRunnable?.since }
  private var builder = FrameBuilder()
  /// The frame of the target's end.
  private var lastFrame: Frame?
  private var tables = TablePace()
  package private(set) var drainInterval = Self.longest / 4
  private var lastDrain: UInt64
  private var instruments = Instruments()
  private var cpus = CPUPressureWatch()
  private let meters: LiveMeters
  /// What the lints said at the last keyframe, and what the threads had of the CPUs.
  private var marked: (findings: Findings, cpus: CPUPressure?)?
  private var lastSnapshot: UInt64 = 0
  /// From when on the peaks of the next snapshot count: this reader's own.
  private var peaksSince = monotonicNow()
  private var lastMark: UInt64 = 0
  /// Whether the last mark was put off, because what was read was not of one instant, or a lane had a record under way
  /// (Lanes §4, §6); for how long at a time, and how long after the last one it is made at the latest.
  private var isMarkPostponed = false
  private static let postponement: UInt64 = 5_000_000
  private static let latestMark: UInt64 = 300_000_000
  /// When to ask the system next whether the target has ended.
  private var nextLook: UInt64 = 0
  /// The last look at the gauges, and what details are made with.
  package private(set) var observation: Observation?
  package var detailer = Detailer()
  /// Asked between two pieces of what takes long; true: somebody waits for the caller, so that is put off until the next frame.
  public var isCalledAway: () -> Bool = { false }
  var account = TakingAccount()

  /// - Parameter limits: of the history; nil: none is kept.
  public init(_ region: LiveRegion, history limits: HistoryLimits? = nil) {
    self.init(from: region, history: limits)
  }

  /// The same of any source.
  package init(from source: any SchedulerSource, history limits: HistoryLimits? = nil) {
    self.source = source
    history = limits.map { History($0) }
    meters = LiveMeters(reasons: source.reasons)
    history?.reasons = source.reasons
    history?.follower = meters
    lastDrain = monotonicNow()
  }

  /// Does what is due and returns after how many nanoseconds it wants to be called again.
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

  /// The frame of this very moment; of a target that has ended, always its last.
  public mutating func frame() throws(InspectorError) -> Frame {
    if let lastFrame { return lastFrame }
    try sample()
    guard var frame = builder.frame(ended: ending?.description) else {
      preconditionFailure("a sample was just taken")
    }
    frame.doubt = doubt?.description
    if let history {
      if frame.snapshot.time >= instruments.time &+ Self.instrumentsInterval {
        makeInstruments(history, frame.snapshot)
      }
      frame.instruments = instruments
      // The lints speak with each keyframe, and the CPUs are looked at; a look back hears the same.
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

  /// Nanoseconds for which instruments stay as they are: they are of ten seconds and more, and to make them anew with every
  /// picture would cost as much as drawing it.
  private static let instrumentsInterval: UInt64 = 500_000_000

  private mutating func makeInstruments(_ history: History, _ snapshot: Snapshot) {
    instruments = meters.instruments(tables.taker.latest, snapshot, names: history.names)
    instruments.cpu = cpus.recent
  }

  /// What the lints have to say as of a keyframe.
  private mutating func askLints(_ history: History, _ snapshot: Snapshot) -> Findings {
    let isDue = snapshot.time >= instruments.time &+ Self.instrumentsInterval
    if isDue, !history.isPending { makeInstruments(history, snapshot) }
    return Findings(instruments.findings)
  }

  /// Takes in what is still in the rings, and sees to it that the history has something to look at, however short the
  /// time was.
  public mutating func finish() throws(InspectorError) {
    guard let history else { return }
    for _ in 0..<20 {
      _ = try drain(into: history)
      if !history.numbers.isEmpty, !history.isPending { return }
      if !history.isPending { history.mark(try source.observe()) }
    }
  }

  /// A player at the newest moment of which everything is known; nil: there is no history yet.
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
    drainInterval = Self.pace(fill: fill, after: now - lastDrain, last: drainInterval)
    lastDrain = now
  }

  package mutating func drain() throws(InspectorError) -> Double {
    let start = monotonicNow()
    let fill = if let history { try drain(into: history) } else { try skip() }
    account.note(fill: fill, start: start, end: monotonicNow())
    return fill
  }

  /// Hands what is new to `history`; returns as `SchedulerSource.takeEvents` does.
  private func drain(into history: History) throws(InspectorError) -> Double {
    let start = monotonicNow()
    let fullest = try source.takeEvents(history.take)
    history.settle(upTo: start)
    return fullest
  }

  /// Takes the events for nobody: those that are lost are counted all the same.
  private func skip() throws(InspectorError) -> Double {
    var unwanted: [Record] = []
    return try source.takeEvents { _, read in
      unwanted.removeAll(keepingCapacity: true)
      _ = read(&unwanted)
    }
  }

  private mutating func sample() throws(InspectorError) {
    try lookForEnding()
    if let history {
      // What was written before the first keyframe is no part of what was seen.
      if history.segments.isEmpty { _ = try drain() }
      let observation = try source.observe(peaksSince: peaksSince)
      note(observation.snapshot, isBase: false)
      latest = observation.snapshot
      self.observation = observation
      if ending == nil, let threads = source.threads {
        cpus.look(threads, tids: observation.snapshot.ms.map(\.tid))
      }
      if monotonicNow() - lastMark >= Self.snapshotInterval / 2 || history.fresh >= History.mostFresh {
        try mark(history, observation)
      }
    } else {
      note(try source.observe(peaksSince: peaksSince).snapshot, isBase: true)
    }
    lastSnapshot = monotonicNow()
  }

  private mutating func note(_ snapshot: Snapshot, isBase: Bool) {
    builder.observe(snapshot, isBase: isBase)
    peaksSince = snapshot.time
  }

  /// A target that says so has ended; the system is asked about others, which takes as long as all else of a sample, no more
  /// often than there are samples without frames.
  private mutating func lookForEnding() throws(InspectorError) {
    guard ending == nil else { return }
    let now = monotonicNow()
    let asksSystem = now >= nextLook
    ending = try asksSystem ? source.ending() : source.lastWord()
    doubt = ending == nil ? source.doubt : nil
    if asksSystem { nextLook = now + Self.snapshotInterval }
  }

  private mutating func mark(_ history: History, _ observation: Observation) throws(InspectorError) {
    let isWhole = observation.isSettled && observation.snapshot.isConsistent
    let mayWait = lastMark != 0 && history.fresh < History.mostFresh
    isMarkPostponed = !isWhole && mayWait && monotonicNow() - lastMark < Self.latestMark
    guard !isMarkPostponed else { return }
    var observation = observation
    observation.snapshot = builder.sinceBase(observation.snapshot)
    let findings = askLints(history, observation.snapshot)
    guard history.mark(observation, findings, cpus.recent) else { return }
    builder.addBase(observation.snapshot)
    (marked, lastMark) = ((findings, cpus.recent), monotonicNow())
    var tables = tables
    let list = try tables.read(source, observation) { () throws(InspectorError) in
      try drainIfDue(at: monotonicNow())
    }
    self.tables = tables
    if let list { history.attach(list) }
  }

  /// Nanoseconds until the fullest ring will be `target` full, when it became `fill` full in `elapsed`; at most half
  /// as much again as `interval`, the last one.
  package static func pace(fill: Double, after elapsed: UInt64, last interval: UInt64) -> UInt64 {
    let wanted = fill > 0 ? Double(elapsed) * target / fill : .infinity
    let slowest = min(Double(interval) * 1.5, Double(longest))
    return UInt64(min(max(wanted, Double(shortest)), slowest))
  }
}
