// What `mpgtop serve` does with one target: between scrapes, and when one comes.
//
// Between scrapes it looks four times a second whether the target lives, and once a second how deep its queues became. That costs
// the target nothing, and this process next to nothing. Two things cost more, and are done only if they were asked for:
//
// - events are taken as often as their rings fill, and counted (EventTally);
// - the table of Gs is read every five seconds, and counted by place (SiteTally).
//
// Both have a bound. All targets together share a tenth of a core for events and a hundredth for tables: after a piece of work
// that took some CPU time, a target rests so long that it stays within its share. Events that are overwritten meanwhile are
// lost, counted, and told. So many busy targets make the counts less complete, and never the machine slow.
internal import Glibc
import Inspector
import Synchronization

/// What the server does with each target, besides reading its gauges.
struct ServePlan: Sendable {
  /// Whether events are taken.
  var events = false
  /// Whether the table of Gs is read.
  var sites = false
  /// Whether samples have the label `pid`.
  var labelsPid = true
}

/// The number of targets that share the CPU time. May be used from any thread.
final class Sharers: Sendable {
  private let count = Atomic<Int>(1)
  var number: UInt64 {
    get { UInt64(max(1, count.load(ordering: .relaxed))) }
    set { count.store(Int(clamping: newValue), ordering: .relaxed) }
  }
}

/// Looks at one target. Use it on one thread.
struct TargetLook {
  /// The shares of a core that all targets together get: one in `eventShare` for events, one in `tableShare` for
  /// tables.
  private static let (eventShare, tableShare): (UInt64, UInt64) = (10, 100)
  /// The time between two looks whether the target lives, between two refreshes of clock and names, and the least time
  /// between two tables; in nanoseconds.
  private static let (lifePause, refreshPause, tablePause): (UInt64, UInt64, UInt64) = (
    250_000_000, 1_000_000_000, 5_000_000_000
  )

  let source: any SchedulerSource
  private let plan: ServePlan
  private let sharers: Sharers
  private var peaks = PeakWindow()
  /// The counts of the target's events; nil: the source has no events, or they are not wanted.
  private var tally: EventTally?
  private var sites: SiteTally?
  private var names = StringBook()
  /// The Ps as they were last reported to a scraper, by id.
  private var lastPs: [Int: Snapshot.P] = [:]
  private var drainInterval = DrainPace.longest / 4
  private var lastDrain: UInt64 = 0
  /// When each thing is due next, in nanoseconds of the monotonic clock.
  private var (nextLife, nextRefresh, nextDrain, nextTable): (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

  init(_ source: any SchedulerSource, _ plan: ServePlan, _ sharers: Sharers) {
    (self.source, self.plan, self.sharers) = (source, plan, sharers)
    if plan.events, source.knowledge.hasEvents { tally = EventTally() }
  }

  /// Does what is due. Returns how the target ended, or the nanoseconds after which something is due again.
  mutating func step() throws(InspectorError) -> (ending: TargetEnding?, pause: UInt64) {
    let now = monotonicNow()
    if now >= nextLife {
      if let ending = try source.ending() { return (ending, 0) }
      try peaks.look(source)
      nextLife = now + Self.lifePause
    }
    var due = [nextLife]
    if tally != nil {
      if now >= nextRefresh { try refresh(at: now) }
      if now >= nextDrain { try drain(at: now) }
      due += [nextRefresh, nextDrain]
    }
    if plan.sites {
      if now >= nextTable { try readTable() }
      due.append(nextTable)
    }
    let next = due.min() ?? nextLife
    return (nil, next > now ? next - now : 0)
  }

  /// Takes over the clock, names, and the rings of Ps and Ms that are new.
  private mutating func refresh(at now: UInt64) throws(InspectorError) {
    let work = CPUWork(of: .thread)
    let observation = try source.observe(peaksSince: nil)
    tally?.note(observation.clock)
    names = source.grownNames ?? observation.names
    nextRefresh = now + max(Self.refreshPause, work.spent * Self.eventShare * sharers.number)
  }

  private mutating func drain(at now: UInt64) throws(InspectorError) {
    let work = CPUWork(of: .thread)
    // Taken out, so that it has one owner; else it would be copied.
    var tally = self.tally.take() ?? EventTally()
    let fill = try source.takeEvents(upTo: nil) { lane, read in tally.take(read, on: lane) }
    self.tally = tally
    let elapsed = lastDrain == 0 ? drainInterval : now - lastDrain
    drainInterval = DrainPace.next(fill: fill, after: elapsed, last: drainInterval)
    lastDrain = now
    nextDrain = now + max(drainInterval, work.spent * Self.eventShare * sharers.number)
  }

  private mutating func readTable() throws(InspectorError) {
    let work = CPUWork(of: .thread)
    let rows = try source.goroutines()
    var tally = sites ?? SiteTally()
    let names = if let grown = source.grownNames { grown } else { try source.observe().names }
    tally.take(rows, NameBook(names).name)
    sites = tally
    nextTable = monotonicNow() + max(Self.tablePause, work.spent * Self.tableShare * sharers.number)
  }

  /// Keeps the times of Ps from falling. They are counted in ticks, and the clock that turns ticks into nanoseconds
  /// grows more exact, so a time may come out a little lower than before. Prometheus would take that for a restart, and
  /// count the whole time again.
  private mutating func hold(_ ps: inout [Snapshot.P]) {
    func held(_ new: UInt64?, _ last: UInt64?) -> UInt64? {
      // A time that falls by more than a hundredth is that of a new P, which has got the number of an old one.
      guard let new, let last, new < last, last - new <= last / 100 else { return new }
      return last
    }
    for index in ps.indices {
      guard let last = lastPs[ps[index].id] else { continue }
      ps[index].runTime = held(ps[index].runTime, last.runTime)
      ps[index].idleTime = held(ps[index].idleTime, last.idleTime)
      ps[index].spinTime = held(ps[index].spinTime, last.spinTime)
      ps[index].callTime = held(ps[index].callTime, last.callTime)
    }
    lastPs = Dictionary(ps.map { ($0.id, $0) }) { first, _ in first }
  }

  /// Reads all that the target tells at this moment.
  mutating func metrics() throws(InspectorError) -> TargetMetrics {
    var metrics = TargetMetrics(try peaks.snapshot(source))
    hold(&metrics.snapshot.ps)
    if let absence = source.knowledge.absenceOfEvents { metrics.snapshot.trace.absence = absence }
    if let tally {
      metrics.events = tally
      for exemplar in tally.exemplars + [tally.preempted] {
        guard let label = exemplar?.label, label != 0 else { continue }
        metrics.labels[label] = names.string(UInt64(label))
      }
    }
    metrics.sites = sites
    if let threads = source.threads { metrics.quota = CPUQuotaTotals(of: threads.pid) }
    return metrics
  }
}
