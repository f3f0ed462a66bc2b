// The meter: lengths of time and shares of time, computed from events second by second.
//
// §1 The problem. The events hold how long Gs wait for a P, how long they hold it, how long Gs wait after
// netpoll has found their descriptor ready, and what Ps and Ms do with their time. All of it must be computed
// from a million events a second, besides draining and compressing, and in the same way for a live region, a
// recording and a black box.
//
// §2 The design. The meter reads the records of one lane after the other, each lane in its own order. The
// lanes are never merged in the order of time, which would cost more than all the rest. This is enough
// because a record itself says what one would otherwise have to look for in other lanes:
//
//     run queue    goStart's arg: the ticks since the G became runnable
//     netpoll      the same, of starts whose detail says that the G waited for a descriptor
//     system call  goSyscallExit's arg: the ticks since the G entered
//     slice        from a start to the next stop in the same lane: a P runs one G at a time
//     time of a P  from each record of its lane to the next, by what the first record made the P do
//     time of an M the time of the Ps that it held, since a record names the M; in the rest it held no P
//
// Pressure needs the lanes in the order of time, so it is measured over a part of the time (see Pressure).
//
// §3 What it costs. A start or a stop adds one length to a tally, and the time since the last change to one
// of six sums. The HDR histograms are made from the tally once a second (see SpanTally). Most other records
// cost a look at a table. `mpgtop --self-test` measures this as a part of taking events in.
//
// §4 Exactness. Counts are the exact numbers of events. The times of a P add up to the time that it was
// watched, second by second, because its time is split at the end of each second. Where records were lost,
// time is `unknown` and no slice is invented. If the M of a P is in a system call, sysmon may take the P. It
// records that in the P's lane, before anybody else can have the P. An older target records it in the lane of
// sysmon's M. So the lanes of Ms are read before those of Ps, in every drain and from the history as well. If
// such a record is nevertheless written between the two readings, the P counts as in the call until its next
// record. A thread may be held up between taking a record's time and writing the record. As long as the second
// of that time is open, the record gets its place. If the second is closed, the record counts in the next one,
// and the time of its P up to the end of the closed second stays as it was counted before. `late` counts the
// batches that begin with such a record. A look back closes seconds at other moments than a live viewer, so
// closing a second must not count any time behind its end.
//
// §5 Bounds. At most `kept` closed seconds are kept, and at most `mostOpen` are open. Ps, Ms and the lists of
// each second are bounded by what a record can hold. Whatever the records say, nothing traps.
import Observed
import Region

