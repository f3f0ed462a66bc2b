// The narrator: one line that names what happened lately, for people who watch a scheduler.
//
// §1 The problem. A queue overflows within a microsecond, and in a flood of requests Ps steal a thousand times a second.
// Numbers that change ten times a second do not name such things, and a list of events names all of them.
//
// §2 The design. Events are looked through once, as they come. Of each kind of thing that is worth a line, the narrator
// keeps the weightiest one since it last named that kind. A line stays for three seconds or more, and the next line
// names the kind that has not been named for longest. So a rare thing is named at once, and a frequent one does not
// hide it. No kind is named twice within six seconds. After ten seconds a line goes, even if there is no new one. The
// line about a crowd of Gs that wait for sockets comes from the gauges.
//
// §3 Records come lane by lane (a lane is the records of one P, or of one M without a P), and a request may move from
// P to P within one reading. So records are kept until those of all lanes up to one moment have come (`settle`). Then
// the beginnings of requests are read first, and a request that has ended is judged once all lanes are read up to its
// end. This costs a copy of the records. Beyond that most records cost two looks at small tables, and only those of a
// G at which an open request began cost an addition.
//
// §4 Exactness. Every number in a sentence is one event's own, or the difference of two events' times. A view of the past
// has a narrator that begins at most a minute before the moment. It may name another kind at a moment than the live one did,
// but nothing that did not happen.
import History
import Observed
import Region

