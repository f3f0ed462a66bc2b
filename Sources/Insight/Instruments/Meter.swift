// The meter: lengths of time and shares of time out of events, second by second.
//
// §1 The problem. How long Gs wait for a P, how long they hold it, how long what netpoll found ready waits, what Ps and
// Ms do with their time: all of it is in the events, and must come out of them at a million a second, beside draining
// and compressing, in the same way from a live region, a recording and a black box.
//
// §2 The design. A fold over the records of one lane at a time, in the lane's order. The lanes are never put in order
// among themselves, which would cost more than all the rest. That is enough because a record says by itself what would
// else have to be looked for in other lanes:
//
//     run queue   goStart's arg: the ticks since it became runnable
//     netpoll     the same, of starts whose detail says that they waited for a descriptor
//     system call goSyscallExit's arg: the ticks since it entered
//     slice       from a start to the next stop in the same lane: a P runs one G at a time
//     time        of a P, from each record of its lane to the next, by what the first made it do
//     time of M   that of the Ps that it held, since a record names the M; what is left of a window it held no P
//
// What needs the lanes in order, pressure, is measured over less (see Pressure).
//
// §3 What it costs. A start or a stop adds one length to a tally, from which the HDR histograms are made once a second (see
// SpanTally), and the time since the last change to one of six sums; most other records cost a look at a table.
// `mpgtop --self-test` measures it as part of taking in.
//
// §4 Exactness. Counts are the numbers of the events. The times of a P add up to the time that it was watched, second by
// second: at the end of each the time is split. Where records were lost, time is `unknown` and no slice is made up.
// A P whose M is in a system call may be taken by sysmon, which says so in the P's lane, before anybody else can have the P.
// An older target's says so in its own lane: so the lanes of Ms come before those of Ps in every drain, and out of history
// as well. Should that record all the same be written between the reading of the two, the P counts as in the call until
// its next record.
// A record whose thread was held up between its time and its writing counts in the second in which it came, and what its P
// did up to then was told as before: `late` counts these.
//
// §5 Bounds. `kept` seconds are kept, of which at most `mostOpen` are open; Ps, Ms and lists in them are bounded by
// what their numbers can be in a record. Whatever the records say, nothing traps.
import Observed
import Region