/// Computes lengths and shares of time from the events of a target.
package struct Meter {
  /// Maximum number of closed seconds that are kept.
  package static let kept = 120
  /// Maximum number of open seconds. The lanes are read one after the other, so one lane may be as many seconds ahead of
  /// another as the reader was away, and `mostSteps` of these are told apart.
  package static let mostOpen = mostSteps + 2
  /// Maximum number of seconds that a lane goes through one by one. If it has to go further, no reader was
  /// watching meanwhile, and the time in between is unknown.
  private static let mostSteps = 8
  private static let mostPs = 4096

  /// The clock of the target; nil: the meter has not begun.
  package private(set) var clock: Clock?
  /// When the meter began, in nanoseconds of the machine's monotonic clock.
  package private(set) var begun: UInt64 = 0
  /// The time up to which the records of all lanes are known, in nanoseconds of the machine's monotonic
  /// clock.
  package private(set) var settled: UInt64 = 0
  /// How many batches of a P began with a record from before `told`; see §4.
  package private(set) var late = 0
  /// The end of the last closed second, in ticks.
  private var told: UInt64 = 0
  /// The closed seconds, oldest first.
  package private(set) var seconds: [Second] = []
  /// The sum of all closed seconds.
  private var closed = Activity()
  /// The open seconds, oldest first.
  private var open: [OpenSecond] = []
  /// The open second to which records are added at the moment. It is not in `open` meanwhile, so that it is
  /// quicker to reach.
  private var current = OpenSecond(number: 0)
  private let steps = Self.steps
  private var nextNumber: UInt64 = 0
  private var lanes: [LaneMeter] = []
  /// The wait reasons of Gs that wait in netpoll: bit n is set if raw reason n is one of them.
  private let netpollReasons: UInt64
  /// Whether a G that was ready for no time at all is one of which that is not known: so it is in a Go trace, which has no pid.
  private var isZeroUnknown = false

  init(reasons: [WaitReason?]) {
    netpollReasons = reasons.prefix(64).enumerated().reduce(0) { bits, reason in
      reason.element?.group == .netpoll ? bits | 1 << UInt64(reason.offset) : bits
    }
  }

  /// Begins with what the gauges say at a moment. A later call takes over the clock, because the clock
  /// becomes more exact with time.
  package mutating func note(_ clock: Clock, _ snapshot: Snapshot) {
    let isFirst = self.clock == nil
    self.clock = clock
    guard isFirst else { return }
    isZeroUnknown = snapshot.target.knownPid == nil
    (begun, settled, nextNumber) = (snapshot.time, snapshot.time, snapshot.time / 1_000_000_000)
    for p in snapshot.ps { begin(p.id, p.use, m: p.m ?? -1, at: clock.ticks(at: snapshot.time)) }
  }

  private mutating func begin(_ p: Int, _ use: PTime.Use, m: Int, at time: UInt64) {
    while lanes.count <= p { lanes.append(LaneMeter()) }
    var lane = LaneMeter()
    lane.begin(use, m: m, at: max(1, time))
    place(&lane, at: time)
    lanes[p] = lane
  }

  // MARK: records

  /// Adds records of one lane, oldest first. They must follow the records before.
  package mutating func take(_ records: some RandomAccessCollection<Record>, on lane: Lane) {
    guard clock != nil, let first = records.first else { return }
    guard case .p(let id) = lane, id >= 0, id < Self.mostPs else { return takeWithoutP(records) }
    if lanes.count <= id || lanes[id].last == 0 { begin(id, .unknown, m: Int(first.m), at: first.time) }
    if first.time < told { late &+= 1 }
    var lane = lanes[id]
    var index = index(of: lane.second)
    swap(&current, &open[index])
    current.ownTally()
    for record in records {
      if record.time >= lane.secondEnd || Int(record.m) != lane.m {
        swap(&current, &open[index])
        turn(&lane, id, to: record.time)
        hand(&lane, id, to: Int(record.m), at: record.time)
        index = self.index(of: lane.second)
        swap(&current, &open[index])
        current.ownTally()
      }
      step(record, &lane)
    }
    swap(&current, &open[index])
    lanes[id] = lane
  }

  /// If another M holds the P from here on, adds the P's time up to here to the times of the M that held it
  /// before.
  private mutating func hand(_ lane: inout LaneMeter, _ p: Int, to m: Int, at time: UInt64) {
    guard m != lane.m else { return }
    lane.advance(to: time)
    flush(&lane, p)
    lane.hold(by: m)
  }

  /// Notes that records are missing before the next one of this lane.
  package mutating func lose(_ lane: Lane) {
    guard case .p(let id) = lane, lanes.indices.contains(id) else { return }
    lanes[id].lose()
  }

  /// The effect of an event on the P in whose lane it is.
  private enum Step: UInt8 {
    case nothing, start, stop, goOn, leaveCall, preempt, enterCall, take, letGo, search, find, note, label
  }

  private static let steps: [Step] = (0..<256).map { raw in
    switch EventKind(rawValue: UInt8(raw)) {
    case .goStart: .start
    case .goResume: .goOn
    case .goSyscallExit: .leaveCall
    case .goPark, .goYield, .goExit: .stop
    case .goPreempt: .preempt
    case .goSyscall: .enterCall
    case .procStart: .take
    case .procStop, .retake, .procRetire: .letGo
    case .mSpin: .search
    case .mUnspin: .find
    case .steal, .netpoll: .note
    case .goLabel: .label
    case .boot, .goCreate, .goReady, .overflow, .grqTake, .mStart, .mPark, .mWake, .timers, .gcStart,
      .gcEnd, .preemptRequest, .procsChange, .shortage, .lend, .netpollLate, .timerLate, .mEnd,
      .nextStolen, .goSetAside, .takeUp, .netpollStandby, .log, .cpuSample, nil:
      .nothing
    }
  }

  /// Nearly all records are of the first three kinds of step. To test for these one by one costs less than a
  /// jump table.
  @inline(__always)
  private mutating func step(_ record: Record, _ lane: inout LaneMeter) {
    let step = steps[Int(truncatingIfNeeded: record.what & 0xff)]
    if step == .nothing { return }
    if step == .start { return start(record, &lane) }
    if step == .stop { return stop(record, &lane, then: .scheduling) }
    stepSeldom(step, record, &lane)
  }

  @inline(__always)
  private mutating func start(_ record: Record, _ lane: inout LaneMeter) {
    current.starts &+= 1
    if record.arg != 0 || !isZeroUnknown {
      current.tally.add(.runQueue, record.arg)
      if netpollReasons >> UInt64(record.endedReason) & 1 == 1 { current.tally.add(.netpoll, record.arg) }
    }
    lane.change(to: .running, at: record.time)
    lane.start(record.g, at: record.time)
  }

  @inline(__always)
  private mutating func stop(_ record: Record, _ lane: inout LaneMeter, then use: PTime.Use) {
    if let slice = lane.stop(record.g, at: record.time) {
      current.addSlice(slice, of: record.g)
      if lane.labelled.g == record.g, OpenSecond.isLong(slice) {
        current.note(label: lane.labelled.label, of: record.g)
      }
    }
    lane.change(to: use, at: record.time)
  }

  private mutating func stepSeldom(_ step: Step, _ record: Record, _ lane: inout LaneMeter) {
    let time = record.time
    switch step {
    case .preempt:
      stop(record, &lane, then: .scheduling)
      current.addPreemption(of: record.g)
      if lane.labelled.g == record.g { current.note(label: lane.labelled.label, of: record.g) }
    case .enterCall: stop(record, &lane, then: .syscall)
    case .goOn, .leaveCall:
      lane.change(to: .running, at: time)
      lane.start(record.g, at: time)
      if step == .leaveCall, record.ticksInSyscall != 0 {
        current.addSyscall(record.ticksInSyscall, of: lane.m)
      }
    case .take: lane.change(to: .scheduling, at: time)
    case .letGo: lane.change(to: .idle, at: time)
    case .search: lane.change(to: .spinning, at: time)
    case .find:
      lane.change(to: .scheduling, at: time)
      Self.note(record, &current)
    case .note: Self.note(record, &current)
    case .label: label(record, &lane)
    case .nothing, .start, .stop: break
    }
  }

  /// Notes the label that a G gets or loses. If the G has run for long when it loses a label, it is listed
  /// with that label.
  private mutating func label(_ record: Record, _ lane: inout LaneMeter) {
    let (g, label) = lane.labelled
    if g == record.g, label != 0, lane.g == g, OpenSecond.isLong(record.time &- lane.since) {
      current.note(label: label, of: g)
    }
    lane.label(record.arg == 0 ? 0 : record.g, record.arg == 0 ? 0 : UInt64(record.count))
  }

  /// Counts a record of a kind whose lane does not matter.
  private static func note(_ record: Record, _ second: inout OpenSecond) {
    switch record.kind {
    case .mUnspin:
      second.searches &+= 1
      if record.arg == 1 { second.found &+= 1 }
    case .steal:
      second.steals &+= 1
      second.stolenGs &+= UInt64(record.count)
    case .netpoll:
      second.polls &+= 1
      if record.detail == 2 { second.sysmonPolls &+= 1 }
    default: break
    }
  }

  /// Adds records of an M that held no P.
  private mutating func takeWithoutP(_ records: some RandomAccessCollection<Record>) {
    for record in records {
      switch record.kind {
      case .goSyscallExit where record.ticksInSyscall != 0:
        let index = index(at: record.time)
        open[index].ownTally()
        open[index].addSyscall(record.ticksInSyscall, of: Int(record.m))
      case .mUnspin, .netpoll:
        let index = index(at: record.time)
        Self.note(record, &open[index])
      case .retake where lanes.indices.contains(Int(record.count)):
        lanes[Int(record.count)].retake(at: record.time)
      case .procRetire where lanes.indices.contains(Int(record.count)):
        lanes[Int(record.count)].change(to: .idle, at: record.time)
      default: break
      }
    }
  }

  private mutating func index(at time: UInt64) -> Int {
    index(of: (clock?.nanoseconds(at: time) ?? 0) / 1_000_000_000)
  }

  // MARK: seconds

  /// The index of a second in `open`. A record of a second that is closed already counts in the next second.
  /// Lanes are read one after the other, so a lane may tell of a second before those that other lanes have told
  /// of.
  private mutating func index(of number: UInt64) -> Int {
    let number = max(number, nextNumber)
    if let found = open.lastIndex(where: { $0.number <= number }), open[found].number == number {
      return found
    }
    if open.count >= Self.mostOpen {
      if let later = open.firstIndex(where: { $0.number > number }) { return later }
      closeOldest()
    }
    let place = open.firstIndex { $0.number > number } ?? open.count
    open.insert(OpenSecond(number: number), at: place)
    return place
  }

  private mutating func place(_ lane: inout LaneMeter, at time: UInt64) {
    guard let clock else { return }
    lane.second = clock.nanoseconds(at: time) / 1_000_000_000
    lane.secondEnd = max(clock.ticks(at: (lane.second &+ 1) &* 1_000_000_000), time &+ 1)
  }

  /// Goes on into the second of `time`, and splits the time of the P at the end of each second.
  private mutating func turn(_ lane: inout LaneMeter, _ p: Int, to time: UInt64) {
    for _ in 0..<Self.mostSteps where time >= lane.secondEnd {
      lane.advance(to: lane.secondEnd)
      flush(&lane, p)
      place(&lane, at: lane.secondEnd)
    }
    if time >= lane.secondEnd {
      lane.begin(.unknown, m: lane.m, at: time)
      place(&lane, at: time)
    }
  }

  private mutating func flush(_ lane: inout LaneMeter, _ p: Int) {
    let index = index(of: lane.second)
    open[index].add(lane.takeTimes(), p: p, m: lane.m)
  }

  private mutating func closeOldest() {
    guard let clock, let oldest = open.first else { return }
    let second = Second(number: oldest.number, activity: oldest.activity(clock))
    open.removeFirst()
    nextNumber = oldest.number &+ 1
    closed.add(second.activity)
    seconds.append(second)
    if seconds.count > Self.kept { seconds.removeFirst(seconds.count - Self.kept) }
  }

  /// Notes that all records up to `time`, in nanoseconds, have been taken in. Assumes that lanes without new
  /// records go on as they were, and closes the seconds before the one of `time`.
  package mutating func settle(upTo time: UInt64) {
    guard let clock, time > settled else { return }
    settled = time
    let number = time / 1_000_000_000
    // A quiet lane may stand in an earlier second than all other lanes, and the seconds from there on are
    // still to be closed.
    let quiet = lanes.lazy.filter { $0.last != 0 }.map(\.second).min()
    guard let first = [open.first?.number, quiet].compactMap({ $0 }).min(), first < number else { return }
    told = clock.ticks(at: number &* 1_000_000_000)
    advance(to: told)
    while let oldest = open.first, oldest.number < number { closeOldest() }
  }

  private mutating func advance(to ticks: UInt64) {
    for id in lanes.indices where lanes[id].last != 0 {
      var lane = lanes[id]
      turn(&lane, id, to: ticks)
      lane.advance(to: ticks)
      flush(&lane, id)
      lanes[id] = lane
    }
  }

  // MARK: results

  /// The Gs that run at the moment, as far as the events tell.
  package var running: [Running] {
    guard let clock else { return [] }
    return lanes.enumerated().compactMap { p, lane in
      guard lane.use == .running, lane.since != 0 else { return nil }
      let label = lane.labelled.g == lane.g ? lane.labelled.label : nil
      return Running(p: p, g: lane.g, since: clock.nanoseconds(at: lane.since), label: label)
    }
  }

  /// The closed seconds and then the open ones, together with the sum of all since the meter began.
  package func result() -> (seconds: [Second], total: Activity) {
    guard let clock else { return ([], Activity()) }
    var copy = self
    copy.advance(to: clock.ticks(at: settled))
    let last = copy.open.map { Second(number: $0.number, activity: $0.activity(clock)) }
    var total = closed
    for second in last { total.add(second.activity) }
    return (seconds + last, total)
  }
}

extension Snapshot.P {
  /// The activity of the P, in the meter's terms.
  fileprivate var use: PTime.Use {
    switch status {
    case .idle, .stopped: .idle
    case .running: g == nil ? .scheduling : .running
    case .spinning: .spinning
    case .syscall: .syscall
    }
  }
}
