// The instruments of one moment: numbers that are derived from the gauges, and from the events before the
// moment, for views and exports.
//
// They come from four places, and the head of each file tells its cost and exactness: the meter (histograms
// and shares of time, from every event), pressure (from whole segments, as many as time allows), the census
// (from tables of Gs) and the steal matrix (from the region itself). A live viewer keeps the first three up
// to date while its history grows. For a moment of the past they are computed again from the events before
// it, as far back as PastInstruments reads.
import History
import Host
import Observed

/// The numbers that are derived from the gauges of a moment and the events before it.
public struct Instruments: Sendable, Equatable {
  /// How many seconds `recent` covers.
  public static let recentSeconds = 10
  /// How many seconds `seconds` has at most: the rows of a heat map.
  public static let mostSeconds = 60

  /// Whether there are events from which to derive anything. A target without tracing writes none. Then only
  /// steals and the census are known, and everything else is empty.
  public var hasEvents = true
  /// The moment that the instruments describe, in nanoseconds of the machine's monotonic clock.
  public var time: UInt64 = 0
  /// The moment from which on events have been read, in nanoseconds of the machine's monotonic clock.
  public var since: UInt64 = 0
  /// One row for each second, oldest first. The last second is not over yet.
  public var seconds: [Second] = []
  /// The last `recentSeconds` seconds together.
  public var recent = Activity()
  /// How long the seconds in `recent` are together, in nanoseconds.
  public var recentTime: UInt64 = 0
  /// The sum of all seconds from the moment `since` on.
  public var total = Activity()
  /// The waiting of Gs by its causes, in as much of the last ten seconds as was measured.
  public var pressure = Pressure()
  /// How long the operating system kept threads waiting for a CPU in the last ten seconds. nil: not known.
  /// The region does not tell this, so a past moment has it only if a viewer recorded it at the time.
  public var cpu: CPUPressure?
  /// The limit of CPU time that control groups set; nil: there is none, or it cannot be seen.
  public var quota: CPUQuota?
  /// The things that several looks in a row have all seen (Sightings.swift); nil: the source has events, which tell
  /// more, or this is a moment of the past.
  public var sightings: Sightings?
  /// How long the garbage collector held the program up, in the time of `recent`; nil: the source does not tell.
  public var collector: CollectorTimes?
  /// The size of the live heap in bytes, and the size of the heap at which the next collection is to end, as the events before the
  /// moment tell; nil: they do not.
  public var heapLive, heapGoal: UInt64?
  /// Gs counted by the place where they were spawned, and the Gs that have waited longest.
  public var census = Census()
  /// How much each P stole from each other P, since boot; nil: the source does not tell.
  public var steals: StealMatrix?
  /// The Gs that run at the moment, as far as events tell.
  var running: [Running] = []
  /// The label of the span for which a G works, by the G's id. Has only Gs that run, ran long or were
  /// preempted.
  package var requests: [UInt64: String] = [:]
  /// What happened lately and is worth a line (Narrator.swift); nil: nothing is, or nothing is known.
  public var news: News?
  /// The findings of the lints.
  public var findings: [Finding] = []

  /// Makes a value in which nothing is known.
  public init() {}

  package init(
    _ meter: Meter, _ pressure: Pressure, _ census: Census, _ snapshot: Snapshot,
    _ sources: InstrumentSources = InstrumentSources()
  ) {
    (time, steals, self.census, hasEvents) = (snapshot.time, snapshot.steals, census, snapshot.trace.enabled)
    (quota, sightings) = (sources.quota, sources.sightings)
    if hasEvents { measure(meter, pressure, sources.names) }
    for p in snapshot.ps { if let g = p.g, let entry = p.entry { self.census.entries[g] = entry } }
    findings = Lints.all.flatMap { $0.findings(in: self, snapshot) }
  }

  private mutating func measure(_ meter: Meter, _ pressure: Pressure, _ names: StringBook) {
    let (seconds, total) = meter.result()
    (time, since) = (meter.settled, meter.begun)
    self.seconds = seconds.suffix(Self.mostSeconds)
    (self.total, self.pressure) = (total, pressure)
    for second in seconds.suffix(Self.recentSeconds) { recent.add(second.activity) }
    let first = (seconds.suffix(Self.recentSeconds).first?.number ?? 0) &* 1_000_000_000
    let start = max(first, since)
    recentTime = time > start ? time - start : 0
    recent.spreadOverMs(recentTime)
    self.total.spreadOverMs(time > since ? time - since : 0)
    running = meter.running
    requests = recent.labels.compactMapValues { names.string($0) }
    for runner in running { requests[runner.g] = runner.label.flatMap(names.string) ?? requests[runner.g] }
  }
}

/// What instruments are made from besides events, gauges and tables.
package struct InstrumentSources {
  package var names: StringBook
  package var sightings: Sightings?
  package var quota: CPUQuota?

  package init(names: StringBook = StringBook(), sightings: Sightings? = nil, quota: CPUQuota? = nil) {
    (self.names, self.sightings, self.quota) = (names, sightings, quota)
  }
}

/// A G that runs at the moment.
package struct Running: Sendable, Equatable {
  /// The P on which the G runs.
  package var p: Int
  package var g: UInt64
  /// The moment from which on the G runs, in nanoseconds of the machine's monotonic clock.
  package var since: UInt64
  /// The label of the span for which the G works, as a string id; nil: none, or not known.
  package var label: UInt64?
}

/// A G as people know it: its id, the place where it was spawned, and the label of the span for which it
/// works, as far as these are known.
struct GName: Equatable {
  var g: UInt64
  var entry: String?
  var request: String?

  /// The name in one line: `G42 (serve(_:) at Server.swift:40, for GET /cpu)`.
  var text: String {
    let parts = [entry, request.map { "for \($0)" }].compactMap { $0 }
    return "G\(g)" + (parts.isEmpty ? "" : " (\(parts.joined(separator: ", ")))")
  }
}

extension Instruments {
  func name(of g: UInt64) -> GName { GName(g: g, entry: census.entries[g], request: requests[g]) }
}

extension Activity {
  /// Sets the time that each M spent without a P to what is left of the window.
  fileprivate mutating func spreadOverMs(_ window: UInt64) {
    for index in ms.indices {
      let known = ms[index].running &+ ms[index].scheduling &+ ms[index].spinning &+ ms[index].syscall
      ms[index].withoutP = window > known ? window - known : 0
    }
  }
}
