// A keyframe: all gauges at one moment, to which events are added to get the model of a later moment; and its form in
// bytes.
//
// The bytes are sections: a tag, a length and a body each. A reader skips a section whose tag it does not know, and in
// a known section the bytes behind the part that it knows. docs/recording.md has the table.
import Host
import Observed

/// All gauges of a target at one moment.
package struct Keyframe: Equatable {
  /// The moment at which the segment begins, in ticks. No record before the boundaries is later. See History
  /// §3.
  package var start: UInt64 = 0
  package var clock = Clock(first: (0, 0), second: (0, 0))
  package var snapshot = Snapshot()
  /// The boundary of each lane: the position of its first record that the snapshot does not count.
  package var boundaries: [LaneBoundary] = []
  /// The findings of the lints at this moment; nil: the lints were not asked, as in an older recording.
  package var findings: Findings?
  /// How much CPU time the target's threads got; nil: it was not asked for, or the system does not tell.
  package var cpus: CPUPressure?
  /// The last moment before the gap that ends here, in nanoseconds; nil: no gap does. See HistoryGap.
  package var gapBegin: UInt64?

  package init(
    start: UInt64 = 0, clock: Clock = Clock(first: (0, 0), second: (0, 0)), snapshot: Snapshot = Snapshot(),
    boundaries: [LaneBoundary] = [], findings: Findings? = nil, cpus: CPUPressure? = nil
  ) {
    (self.start, self.clock, self.snapshot) = (start, clock, snapshot)
    (self.boundaries, self.findings, self.cpus) = (boundaries, findings, cpus)
  }
}

/// The place where one lane goes on after a keyframe.
package struct LaneBoundary: Equatable {
  package var lane: Lane
  package var position: UInt64

  package init(lane: Lane, position: UInt64) { (self.lane, self.position) = (lane, position) }
}

extension Keyframe {
  private enum Tag: UInt64 {
    case moment = 1
    case target, sched, p, m, gs, netpoll, trace, ring, boundary
    case steals = 20
    case boot = 23
    case ruleNumbers = 30
    case tasks = 31
    case shortages, findings, stackless, cpus
    case queues = 40
    case stopped, untold, pace, gap
  }

  /// A keyframe with more Ps, Ms or lanes than these is damaged.
  private static let most = (ps: 4096, ms: 65_536, lanes: 1 << 17)
  /// A keyframe with a later moment than this, which is 146 years, is damaged. So sums of moments cannot
  /// overflow.
  private static let latest: UInt64 = 1 << 62

  // MARK: writing

  package var bytes: [UInt8] {
    var out = ByteWriter()
    func section(_ tag: Tag, _ body: (inout ByteWriter) -> Void) {
      var section = ByteWriter()
      body(&section)
      out.number(tag.rawValue)
      out.raw(section.bytes)
    }
    section(.moment) {
      for value in [
        start, clock.ticks, clock.nanoseconds, clock.nanosecondsPerTick.bitPattern, snapshot.time,
      ] {
        $0.number(value)
      }
    }
    section(.target) { snapshot.target.write(to: &$0) }
    section(.sched) { snapshot.writeSched(to: &$0) }
    for p in snapshot.ps { section(.p) { p.write(to: &$0) } }
    for m in snapshot.ms { section(.m) { m.write(to: &$0) } }
    section(.gs) { snapshot.gs.write(to: &$0) }
    section(.netpoll) { snapshot.netpoll.write(to: &$0) }
    section(.trace) { snapshot.trace.write(to: &$0) }
    if let steals = snapshot.steals, steals != StealMatrix() { section(.steals) { steals.write(to: &$0) } }
    if snapshot.boot.isKnown { section(.boot) { snapshot.boot.write(to: &$0) } }
    if snapshot.ruleNumbers.isKnown { section(.ruleNumbers) { snapshot.ruleNumbers.write(to: &$0) } }
    if let tasks = snapshot.gs.tasks { section(.tasks) { $0.number(tasks) } }
    section(.shortages) { snapshot.shortages.write(to: &$0) }
    if let stackless = snapshot.gs.stackless { section(.stackless) { $0.number(stackless) } }
    if let pace = snapshot.pace { section(.pace) { pace.write(to: &$0) } }
    if let gapBegin { section(.gap) { $0.number(gapBegin) } }
    if let cpus { section(.cpus) { cpus.write(to: &$0) } }
    if let findings { section(.findings) { findings.write(to: &$0) } }
    if let account = snapshot.account { section(.queues) { account.write(to: &$0) } }
    for p in snapshot.stopped { section(.stopped) { p.write(to: &$0) } }
    if let untold = snapshot.untoldBytes { section(.untold) { $0 = untold } }
    for ring in snapshot.trace.rings ?? [] { section(.ring) { ring.write(to: &$0) } }
    for boundary in boundaries {
      section(.boundary) {
        $0.number(UInt64(boundary.lane.number))
        $0.number(boundary.position)
      }
    }
    return out.bytes
  }

