// The seam: what every source owes to those above it, held against the sources that there are and one that knows next to
// nothing.
import Region
import TestSupport
import Testing

@testable import Exports
@testable import History
@testable import Host
@testable import Insight
@testable import Inspector
@testable import Observed
@testable import RegionSource

/// A source that knows only what every source knows: who it is, the time, how many Ps there are, and the Gs by state.
private final class SparseSource: SchedulerSource {
  let identity = Snapshot.Target(pid: 7, name: "sparse", bootTime: 1)
  let knowledge = Knowledge(
    gauges: .sampled, absenceOfEvents: "no events: this source samples", listsGs: false)
  let reasons = WaitReason.all
  let threads: ThreadPlaces? = nil
  let doubt: InspectorError? = nil
  private var running = 0

  func observe(peaksSince start: UInt64?, into observation: inout Observation) throws(InspectorError) {
    running += 1
    var snapshot = Snapshot(target: identity)
    (snapshot.time, snapshot.procs) = (monotonicNow(), 2)
    snapshot.gs.running = running
    observation = Observation()
    observation.snapshot = snapshot
  }

  func takeEvents(
    upTo moment: UInt64?, _ take: (Lane, EventReading) -> Void
  ) throws(InspectorError) -> Double { 0 }

  func goroutines(
    breathe: () throws(InspectorError) -> Void, isCalledAway: () -> Bool
  ) throws(InspectorError) -> [GoroutineRow]? { [] }

  func ending() throws(InspectorError) -> TargetEnding? { nil }
  func lastWord() throws(InspectorError) -> TargetEnding? { nil }
}

extension History {
  /// Takes in all that a recording tells, through the seam, as a viewer takes in a live target.
  fileprivate convenience init(reading source: RecordingSource) throws(InspectorError) {
    self.init(HistoryLimits(bytes: .max, duration: .max))
    reasons = source.reasons
    for _ in source.history.numbers {
      let observation = try source.observe()
      mark(observation)
      _ = try source.takeEvents(upTo: nil, take)
      settle(upTo: observation.snapshot.time)
      let rows = try source.goroutines()
      if !rows.isEmpty { attach(GoroutineList(rows: rows)) }
    }
    flush()
  }
}

@Suite("Sources")
struct SourceTests {
  @Test("a recording that is read through the seam gives the history that was recorded")
  func recordingThroughTheSeam() throws {
    let fake = try FakeHistory(seed: 5, segments: 6, moves: 300)
    let folder = try TemporaryFolder()
    let path = "\(folder.path)/a.rec"
    let writer = try RecordingWriter(path: path)
    try writer.begin(Snapshot.Target(pid: 5, name: "fake"), fake.history)
    try writer.write(fake.history, since: 0)
    try writer.finish(ended: "exited with code 3")

    let source = try RecordingSource(path: path)
    #expect(source.knowledge.hasEvents && source.identity == Player(fake.history)?.snapshot.target)
    #expect(try source.ending() == nil)
    let read = try History(reading: source)
    #expect(try source.ending()?.description == "exited with code 3")

    #expect(try events(of: read) == events(of: fake.history))
    var (one, other) = (try #require(Player(fake.history)), try #require(Player(read)))
    var dice = Dice(3)
    for _ in 0..<30 {
      let time = one.firstTime + dice.next() % max(1, one.lastTime - one.firstTime)
      one.seek(to: time)
      other.seek(to: time)
      #expect(one.snapshot == other.snapshot)
    }
  }

  @Test("a live region without events says so, tells its gauges, and offers no steps")
  func withoutEvents() throws {
    let scheduler = FakeScheduler(seed: 3)
    scheduler.run(50)
    scheduler.region[SchedField.tracing] = 0
    let source = try LiveRegion(scheduler.region.target(pid: scheduler.region.process.pid))
    #expect(source.knowledge.absenceOfEvents == Knowledge.untraced && source.knowledge.gauges == .exact)

    var sampler = Sampler(from: source, history: HistoryLimits())
    let frame = try sampler.frame()
    #expect(frame.snapshot.gs == scheduler.gs && frame.snapshot.trace.absence == Knowledge.untraced)
    var player = try #require(try sampler.player())
    #expect(!player.hasEvents && !player.stepForward() && !player.stepBack())
  }

  @Test("a source that knows next to nothing is looked at all the same")
  func sparse() throws {
    var sampler = Sampler(from: SparseSource(), history: HistoryLimits())
    for _ in 0..<3 { _ = try sampler.step() }
    let frame = try sampler.frame()
    #expect(frame.snapshot.gs.running > 0 && frame.snapshot.ps.isEmpty)
    #expect(frame.instruments?.hasEvents == false && frame.json.contains("\"name\":\"sparse\""))
    // Its own words say why there are no events, and what it does not know is null.
    #expect(frame.snapshot.trace.absence == "no events: this source samples")
    for key in ["grq", "timers", "switches"] { #expect(frame.json.contains("\"\(key)\":null"), "\(key)") }
    let player = try #require(try sampler.player())
    #expect(!player.hasEvents)
    // What it does not know is absent in its history as well, and so is why there are no events.
    let past = player.frame(.live)
    for json in [frame.json, past.json] {
      #expect(json.contains(#""timers":null,"switches":null"#) && json.contains(#""switches_per_s":null"#))
    }
    #expect(past.snapshot.trace.absence == "no events: this source samples")
  }

  @Test("words that no kind of source knows name a process; the first kind that knows them opens them")
  func kinds() throws {
    struct Toy: SourceKind {
      let suffix: String
      func open(_ word: String) throws(InspectorError) -> (any SchedulerSource)? {
        word.hasSuffix(suffix) ? SparseSource() : nil
      }
    }
    let kinds: [any SourceKind] = [Toy(suffix: ".no"), Toy(suffix: ".toy")]
    #expect(try SourceKinds.open("4242", among: kinds) == nil)
    #expect(try SourceKinds.open("a.toy", among: kinds)?.identity.name == "sparse")
  }
}
