// The story of a P or an M: all that it did according to its events, as a list of acts.
//
// A busy P starts a hundred thousand Gs a second. Told one by one, they would be noise. So Gs that run one
// after the other are one act, with their number, their time and how the last one ended. Whatever the
// scheduler does in between (a search, a steal, a poll, a change of the M) is an act of its own. Each number
// in the words of an act comes from an event, or is the difference of the times of two events.
import History
import Observed
import Region

/// Something that a P or an M did, from one moment to another. Times are in ticks.
struct Act: Equatable {
  var begin: UInt64
  var end: UInt64
  var text: String
}

/// Reads all events in the order of time, and keeps the last acts of one P or M.
struct Story {
  /// Maximum number of acts that are kept.
  static let most = 400

  let subject: Lane
  private let evidence: Evidence
  private let handing: Handing
  private(set) var acts: [Act] = []
  private var run: Run?
  private var search: UInt64?
  private var call: (g: UInt64, at: UInt64)?
  /// The last wake-up of each M that has done nothing since: the M that woke it, when (in ticks), and whether
  /// it is to search for work.
  private var wakers: [Int: (by: Int, at: UInt64, toSearch: Bool)] = [:]
  private var isP: Bool { if case .p = subject { true } else { false } }

  /// Gs that ran one after the other.
  private struct Run {
    var begin: UInt64
    var end: UInt64
    var count = 0
    /// How long the Gs of this run ran in all, in ticks.
    var time: UInt64 = 0
    /// When the running G began, in ticks; nil: none runs.
    var since: UInt64?
    /// The last G that ran.
    var last: UInt64
    /// How the last G stopped, in words.
    var ending = ""
    var longest: (g: UInt64, ticks: UInt64) = (0, 0)
    var created = 0
    var readied = 0
    /// How often the Gs that this run created or readied found the LRQ full, and how many Gs moved to the GRQ
    /// then.
    var spills = (times: 0, gs: 0)
  }

  init(of subject: Lane, _ evidence: Evidence) {
    (self.subject, self.evidence, handing) = (subject, evidence, Handing(events: evidence.events))
    for index in evidence.events.indices { take(evidence.events[index], index) }
    finishRun(at: evidence.ticks, isOver: false)
    if let search { tell(search, evidence.ticks, searchText(search, evidence.ticks) + ", and still does") }
    if let call {
      tell(call.at, evidence.ticks, "\(evidence.name(call.g)) is in a system call")
    }
    if case .m(let m) = subject, let waker = wakers[m] {
      tell(
        waker.at, evidence.ticks,
        "M\(waker.by) woke it" + (waker.toSearch ? " to search" : "") + "; it has not come to run yet")
    }
  }

  /// The acts in a stretch of time, given in ticks.
  func acts(from: UInt64, to: UInt64) -> [Act] { acts.filter { $0.end >= from && $0.begin <= to } }

  // MARK: reading

  private mutating func take(_ event: PlacedRecord, _ index: Int) {
    let record = event.record
    guard let kind = record.kind else { return }
    if kind == .mWake {
      let woken = Int(record.count)
      if wakers.count < 1 << 16 { wakers[woken] = (Int(record.m), record.time, record.arg == 1) }
      return
    }
    if kind == .retake || kind == .preemptRequest { return takeFromSysmon(kind, record) }
    if kind == .procRetire, isP { return retire(record) }
    // A wake-up counts for the first thing that the M does after it, and for nothing later.
    defer { if !wakers.isEmpty { wakers[Int(record.m)] = nil } }
    guard isP ? event.lane == subject : subject == .m(Int(record.m)) else { return }
    switch kind {
    case .goStart, .goResume: start(record)
    case .goPark, .goYield, .goExit, .goPreempt, .goSyscall: stop(kind, record)
    case .goSyscallExit: leaveCall(record)
    case .goCreate where run?.since != nil: run?.created += 1
    case .goReady where run?.since != nil: run?.readied += 1
    default: takeOther(kind, record, index)
    }
  }

  private mutating func retire(_ record: Record) {
    guard subject == .p(Int(record.count)) else { return }
    let left = record.arg == 0 ? "" : "; its \(counted(record.arg, "G")) went to the GRQ"
    tell(record.time, record.time, "stopped for good: there are fewer Ps now" + left)
  }

