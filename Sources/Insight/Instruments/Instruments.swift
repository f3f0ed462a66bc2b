// The instruments of one moment: what is derived from the gauges and the events before it, for views and exports.
//
// They come from four places, each with its own cost and exactness, told at the head of its file: the meter (histograms
// and shares of time, of every event), pressure (of whole segments, as many as time allows), the census (of tables of
// Gs) and the steal matrix (of the region itself). A live viewer keeps the first three beside its history while it
// grows; for a moment of the past they are made anew out of the events before it, as far back as `reach` records go.
import History
import Host
import Observed

public struct Instruments: Sendable, Equatable {
  /// Nanoseconds: the seconds that `recent` is of, and those that a heat map has rows for.
  public static let recentSeconds = 10
  public static let mostSeconds = 60

  /// Whether there are events to derive anything from. A target without tracing writes none: then what needs them is
  /// empty here, and only steals and the census are known.
  public var hasEvents = true
  /// The moment, and since when events have been taken in, in nanoseconds.
  public var time: UInt64 = 0
  public var since: UInt64 = 0
  /// One row for each second, oldest first, the last not over yet.
  public var seconds: [Second] = []
  /// The last `recentSeconds` of them together, and how long they are in nanoseconds.
  public var recent = Activity()
  public var recentTime: UInt64 = 0
  /// Everything since `since`.
  public var total = Activity()
  /// Of what was measured in the last ten seconds.
  public var pressure = Pressure()
  /// What the system kept its threads waiting in the last ten seconds; nil: not known, as of a moment of the past: it stands in
  /// no region, and the system keeps no history.
  public var cpu: CPUPressure?
  public var census = Census()
  public var steals = StealMatrix()
  /// The Gs that run at the moment, as far as events tell.
  var running: [Running] = []
  /// Of those that run, ran long or were preempted: what they work for.
  package var requests: [UInt64: String] = [:]
  /// What the lints have to say.
  public var findings: [Finding] = []

  public init() {}

  package init(
    _ meter: Meter, _ pressure: Pressure, _ census: Census, _ snapshot: Snapshot,
    names: StringBook = StringBook()
  ) {
    (time, steals, self.census, hasEvents) = (snapshot.time, snapshot.steals, census, snapshot.trace.enabled)
    if hasEvents { measure(meter, pressure, names) }
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

/// A G that runs.
package struct Running: Sendable, Equatable {
  package var p: Int
  package var g: UInt64
  /// Nanoseconds.
  package var since: UInt64
  /// The label of the span that it works for, by string id; nil: none, or not known.
  package var label: UInt64?
}

/// A G as people know it: where it was spawned, and for what it works, as far as that is known.
struct GName: Equatable {
  package var g: UInt64
  package var entry: String?
  package var request: String?

  /// `G42 (serve(_:) at Server.swift:40, for GET /cpu)`.
  package var text: String {
    let parts = [entry, request.map { "for \($0)" }].compactMap { $0 }
    return "G\(g)" + (parts.isEmpty ? "" : " (\(parts.joined(separator: ", ")))")
  }
}

extension Instruments {
  func name(of g: UInt64) -> GName { GName(g: g, entry: census.entries[g], request: requests[g]) }
}

extension Activity {
  /// What is left of the window's time is an M's without a P.
  fileprivate mutating func spreadOverMs(_ window: UInt64) {
    for index in ms.indices {
      let known = ms[index].running &+ ms[index].scheduling &+ ms[index].spinning &+ ms[index].syscall
      ms[index].withoutP = window > known ? window - known : 0
    }
  }
}