package struct Meter {
  /// Closed seconds that are kept.
  package static let kept = 120
  private static let mostOpen = 3
  /// Seconds that a lane goes through one by one; beyond, nobody was watching.
  private static let mostSteps = 8
  private static let mostPs = 4096

  /// nil: it has not begun.
  package private(set) var clock: Clock?
  /// When it began, in nanoseconds, and up to when all lanes are known.
  package private(set) var begun: UInt64 = 0
  package private(set) var settled: UInt64 = 0
  /// Batches of a P that began with a record of before the moment, in ticks, up to which the lanes were last told of; see §4.
  package private(set) var late = 0
  private var told: UInt64 = 0
  /// Oldest first.
  package private(set) var seconds: [Second] = []
  /// All that is closed.
  private var closed = Activity()
  private var open: [OpenSecond] = []
  /// The open second that records are added to, while they are: taken out of `open`, so that it is at hand.
  private var current = OpenSecond(number: 0)
  private let steps = Self.steps
  private var nextNumber: UInt64 = 0
  private var lanes: [LaneMeter] = []
  /// A bit for each raw wait reason that is one of netpoll's.
  private let netpollReasons: UInt64

  init(reasons: [WaitReason?]) {
    netpollReasons = reasons.prefix(64).enumerated().reduce(0) { bits, reason in
      reason.element?.group == .netpoll ? bits | 1 << UInt64(reason.offset) : bits
    }
  }

  /// Begins with what the gauges say at a moment, or takes over the clock, which becomes better with time.
  package mutating func note(_ clock: Clock, _ snapshot: Snapshot) {
    let isFirst = self.clock == nil
    self.clock = clock
    guard isFirst else { return }
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

  /// Takes in records of one lane, oldest first, that follow those before.
  package mutating func take(_ records: some RandomAccessCollection<Record>, on lane: Lane) {
    guard clock != nil, let first = records.first else { return }
    guard case .p(let id) = lane, id >= 0, id < Self.mostPs else { return takeWithoutP(records) }
    if lanes.count <= id || lanes[id].last == 0 { begin(id, .unknown, m: Int(first.m), at: first.time) }
    if first.time < told { late &+= 1 }
    var lane = lanes[id]
    var index = index(of: lane.second)
    swap(&current, &open[index])
    for record in records {
      if record.time >= lane.secondEnd || Int(record.m) != lane.m {
        swap(&current, &open[index])
        turn(&lane, id, to: record.time)
        hand(&lane, id, to: Int(record.m), at: record.time)
        index = self.index(of: lane.second)
        swap(&current, &open[index])
      }
      step(record, &lane)
    }
    swap(&current, &open[index])
    lanes[id] = lane
  }

  /// The time up to here was another M's.
  private mutating func hand(_ lane: inout LaneMeter, _ p: Int, to m: Int, at time: UInt64) {
    guard m != lane.m else { return }
    lane.advance(to: time)
    flush(&lane, p)
    lane.hold(by: m)
  }

  /// Records are missing before the next of this lane.
  package mutating func lose(_ lane: Lane) {
    guard case .p(let id) = lane, lanes.indices.contains(id) else { return }
    lanes[id].lose()
  }

  /// What a kind means for the P in whose lane it is.
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
    default: .nothing
    }
  }

  /// Nearly all records are of the first three; asked for one after the other, they cost less than by a table of jumps.
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
    current.tally.add(.runQueue, record.arg)
    if netpollReasons >> UInt64(record.endedReason) & 1 == 1 { current.tally.add(.netpoll, record.arg) }
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

  /// A span that ends within a long go was what the go was for.
  private mutating func label(_ record: Record, _ lane: inout LaneMeter) {
    let (g, label) = lane.labelled
    if g == record.g, label != 0, lane.g == g, OpenSecond.isLong(record.time &- lane.since) {
      current.note(label: label, of: g)
    }
    lane.label(record.arg == 0 ? 0 : record.g, record.arg == 0 ? 0 : UInt64(record.count))
  }

  /// What counts on whatever lane it is.
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

  /// Records of an M that held no P.
  private mutating func takeWithoutP(_ records: some RandomAccessCollection<Record>) {
    for record in records {
      switch record.kind {
      case .goSyscallExit where record.ticksInSyscall != 0:
        let index = index(at: record.time)
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

  /// Where in `open` a second is: of one that is closed, the next. Lanes come one after the other, so one may tell of a
  /// second that is before those which others have told of.
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

  /// Goes on into the second of `time`.
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

  /// All records up to `time`, in nanoseconds, have been taken in: quiet lanes are as they were, and seconds before are
  /// closed.
  package mutating func settle(upTo time: UInt64) {
    guard let clock, time > settled else { return }
    settled = time
    let number = time / 1_000_000_000
    // A lane that was quiet may be in a second before all that others have told of.
    let quiet = lanes.lazy.filter { $0.last != 0 }.map(\.second).min()
    guard let first = [open.first?.number, quiet].compactMap({ $0 }).min(), first < number else { return }
    told = clock.ticks(at: time)
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

  /// The Gs that run as far as is known, and since when, in nanoseconds, with the label (a string id) of a span that they
  /// are known to work for.
  package var running: [Running] {
    guard let clock else { return [] }
    return lanes.enumerated().compactMap { p, lane in
      guard lane.use == .running, lane.since != 0 else { return nil }
      let label = lane.labelled.g == lane.g ? lane.labelled.label : nil
      return Running(p: p, g: lane.g, since: clock.nanoseconds(at: lane.since), label: label)
    }
  }

  /// The seconds that are closed, then those that are not, and all of them together.
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
  /// What it does, as the meter counts it.
  fileprivate var use: PTime.Use {
    switch status {
    case .idle, .stopped: .idle
    case .running: g == nil ? .scheduling : .running
    case .spinning: .spinning
    case .syscall: .syscall
    }
  }
}