  private mutating func takeFromSysmon(_ kind: EventKind, _ record: Record) {
    guard isP ? subject == .p(Int(record.count)) : subject == .m(Int(clamping: record.arg)) else { return }
    if kind == .retake {
      finishRun(at: record.time)
      let p = isP ? "it" : "P\(record.count)"
      let m = isP ? "M\(record.arg), which was" : "it while it was"
      tell(record.time, record.time, "sysmon took \(p) from \(m) blocked in a system call")
      if isP { call = nil }
    } else {
      let g = run.map { "G\($0.last)" } ?? "its G"
      finishRun(at: record.time, isOver: false)
      tell(record.time, record.time, "sysmon asked \(g) to stop: it has had its turn, and others wait")
    }
  }

  private mutating func start(_ record: Record) {
    endSearch(at: record.time, found: true)
    if run == nil { run = Run(begin: record.time, end: record.time, last: record.g) }
    run?.count += 1
    run?.since = record.time
    run?.last = record.g
    run?.end = record.time
  }

  private mutating func stop(_ kind: EventKind, _ record: Record) {
    if run == nil { run = Run(begin: record.time, end: record.time, count: 1, last: record.g) }
    if let since = run?.since, record.time >= since {
      let ticks = record.time - since
      run?.time += ticks
      if ticks >= run?.longest.ticks ?? 0 { run?.longest = (record.g, ticks) }
    }
    run?.since = nil
    run?.end = record.time
    run?.last = record.g
    let ending = ending(kind, record)
    run?.ending = ending
    guard kind == .goSyscall else { return }
    finishRun(at: record.time)
    call = (record.g, record.time)
  }

  private func ending(_ kind: EventKind, _ record: Record) -> String {
    switch kind {
    case .goPark:
      "parked on \(evidence.reasons[Int(record.detail)] ?? .none)"
        + (record.arg > 0 ? ", fd \(record.arg - 1)" : "")
    case .goYield: "gave way"
    case .goExit: "was done"
    case .goPreempt: "was preempted"
    default: "went into a system call"
    }
  }

  private mutating func leaveCall(_ record: Record) {
    let began = call?.at
    call = nil
    let how = record.detail == 0 ? ", and had to queue for a P" : ""
    tell(
      began ?? record.time, record.time,
      "\(evidence.name(record.g)) came out of a system call\(began.map { " of " + evidence.span($0, record.time) } ?? "")"
        + how)
    if record.detail != 0 { start(record) }
  }

  // MARK: what is not a G's

  private mutating func takeOther(_ kind: EventKind, _ record: Record, _ index: Int) {
    guard let text = kind == .procStop ? letGo(index) : text(of: kind, record) else { return }
    if kind == .mSpin {
      finishRun(at: record.time)
      search = record.time
    } else if kind == .mUnspin {
      endSearch(at: record.time, found: record.arg == 1)
    } else if kind == .overflow, run?.since != nil {
      run?.spills.times += 1
      run?.spills.gs += Int(record.count)
    } else {
      let isOver = run?.since == nil
      finishRun(at: record.time, isOver: isOver)
      // A poll may find descriptors for which no G waits. Then the search goes on.
      if kind != .netpoll || record.count > 0 { endSearch(at: record.time, found: kind != .procStop) }
      tell(record.time, record.time, text)
    }
  }

  private func text(of kind: EventKind, _ record: Record) -> String? {
    switch kind {
    case .mSpin, .mUnspin: return ""
    case .procStart: return (isP ? "M\(record.m) took it" : "took P\(record.count)") + wakerText(record)
    case .procRetire: return "stopped P\(record.count) for good: there are fewer Ps now"
    case .steal where record.detail == 1:
      return "ran out: LRQ and GRQ empty; stole the next of P\(record.arg)"
    case .steal:
      return
        "ran out: LRQ and GRQ empty; stole \(counted(record.count, "G")), half of the LRQ of P\(record.arg)"
    case .grqTake:
      return "took \(counted(record.count, "G")) from the GRQ, \(Quantity.grouped(record.arg)) stayed there"
    case .overflow:
      return
        "its LRQ was full: \(counted(record.count, "G")) went to the GRQ, where \(Quantity.grouped(record.arg)) are then"
    case .netpoll:
      return
        "polled, and found \(counted(record.arg, "descriptor")) ready, with \(counted(record.count, "G"))"
    case .netpollStandby:
      return record.detail == 1 ? "stood by, since every P was busy" : "went to wait in the kernel"
    case .timers: return "fired \(counted(record.count, "timer"))"
    case .goSetAside: return "found no stack for G\(record.g), and set it aside"
    case .takeUp: return "put \(counted(record.count, "G")) that had waited for a stack on a queue"
    case .mPark: return "went to sleep"
    case .mStart: return "began to run, as thread \(record.arg)"
    case .mEnd: return "ended, since nobody had needed it for a while"
    case .gcStart: return "began to collect what the runtime does not need"
    case .gcEnd: return "gave back \(counted(record.arg, "byte"))"
    case .boot, .goCreate, .goStart, .goPark, .goReady, .goYield, .goExit, .procStop, .mWake, .goPreempt,
      .goResume, .goSyscall, .goSyscallExit, .retake, .preemptRequest, .procsChange, .shortage, .lend,
      .goLabel, .netpollLate, .timerLate, .nextStolen, .log, .cpuSample:
      return nil
    }
  }

