// Fairness as a property: `mpg-soak fairness`. One process does a random mix of everything that Gs do, on 1, 2 and 8 Ps in
// turn (Kind.swift, Mix.swift). Another process, the watcher in this file, watches it from outside, through its region, and
// compares every wait for a turn with the bound (Judge.swift). It judges by the events alone. The watched program takes no
// part in that: a program whose Gs get no turn could not report it.
//
// A round of the watcher: drain the rings; sort the new records by time, except the latest; give them to the judge; write to
// the pipes, and look what was read from them; now and then read the gauges, the times without a CPU (Scarcity.swift) and the
// table of Gs. Exit code 0 when every wait kept the bound, otherwise 1, and the events around the first waits that did not.
import Glibc
import Inspector
import Region

struct Fairness {
  private let options: FairnessOptions
  private let seed: UInt64

  init(_ options: FairnessOptions, seed: UInt64) { (self.options, self.seed) = (options, seed) }

  func run() -> Never {
    signal(SIGPIPE, SIG_IGN)
    var found = 0
    for procs in options.procs.all {
      let minutes = options.minutes / Double(options.procs.all.count)
      say("mpg-soak: fairness on \(procs) Ps, \(minutes) min, --seed \(seed)")
      var feeder = Feeder(options.alone ? 0 : 4, seed: seed)
      let pid = startSelf(options.arguments(procs: procs, pipes: feeder.readingEnds, seed: seed), seed: seed)
      found += options.alone ? waitFor(pid) : watch(pid, procs, &feeder)
      feeder.close()
    }
    guard found == 0 else { violation("\(found) waits were longer than the bound", seed: seed) }
    exit(0)
  }

  private func waitFor(_ pid: pid_t) -> Int {
    var status: Int32 = 0
    unsafe waitpid(pid, &status, 0)
    if status != 0 { violation("the work ended with wait status \(status)", seed: seed) }
    return 0
  }

  /// Watches until the process has ended. Returns how many waits were too long.
  private func watch(_ pid: pid_t, _ procs: Int, _ feeder: inout Feeder) -> Int {
    do {
      var watch = try Watch(attach(pid), procs, options.slack)
      let end = monotonicNow() + UInt64(options.minutes * 60e9) + Watch.patience
      while true {
        if let status = ended(pid) {
          watch.report()
          if status != 0 { violation("the work ended with wait status \(status)", seed: seed) }
          return watch.violations
        }
        if monotonicNow() > end {
          watch.report()
          stop(pid, "the work does not come to its end", seed: seed)
        }
        try watch.round(&feeder)
        if options.first, watch.violations > 0 {
          kill(pid, SIGKILL)
          watch.report()
          return watch.violations
        }
      }
    } catch {
      if let status = ended(pid), status != 0 { violation("the work ended with \(status)", seed: seed) }
      stop(pid, "the region cannot be read: \(error)", seed: seed)
    }
  }
}

/// The watch over one process.
private struct Watch {
  /// How long the process may still run after the planned end of the mix, in nanoseconds.
  static let patience: UInt64 = 60_000_000_000
  /// How many violations are printed with their events.
  private static let told = 3
  /// Records that are younger than this, in nanoseconds, are kept for the next round: older records may still come from
  /// another ring.
  private static let settling: UInt64 = 5_000_000

  private let inspector: Inspector
  private let scan: RunnableScan
  private let procs: Int
  private var judge: Judge
  private var scarcity: Scarcity
  private var evidence = Evidence()
  private var coming: [Evidence.Item] = []
  private var events = 0
  private var lost: UInt64 = 0
  private var blind: UInt64 = 0
  private var lastRound: UInt64 = 0
  private var lastGauges: UInt64 = 0
  private var lastScan: UInt64 = 0
  /// A reading of the gauges: the number of Gs that were ready, and the moment of reading. It corrects the
  /// judge's count of ready Gs once the events have reached that moment; nil: no reading waits for that.
  private var gauge: (ready: Int, time: UInt64)?
  private var mustCorrect = true
  private var turns: [RunnableScan.Turn: UInt64] = [:]
  private var mostReady = 0

  init(_ inspector: Inspector, _ procs: Int, _ slack: Double) throws(InspectorError) {
    (self.inspector, self.procs) = (inspector, procs)
    scan = try RunnableScan(inspector)
    judge = Judge(procs: procs, slack: slack)
    scarcity = Scarcity(pid: inspector.target.process.pid, procs: procs)
    lastRound = monotonicNow()
  }

  var violations: Int { judge.violations }

