// The black box: history made from what a dead process left in its rings.
//
// Every ring still holds the last records of its lane, but not from the same moment on: the rings of busy lanes reach
// back less far. The gauges are those of the very end. So the history is made backwards: everything that the records in
// the rings added is subtracted from the gauges. The result is a keyframe from which the records lead to the end again.
// It is of the first moment from which on no ring has lost a record. The end is a keyframe of its own, with the gauges
// as they were left. A thread that was stopped between counting a move and writing its record (History §4) makes the
// two differ by that one move.
import Host
import Observed
import Region

extension History {
  /// Makes the history of what a source that has ended left behind: first its events, then the gauges of its
  /// end.
  package convenience init(remainsOf source: some SchedulerSource) throws(InspectorError) {
    self.init()
    reasons = source.reasons
    var salvage = Salvage(reasons)
    var batch: [Record] = []
    _ = try source.takeEvents(upTo: nil) { lane, read in
      batch.removeAll(keepingCapacity: true)
      let first = read(&batch)
      if !batch.isEmpty { salvage.take(batch, from: first, on: lane) }
    }
    let observation = try source.observe()
    let rows = try source.goroutines()
    names = observation.names
    for segment in salvage.segments(observation, GoroutineList(rows: rows)) { append(segment) }
  }
}

/// Collects the records of a dead process and puts them into two segments.
private struct Salvage {
  private let encoder = RecordEncoder()
  private let reasons: [WaitReason?]
  private var blocks: [EventBlock] = []
  /// The sum of what all records together add to the gauges.
  private var sum: Model
  /// The first record that each lane's ring still had.
  private var first: [Lane: PlacedRecord] = [:]
  /// The time of the last record of all lanes, in ticks; nil: there is no record.
  private(set) var end: UInt64?

  init(_ reasons: [WaitReason?]) {
    self.reasons = reasons
    var snapshot = Snapshot.beginning()
    snapshot.ps = (0..<Capacity.ps).map { Snapshot.P.beginning($0) }
    snapshot.account = QueueAccount()
    snapshot.gs.stackless = 0
    sum = Model(snapshot, reasons: reasons)
  }

  mutating func take(_ records: [Record], from position: UInt64, on lane: Lane) {
    if first[lane] == nil { first[lane] = PlacedRecord(record: records[0], lane: lane, position: position) }
    for record in records { sum.apply(record, on: lane) }
    let latest = records.reduce(0) { max($0, $1.time) }
    end = max(end ?? 0, latest)
    for start in stride(from: 0, to: records.count, by: RecordEncoder.most) {
      let range = start..<min(records.count, start + RecordEncoder.most)
      blocks.append(
        EventBlock(
          lane: lane, first: position &+ UInt64(start), count: range.count,
          firstTime: records[start].time, lastTime: records[range.upperBound - 1].time,
          payload: .memory(encoder.encode(records, range)), kinds: RecordSieve.kinds(of: records[range])))
    }
  }

  /// The two segments. The first reaches from the earliest moment at which all is known to the end; the
  /// second is the end itself.
  func segments(_ observation: Observation, _ list: GoroutineList) -> [Segment] {
    var last = Keyframe()
    (last.clock, last.snapshot) = (observation.clock, observation.snapshot)
    last.start = end ?? observation.clock.ticks(at: observation.snapshot.time)
    last.boundaries = observation.marks.map { LaneBoundary(lane: $0.lane, position: $0.position) }
    var start = Keyframe()
    (start.clock, start.snapshot) = (last.clock, beginning(last.snapshot))
    // A ring that still has its record 0 has lost nothing. So it does not limit how far back the history is complete: it
    // is known that nothing happened there before that record.
    start.start = min(last.start, first.values.filter { $0.position > 0 }.map(\.record.time).max() ?? 0)
    if start.start == 0 { start.start = first.values.map(\.record.time).min() ?? last.start }
    start.snapshot.time = start.clock.nanoseconds(at: start.start)
    start.boundaries = first.values.map { LaneBoundary(lane: $0.lane, position: $0.position) }
      .sorted { $0.lane.order < $1.lane.order }
    start.takeOffTimes(blocks, until: last.start)
    return [start.segment(blocks), last.segment([], list)]
  }