  // MARK: reading

  /// Reads a keyframe; nil: the bytes are not those of one.
  package init?(_ bytes: [UInt8]) {
    var reader = ByteReader(bytes)
    var found: Set<UInt64> = []
    var untold: ByteReader?
    snapshot.steals = StealMatrix()
    while !reader.isAtEnd {
      guard let tag = reader.number(), let section = reader.raw() else { return nil }
      var body = ByteReader(section)
      found.insert(tag)
      guard let known = Tag(rawValue: tag) else { continue }
      if known == .untold { untold = body } else { guard read(known, &body) else { return nil } }
    }
    guard found.isSuperset(of: [1, 2, 3, 6, 7, 8]) else { return nil }
    if var untold { guard snapshot.readUntold(from: &untold) else { return nil } }
  }

  private mutating func read(_ tag: Tag, _ body: inout ByteReader) -> Bool {
    switch tag {
    case .moment: readMoment(&body)
    case .target: snapshot.target.read(from: &body)
    case .sched: snapshot.readSched(from: &body)
    case .p: snapshot.ps.count < Self.most.ps && snapshot.readP(from: &body)
    case .m: snapshot.ms.count < Self.most.ms && snapshot.readM(from: &body)
    case .gs: snapshot.gs.read(from: &body)
    case .netpoll: snapshot.netpoll.read(from: &body)
    case .trace: snapshot.trace.read(from: &body)
    case .ring:
      snapshot.trace.rings?.count ?? 0 < Self.most.lanes && snapshot.trace.readRing(from: &body)
    case .steals: readSteals(&body)
    case .boot: snapshot.boot.read(from: &body)
    case .ruleNumbers: snapshot.ruleNumbers.read(from: &body)
    case .tasks: readTasks(&body)
    case .shortages: snapshot.shortages.read(from: &body)
    case .stackless: readStackless(&body)
    case .cpus: readCPUs(&body)
    case .findings: readFindings(&body)
    case .queues: readQueues(&body)
    case .stopped: snapshot.stopped.count < Self.most.ps && snapshot.readStopped(from: &body)
    case .boundary: boundaries.count < Self.most.lanes && readBoundary(&body)
    case .pace: readPace(&body)
    case .gap: readGap(&body)
    case .untold: true  // it is read last
    }
  }

  private mutating func readMoment(_ body: inout ByteReader) -> Bool {
    guard let start = body.number(), let ticks = body.number(), let nanoseconds = body.number(),
      let slope = body.number(), let time = body.number(), time < Self.latest
    else { return false }
    self.start = start
    clock = Clock(ticks: ticks, nanoseconds: nanoseconds, nanosecondsPerTick: Double(bitPattern: slope))
    snapshot.time = time
    return true
  }

  private mutating func readQueues(_ body: inout ByteReader) -> Bool {
    snapshot.account = QueueAccount(from: &body)
    return snapshot.account != nil
  }

  private mutating func readSteals(_ body: inout ByteReader) -> Bool {
    var steals = StealMatrix()
    guard steals.read(from: &body) else { return false }
    snapshot.steals = steals
    return true
  }

  private mutating func readTasks(_ body: inout ByteReader) -> Bool {
    snapshot.gs.tasks = body.gs()
    return snapshot.gs.tasks != nil
  }

  private mutating func readStackless(_ body: inout ByteReader) -> Bool {
    snapshot.gs.stackless = body.gs()
    return snapshot.gs.stackless != nil
  }

  private mutating func readPace(_ body: inout ByteReader) -> Bool {
    snapshot.pace = Pace(from: &body)
    return snapshot.pace != nil
  }

  private mutating func readGap(_ body: inout ByteReader) -> Bool {
    gapBegin = body.number()
    return gapBegin.map { $0 < Self.latest } ?? false
  }

  private mutating func readCPUs(_ body: inout ByteReader) -> Bool {
    cpus = CPUPressure(from: &body)
    return cpus != nil
  }

  private mutating func readFindings(_ body: inout ByteReader) -> Bool {
    findings = Findings(from: &body)
    return findings != nil
  }

  private mutating func readBoundary(_ body: inout ByteReader) -> Bool {
    guard let lane = body.number(upTo: Lane.highest), let position = body.number() else { return false }
    boundaries.append(LaneBoundary(lane: Lane(number: lane), position: position))
    return true
  }
}