/// Chooses what is worth a line, from the events and gauges of one target.
package struct Narrator {
  /// How long a line stays at least, in nanoseconds.
  package static let hold: UInt64 = 3_000_000_000
  /// How long a line stays at most if no other line follows it, in nanoseconds.
  static let stay: UInt64 = 10_000_000_000
  /// The least time between two lines of the same kind, in nanoseconds.
  static let pause: UInt64 = 6_000_000_000
  /// The longest time since a thing happened, in nanoseconds, at which it is still worth a line.
  static let fresh: UInt64 = 5_000_000_000
  /// The least length of a slow request, in nanoseconds.
  static let slow: UInt64 = 100_000_000
  /// A G that ran at least this long in one go, in nanoseconds, did not give way. A G may be preempted sooner, because
  /// Gs that make one another runnext share one time slice.
  static let long: UInt64 = 10_000_000
  /// The most time, in nanoseconds, between the moment when sysmon takes a P from a thread in a system call and the
  /// moment when another thread takes this P, for the line to say that the P went from the first thread to the second.
  static let handing: UInt64 = 5_000_000
  /// The Gs that wait in netpoll are a crowd if there are at least `gs` of them, and at least `perThread` for each
  /// thread.
  static let crowd = (gs: 100, perThread: 20)
  private static let mostPs = 4096

  private struct LaneNote {
    /// The G that runs on the P; 0: none that is known.
    var g: UInt64 = 0
    /// The moment from which on the G runs, in ticks.
    var since: UInt64 = 0
    /// The M from which sysmon has taken the P, and when, in ticks; nil: the P was not taken, or an M got it since.
    var taken: (m: Int, time: UInt64)?
  }

  private struct Candidate {
    var happening: Happening
    /// When the thing happened, in nanoseconds.
    var time: UInt64
  }

  private let reasons: [WaitReason?]
  private var clock: Clock?
  /// The records that have come and were not read yet; see §3.
  private var pending: [(lane: Lane, records: [Record])] = []
  private var lanes: [LaneNote] = []
  private var requests = RequestAccounts()
  /// The weightiest thing of each kind since the last line about that kind.
  private var candidates = [Candidate?](repeating: nil, count: News.Kind.allCases.count)
  /// When the last line about each kind was chosen, in nanoseconds; 0: never.
  private var saidAt = [UInt64](repeating: 0, count: News.Kind.allCases.count)
  private var said: Candidate?

  init(reasons: [WaitReason?]) { self.reasons = reasons }

  /// The line to show, as of the last record or gauge that was read; nil: nothing is worth a line.
  package func news(_ names: StringBook) -> News? {
    said.map { News(kind: $0.happening.kind, text: $0.happening.text(names), time: $0.time) }
  }

  // MARK: what is said

  /// Reads the gauges of a moment, and chooses the line.
  package mutating func note(_ clock: Clock, _ snapshot: Snapshot) {
    self.clock = clock
    let waiting = snapshot.gs.waiting(in: .netpoll)
    let threads = snapshot.ms.count
    if threads > 0, waiting >= Self.crowd.gs, waiting >= Self.crowd.perThread * threads {
      let happening = Happening.crowd(waiting: waiting, threads: threads)
      candidates[News.Kind.crowd.rawValue] = Candidate(happening: happening, time: snapshot.time)
      // A line about a crowd tells of the present. So as long as it is shown, its numbers follow the gauges.
      if said?.happening.kind == .crowd { said?.happening = happening }
    } else if said?.happening.kind == .crowd {
      said = nil
    }
    choose(at: snapshot.time)
  }

  /// Notes that all records up to `time`, in nanoseconds, have come. Reads them, and chooses the line.
  package mutating func settle(upTo time: UInt64) {
    hearPending()
    if let clock {
      for (account, end) in requests.takeEnded(by: clock.ticks(at: time)) {
        found(.slowRequest(account.request(endedAt: end, clock, reasons)), at: end)
      }
    }
    choose(at: time)
  }

  private mutating func choose(at time: UInt64) {
    if let said, time < said.time &+ Self.hold { return }
    let choice = candidates.indices.filter { kind in
      guard let candidate = candidates[kind] else { return false }
      return time < candidate.time &+ Self.fresh && (saidAt[kind] == 0 || time >= saidAt[kind] &+ Self.pause)
    }.min { (saidAt[$0], $0) < (saidAt[$1], $1) }
    guard let choice, let chosen = candidates[choice] else {
      if let said, time >= said.time &+ Self.stay { self.said = nil }
      return
    }
    said = Candidate(happening: chosen.happening, time: time)
    saidAt[choice] = time
    candidates[choice] = nil
  }

  private mutating func found(_ happening: Happening, at ticks: UInt64) {
    guard let clock else { return }
    let kind = happening.kind.rawValue
    let time = clock.nanoseconds(at: ticks)
    if let other = candidates[kind], other.happening.weight > happening.weight,
      time < other.time &+ Self.fresh
    {
      return
    }
    candidates[kind] = Candidate(happening: happening, time: time)
  }

  // MARK: records

  /// The meaning of an event for the narrator.
  private enum Step: UInt8 {
    case nothing, start, stop, park, ready, enterCall, leaveCall, preempt, overflow, steal, retake, take,
      label
  }

  private static let steps: [Step] = (0..<256).map { raw in
    switch EventKind(rawValue: UInt8(raw)) {
    case .goStart, .goResume: .start
    case .goYield, .goExit: .stop
    case .goPark: .park
    case .goReady: .ready
    case .goSyscall: .enterCall
    case .goSyscallExit: .leaveCall
    case .goPreempt: .preempt
    case .overflow: .overflow
    case .steal: .steal
    case .retake: .retake
    case .procStart: .take
    case .goLabel: .label
    default: .nothing
    }
  }

  /// Takes records of one lane, oldest first. They must follow those that were taken of this lane before.
  package mutating func take(_ records: some RandomAccessCollection<Record>, on lane: Lane) {
    if clock != nil, !records.isEmpty { pending.append((lane, Array(records))) }
  }

  /// Reads the pending records: first the `goLabel` records of all lanes that begin requests, then all, lane by lane.
  private mutating func hearPending() {
    guard let clock, !pending.isEmpty else { return }
    let given = pending
    pending.removeAll(keepingCapacity: true)
    let label = UInt64(EventKind.goLabel.rawValue)
    for (_, records) in given {
      for record in records where record.what & 0xff == label && record.detail & 1 == 1 {
        requests.open(record, clock)
      }
    }
    for (lane, records) in given { hear(records, on: lane) }
  }

  private mutating func hear(_ records: [Record], on lane: Lane) {
    let steps = Self.steps
    guard case .p(let id) = lane, id >= 0, id < Self.mostPs else {
      var none = LaneNote()
      for record in records {
        let step = steps[Int(truncatingIfNeeded: record.what & 0xff)]
        if step != .nothing { hear(step, record, nil, &none) }
      }
      return
    }
    while lanes.count <= id { lanes.append(LaneNote()) }
    var note = lanes[id]
    for record in records {
      let step = steps[Int(truncatingIfNeeded: record.what & 0xff)]
      if step == .nothing { continue }
      if step == .start { (note.g, note.since) = (record.g, record.time) }
      if step == .start || step == .ready, !requests.mayFollow(record.g) { continue }
      hear(step, record, id, &note)
    }
    lanes[id] = note
  }

  /// Notes that records are missing before the next one of this lane: the accounts of requests would not be
  /// whole, so they are dropped.
  package mutating func lose(_ lane: Lane) {
    hearPending()
    requests.removeAll()
    if case .p(let id) = lane, lanes.indices.contains(id) { lanes[id] = LaneNote() }
  }

  private mutating func hear(_ step: Step, _ record: Record, _ p: Int?, _ note: inout LaneNote) {
    switch step {
    case .start, .ready, .stop, .park, .enterCall, .leaveCall: account(step, record, &note)
    case .preempt:
      preempt(record, note)
      account(step, record, &note)
    case .label: label(record)
    case .overflow: if let p { found(.overflow(p: p, gs: Int(record.count)), at: record.time) }
    case .steal where record.detail == 0:
      if let p {
        found(.steal(p: p, from: Int(clamping: record.arg), gs: Int(record.count)), at: record.time)
      }
    case .retake: retake(record, p, &note)
    case .take: if let p { takeUp(record, p, &note) }
    case .nothing, .steal: break
    }
  }

  /// Notes what the P does. If a request that is followed began at the G, also ends, in the request's account, the
  /// state in which the G was, and begins the G's new state (SlowRequest.swift).
  private mutating func account(_ step: Step, _ record: Record, _ note: inout LaneNote) {
    let (time, reason) = (record.time, Int(record.detail & 15))
    let goesOn = step == .leaveCall && record.detail != 0
    requests.change(record.g, at: time) { account in
      switch step {
      case .start: account.ready &+= time
      case .ready: account.waits[reason] &+= time
      case .leaveCall: account.calls &+= time
      default: account.running &+= time
      }
      switch step {
      case .start: account.running &-= time
      case .park: account.waits[reason] &-= time
      case .enterCall: account.calls &-= time
      default: if goesOn { account.running &-= time } else { account.ready &-= time }
      }
    }
    if goesOn { (note.g, note.since) = (record.g, time) }
    if step != .start, step != .ready, step != .leaveCall { note.g = 0 }
  }

  private mutating func preempt(_ record: Record, _ note: LaneNote) {
    guard let clock, note.g == record.g, record.time >= note.since else { return }
    let slice = clock.nanoseconds(lasting: record.time &- note.since)
    guard slice >= Self.long else { return }
    found(.preemption(g: record.g, slice: slice, label: requests.label(of: record.g)), at: record.time)
  }

  private mutating func label(_ record: Record) {
    guard let clock else { return }
    if record.detail & 1 == 1 { return requests.open(record, clock) }
    if record.detail == 4 { return }
    requests.close(record) { clock.nanoseconds(lasting: $0) >= Self.slow }
  }

  // MARK: threads in system calls

  private mutating func retake(_ record: Record, _ p: Int?, _ note: inout LaneNote) {
    let taken = (m: Int(clamping: record.arg), time: record.time)
    if p == Int(record.count) {
      note.taken = taken
    } else if lanes.indices.contains(Int(record.count)) {
      lanes[Int(record.count)].taken = taken
    }
  }

  private mutating func takeUp(_ record: Record, _ p: Int, _ note: inout LaneNote) {
    defer { note.taken = nil }
    guard let taken = note.taken, let clock, record.time >= taken.time, Int(record.m) != taken.m,
      clock.nanoseconds(lasting: record.time &- taken.time) <= Self.handing
    else { return }
    found(.handOff(p: p, from: taken.m, to: Int(record.m)), at: record.time)
  }
}