  /// The gauges before the first of the records in the rings.
  private func beginning(_ end: Snapshot) -> Snapshot {
    let added = sum.snapshot
    var start = end
    start.gs.created.takeOff(added.gs.created)
    start.gs.exited.takeOff(added.gs.exited)
    for state in [\Snapshot.Gs.running, \.runnable, \.preempted, \.syscall] {
      start.gs[keyPath: state] -= added.gs[keyPath: state]
    }
    start.gs.stackless = start.gs.stackless.map { $0 &- (added.gs.stackless ?? 0) }
    for (reason, count) in added.gs.waiting { start.gs.waiting[reason, default: 0] -= count }
    start.gs.waiting = start.gs.waiting.filter { $0.value != 0 }
    start.switches.takeOff(added.switches)
    if let steals = added.steals { start.steals?.takeOff(steals) }
    start.netpoll.parked -= added.netpoll.parked
    start.netpoll.wakeups.takeOff(added.netpoll.wakeups)
    start.netpoll.readied.takeOff(added.netpoll.readied)
    start.trace.events.takeOff(added.trace.events)
    if let queues = added.account { start.account?.takeOff(queues) }
    for p in added.ps + added.stopped { if let row = start.row(ofP: p.id) { start.ps[row].takeOff(p) } }
    for (lane, event) in first { start.showBefore(event.record, on: lane) }
    start.forgetUntold()
    return start
  }
}

extension Keyframe {
  fileprivate func segment(_ blocks: [EventBlock], _ list: GoroutineList? = nil) -> Segment {
    Segment(
      start: start, time: snapshot.time, keyframe: .memory(bytes), goroutines: list.map { .memory($0.bytes) },
      blocks: blocks, isComplete: true)
  }

  /// Turns the Ps' times in this keyframe from those at the segment's end into those at its beginning: subtracts the
  /// time that each P spent in each state during the segment.
  fileprivate mutating func takeOffTimes(_ blocks: [EventBlock], until end: UInt64) {
    let history = History()
    var clean = self
    for index in clean.snapshot.ps.indices {
      for time in Snapshot.P.times {
        clean.snapshot.ps[index][keyPath: time] = clean.snapshot.ps[index][keyPath: time].map { _ in 0 }
      }
    }
    history.append(clean.segment(blocks))
    guard let window = Window(0, of: history, RecordDecoder()) else { return }
    var (times, spent) = (IdleTimes(clean), clean.snapshot.ps)
    for event in window.events { times.apply(event.record, on: event.lane) }
    times.add(to: &spent, until: end, clock)
    /// The difference; nil if it would be negative, because then something is wrong and nothing is known.
    func rest(_ all: UInt64?, _ part: UInt64?) -> UInt64? {
      guard let all, let part, all >= part else { return nil }
      return all - part
    }
    for (index, p) in spent.enumerated() {
      for time in Snapshot.P.times {
        snapshot.ps[index][keyPath: time] = rest(snapshot.ps[index][keyPath: time], p[keyPath: time])
      }
    }
  }
}

extension Snapshot.P {
  fileprivate mutating func takeOff(_ added: Snapshot.P) {
    ticks.takeOff(added.ticks)
    stealsIn.takeOff(added.stealsIn)
    stealsOut.takeOff(added.stealsOut)
    stolenGs.takeOff(added.stolenGs)
  }
}

extension Snapshot {
  /// Shows the G that a P ran before the first known event of the P: the G that this event stops, or none.
  fileprivate mutating func showBefore(_ record: Record, on lane: Lane) {
    guard case .p(let id) = lane, let id = row(ofP: id) else { return }
    let isStop = [.goPark, .goYield, .goExit, .goPreempt, .goSyscall].contains(record.kind)
    account?.hold(ps[id].id, m: Self.holder(before: record), g: isStop ? record.g : nil)
    ps[id].g = isStop ? record.g : nil
    ps[id].entry = nil
    switch record.kind {
    case .procStart: (ps[id].status, ps[id].m) = (.idle, nil)
    case .mUnspin: ps[id].status = .spinning
    case .goSyscallExit: ps[id].status = .syscall
    default: ps[id].status = .running
    }
  }

  /// Removes counts that no event changes, because their values at the end say nothing of an earlier moment.
  fileprivate mutating func forgetUntold() {
    for index in ps.indices { (ps[index].gCache, ps[index].stackCache) = (nil, nil) }
    (gs.tasks, netpoll.rearms, netpoll.sysmonPolls) = (nil, nil, nil)
    shortages = Shortages()
  }

  /// The M that held the P before an event on it; nil: none.
  private static func holder(before record: Record) -> Int? {
    switch record.kind {
    case .procStart, .procRetire: nil
    case .retake: Int(clamping: record.arg)
    default: Int(record.m)
    }
  }
}