  /// A sentence that says why a thread let go of a P, by the events before: `M0 let it go: nothing to run`.
  private func letGo(_ index: Int) -> String {
    let record = evidence.events[index].record
    let (who, thread) = isP ? ("M\(record.m) let it go", "M\(record.m)") : ("let P\(record.count) go", "it")
    return switch handing.letGo(index) {
    case .stopped(let g): "\(who): G\(g) was preempted, and keeps \(thread)"
    case .sleeps(let g): "\(who): G\(g) sleeps in the kernel, and keeps \(thread)"
    case .handed(let m, let g):
      (isP ? "M\(record.m) handed it to M\(m)" : "handed P\(record.count) to M\(m)") + ", which keeps G\(g)"
    case .retired: "\(who): there are fewer Ps now"
    case .foundNothing: "\(who): nothing to run"
    case .after(let kind, let g): "\(who), after G\(g) \(Self.past(kind))"
    case .untold: "\(who); the events do not say why"
    }
  }

  private static func past(_ kind: EventKind) -> String {
    switch kind {
    case .goPark: "had parked"
    case .goExit: "was done"
    case .goYield: "had given way"
    default: "was preempted"
    }
  }

  private func wakerText(_ record: Record) -> String {
    guard let waker = wakers[Int(record.m)], waker.at <= record.time else { return "" }
    let why = waker.toSearch ? " to search" : ""
    return
      "; M\(waker.by) had woken \(isP ? "M\(record.m)" : "it")\(why) \(evidence.span(waker.at, record.time)) earlier"
  }

  private func searchText(_ from: UInt64, _ to: UInt64) -> String {
    "\(isP ? "its M" : "it") searched for \(evidence.span(from, to)): LRQ, GRQ, a poll, the other Ps"
  }

  private mutating func endSearch(at time: UInt64, found: Bool) {
    guard let began = search else { return }
    search = nil
    tell(began, time, searchText(began, time) + (found ? ", and found work" : ", in vain"))
  }

  // MARK: telling

  private mutating func finishRun(at time: UInt64, isOver: Bool = true) {
    guard var run else { return }
    if let since = run.since, time >= since {
      run.time += time - since
      if time - since >= run.longest.ticks { run.longest = (run.last, time - since) }
      (run.end, run.ending) = (time, isOver ? "" : time < evidence.ticks ? "ran on" : "still does")
    }
    tell(run.begin, run.end, words(run))
    // A G that runs on also begins the next act.
    self.run =
      run.since != nil && !isOver && time < evidence.ticks
      ? Run(begin: time, end: time, count: 1, since: time, last: run.last) : nil
  }

  private func words(_ run: Run) -> String {
    let time = TimeText.short(evidence.clock.nanoseconds(lasting: run.time))
    var text: String
    if run.count > 1 {
      text = "ran \(counted(run.count, "G")) one after the other for \(time) in all"
      text += "; the longest, \(evidence.name(run.longest.g)), for " + evidence.span(0, run.longest.ticks)
      if !run.ending.isEmpty { text += "; the last, G\(run.last), \(run.ending)" }
    } else {
      text = evidence.name(run.last)
      if run.time > 0 { text = "ran \(text) for \(time)" }
      if !run.ending.isEmpty { text += (run.time > 0 ? "; it " : " ") + run.ending }
    }
    if run.created > 0 { text += "; \(run.created) created" }
    if run.readied > 0 { text += "; \(run.readied) made ready" }
    if run.spills.times > 0 {
      text +=
        "; the LRQ was full \(Quantity.times(run.spills.times)): \(counted(run.spills.gs, "G")) went to the GRQ"
    }
    return text
  }

  private mutating func tell(_ begin: UInt64, _ end: UInt64, _ text: String) {
    acts.append(Act(begin: begin, end: end, text: text))
    if acts.count > 2 * Self.most { acts.removeFirst(acts.count - Self.most) }
  }
}