  mutating func round(_ feeder: inout Feeder) throws(InspectorError) {
    let now = monotonicNow()
    var fresh: [Evidence.Item] = []
    let inspector = inspector
    let fullest = try inspector.drain { lane, records in
      for record in records {
        fresh.append(Evidence.Item(time: inspector.nanoseconds(at: record.time), lane: lane, record: record))
      }
    }
    coming += fresh
    noteLosses(now)
    settle(before: now - Self.settling)
    scarcity.look(monotonicNow())
    var ended: [Wait] = []
    feeder.look(monotonicNow()) { wait in
      ended.append(Wait(g: 0, what: "pipe from outside", start: wait.since, end: wait.until))
    }
    for wait in ended { judge.end(wait) }
    if now - lastGauges > 20_000_000 {
      lastGauges = now
      try readGauges()
    }
    if now - lastScan > 200_000_000 {
      lastScan = now
      try lookForStarved(feeder)
    }
    judgeSettled(before: now - 4 * Self.settling)
    lastRound = now
    if fullest < 0.2 { usleep(1000) }
  }

  /// Notes whether records were lost since the last round. The time of that round then counts as not judged.
  private mutating func noteLosses(_ now: UInt64) {
    guard inspector.lost != lost else { return }
    blind += now - lastRound
    lost = inspector.lost
    mustCorrect = true
  }

  /// Gives the judge the records before `time`, in order of time. Records of the same time in one ring keep their order.
  private mutating func settle(before time: UInt64) {
    let due = coming.enumerated().filter { $0.element.time < time }
      .sorted { ($0.element.time, $0.offset) < ($1.element.time, $1.offset) }
    if due.count < coming.count {
      coming.removeAll { $0.time < time }
    } else {
      coming.removeAll(keepingCapacity: true)
    }
    for (_, item) in due {
      if let gauge, gauge.time <= item.time { correct(gauge) }
      events += 1
      evidence.keep(item)
      judge.take(item.record, at: item.time, inspector)
    }
    if let gauge, gauge.time < time { correct(gauge) }
    judge.advance(to: time)
    mostReady = max(mostReady, judge.ready.now)
  }

  private mutating func correct(_ gauge: (ready: Int, time: UInt64)) {
    self.gauge = nil
    judge.advance(to: gauge.time)
    judge.correct(ready: gauge.ready)
    judge.lose(until: gauge.time)
    mustCorrect = false
  }

  private mutating func readGauges() throws(InspectorError) {
    let snapshot = try inspector.snapshot()
    guard snapshot.isConsistent, gauge == nil, mustCorrect else { return }
    gauge = (snapshot.gs.runnable + snapshot.gs.preempted, snapshot.time)
  }

  /// Judges waits that still go on: of Gs that have not moved since an earlier look, and of bytes that lie unread in a pipe.
  private mutating func lookForStarved(_ feeder: Feeder) throws(InspectorError) {
    let found = try scan.turns()
    let now = monotonicNow()
    turns = turns.filter { found.contains($0.key) }
    for turn in found { turns[turn] = turns[turn] ?? now }
    var waits = turns.map { Wait(g: $0.key.id, what: judge.what($0.key.id), start: $0.value, end: now) }
    waits += feeder.waiting.map { Wait(g: 0, what: "pipe from outside", start: $0.since, end: $0.until) }
    for wait in waits where wait.end > wait.start {
      var violation: Judge.Violation?
      judge.judge(wait, scarcity) { violation = $0 }
      guard let violation else { continue }
      tell(violation, "still waits")
      turns = [:]  // so a wait that goes on is reported again only after it has lasted as long once more
    }
  }

  private mutating func judgeSettled(before time: UInt64) {
    var found: [Judge.Violation] = []
    judge.judge(before: time, scarcity) { found.append($0) }
    for violation in found { tell(violation, "waited") }
  }

  private func tell(_ violation: Judge.Violation, _ verb: String) {
    guard judge.violations <= Self.told else { return }
    let wait = violation.wait
    say(
      "mpg-soak: UNFAIR: \(wait.what)\(wait.g == 0 ? "" : ", G \(wait.g),") \(verb) "
        + "\(milliseconds(wait.end - wait.start)) ms for a turn; \(violation.ready) ready at most on \(procs) Ps, "
        + "so \(milliseconds(violation.bound)) ms at most, and \(milliseconds(violation.excused)) ms excused for want of CPUs"
    )
    for line in evidence.lines(about: wait, judge) { say(line) }
  }

  // MARK: the report

  func report() {
    say(
      "  \(pad("waits for a turn", 34)) \(head("number")) \(head("p50 ms")) \(head("p99 ms")) "
        + "\(head("worst ms")) \(head("of bound"))")
    for (name, row) in judge.rows.sorted(by: { $0.key < $1.key }) {
      let hundredths = Int((row.worst * 100).rounded())
      say(
        "  \(pad(name, 34)) \(head("\(row.spread.count)")) \(head(milliseconds(row.spread.percentile(50)))) "
          + "\(head(milliseconds(row.spread.percentile(99)))) \(head(milliseconds(row.spread.longest))) "
          + head("\(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100)"))
    }
    say(
      "mpg-soak: \(events) events, \(lost) lost in \(blind / 1_000_000) ms that were not judged, \(mostReady) ready at "
        + "most, \(judge.violations) waits over the bound; \(scarcity.summary)")
    scarcity.close()
  }

  private func head(_ text: String) -> String {
    String(repeating: " ", count: max(0, 10 - text.count)) + text
  }

  private func pad(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
  }
}
