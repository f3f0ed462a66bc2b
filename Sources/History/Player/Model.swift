// The model: the gauges at any moment, made from those of a keyframe and from the events since.
//
// This file says, kind by kind, how an event changes the gauges; no other file does. Events tell exactly the counts
// of Gs, starts, steals and polls, which G runs where, and what each thread does. They also tell the depths of queues
// and the holders of Ps, if the keyframe has an account of these (QueueAccount). Without an account, depths are those
// of the keyframe, at most a quarter of a second old, except for what `overflow` and `grqTake` tell of the GRQ.
// Timers and idle times are always those of the keyframe.
import Observed
import Region

/// The gauges of a moment, to which events can be applied one by one.
package struct Model {
  /// The gauges as the events tell them. The depths of queues and the holders of Ps follow from the account of the
  /// queues; `snapshot` puts them in.
  package var state: Snapshot
  private let reasons: [WaitReason?]
  /// The index in `state.ms` of each M, by its id.
  private var places: [Int: Int]

  package init(_ snapshot: Snapshot, reasons: [WaitReason?]) {
    (state, self.reasons) = (snapshot, reasons)
    places = [:]
    state.showAccount()
    for (index, m) in snapshot.ms.enumerated() { places[m.id] = index }
  }

  /// Notes that events are missing, so that some counts may be wrong. Counts that have become negative are set to 0.
  mutating func noteGap() {
    state.isConsistent = false
    for count in [\Snapshot.Gs.running, \.runnable, \.syscall, \.preempted] {
      state.gs[keyPath: count] = max(0, state.gs[keyPath: count])
    }
    state.gs.waiting = state.gs.waiting.filter { $0.value > 0 }
    state.netpoll.parked = max(0, state.netpoll.parked)
    state.gs.stackless = state.gs.stackless.map { max(0, $0) }
  }

  /// The gauges after the events that were applied so far.
  package var snapshot: Snapshot {
    var shown = state
    shown.showAccount()
    return shown
  }

  /// Applies one event of a lane. No event, however damaged, causes a trap or unbounded growth.
  package mutating func apply(_ record: Record, on lane: Lane) {
    state.trace.events.add(1)
    guard let kind = record.kind else { return }
    state.account?.apply(kind, record, on: lane)
    switch kind {
    case .goCreate, .goStart, .goPark, .goReady, .goYield, .goExit: count(kind, record)
    case .goPreempt, .goResume, .goSyscall, .goSyscallExit: count(kind, record)
    case .steal: steal(record, lane)
    case .overflow, .grqTake:
      if state.grq != nil { state.grq = Int(clamping: min(record.arg, UInt64(plausible))) }
    case .goSetAside: state.gs.stackless = state.gs.stackless.map { $0 &+ 1 }
    case .takeUp: state.gs.stackless = state.gs.stackless.map { $0 &- Int(record.count) }
    case .netpoll:
      state.netpoll.wakeups.add(1)
      state.netpoll.readied.add(UInt64(record.count))
    default: break
    }
    show(kind, record, lane)
  }

  // MARK: counts

  private mutating func count(_ kind: EventKind, _ record: Record) {
    switch kind {
    case .goCreate:
      state.gs.created.add(1)
      state.gs.runnable += 1
    case .goStart:
      state.switches.add(1)
      (state.gs.runnable, state.gs.running) = (state.gs.runnable - 1, state.gs.running + 1)
    case .goPark:
      state.gs.running -= 1
      count(record, 1)
    case .goReady:
      state.gs.runnable += 1
      count(record, -1)
    case .goYield: stop(\.runnable)
    case .goExit:
      state.gs.running -= 1
      state.gs.exited.add(1)
    case .goPreempt: stop(record.detail == 1 ? \.preempted : \.runnable)
    case .goResume: go(\.preempted, \.running)
    case .goSyscall: stop(\.syscall)
    case .goSyscallExit: go(\.syscall, record.detail == 0 ? \.runnable : \.running)
    default: break
    }
  }

  private mutating func count(_ record: Record, _ change: Int) {
    let reason = reasons[Int(record.detail)] ?? .none
    state.gs.waiting[reason, default: 0] += change
    if state.gs.waiting[reason] == 0 { state.gs.waiting[reason] = nil }
    if reason.group == .netpoll { state.netpoll.parked += change }
  }

  private mutating func stop(_ state: WritableKeyPath<Snapshot.Gs, Int>) { go(\.running, state) }

  private mutating func go(
    _ old: WritableKeyPath<Snapshot.Gs, Int>, _ new: WritableKeyPath<Snapshot.Gs, Int>
  ) {
    state.gs[keyPath: old] -= 1
    state.gs[keyPath: new] += 1
  }

  private mutating func steal(_ record: Record, _ lane: Lane) {
    guard case .p(let thief) = lane, let thief = state.row(ofP: thief) else { return }
    let victim = Int(clamping: record.arg)
    guard victim < QueueAccount.mostPs else { return }
    state.ps[thief].stealsIn.add(1)
    state.ps[thief].stolenGs.add(UInt64(record.count))
    countLoss(ofP: victim)
    state.steals?.count(UInt64(record.count), by: state.ps[thief].id, from: victim)
  }

  // MARK: who does what

  private mutating func show(_ kind: EventKind, _ record: Record, _ lane: Lane) {
    var p: Int?
    if case .p(let id) = lane, kind != .procRetire { p = row(ofP: id) }
    let m = place(Int(record.m), mayAdd: kind == .mStart)
    switch kind {
    case .goStart, .goResume: start(record, p, m, isStart: kind == .goStart)
    case .goSyscallExit:
      if record.detail == 0 { leave(p, m) } else { start(record, p, m, isStart: false) }
    case .goPark, .goYield, .goExit: leave(p, m)
    case .goPreempt:
      leave(p, m)
      if record.detail == 1, let m {
        (state.ms[m].state, state.ms[m].p, state.ms[m].g) = (.preemptWait, nil, record.g)
      }
    case .goSyscall:
      if let p { (state.ps[p].status, state.ps[p].g, state.ps[p].entry) = (.syscall, nil, nil) }
      if let m { (state.ms[m].state, state.ms[m].p, state.ms[m].g) = (.syscall, nil, record.g) }
    case .procStart: hold(p, m)
    case .procStop: release(p, m)
    case .retake: retake(record)
    case .procsChange: change(procs: Int(record.count))
    case .procRetire: retire(Int(record.count))
    case .mSpin, .mUnspin: search(kind == .mSpin, isFound: record.arg == 1, p, m)
    case .mPark:
      if let m { (state.ms[m].state, state.ms[m].p, state.ms[m].g) = (.parked, nil, nil) }
    case .netpollStandby:
      if let m { state.ms[m].state = record.detail == 1 ? .standby : .netpoll }
    case .mStart:
      if let m { state.ms[m].tid = Int32(truncatingIfNeeded: record.arg) }
    case .mEnd:
      if let m { remove(m) }
    case .boot, .goCreate, .goReady, .steal, .overflow, .grqTake, .mWake, .netpoll, .timers, .gcStart,
      .gcEnd, .preemptRequest, .shortage, .lend, .goLabel, .netpollLate, .timerLate, .nextStolen,
      .goSetAside, .takeUp, .log, .cpuSample:
      break
    }
  }

  private mutating func start(_ record: Record, _ p: Int?, _ m: Int?, isStart: Bool) {
    if let p {
      (state.ps[p].g, state.ps[p].entry, state.ps[p].status) = (record.g, nil, .running)
      if isStart { state.ps[p].ticks.add(1) }
    }
    hold(p, m)
    if let m { (state.ms[m].g, state.ms[m].state) = (record.g, .running) }
  }

  private mutating func hold(_ p: Int?, _ m: Int?) {
    if let p {
      if let m { state.ps[p].m = state.ms[m].id }
      if [.idle, .syscall, .stopped].contains(state.ps[p].status) {
        state.ps[p].status = .running
      }
    }
    guard let m else { return }
    state.ms[m].p = p.map { state.ps[$0].id } ?? state.ms[m].p
    if state.ms[m].state == .parked || state.ms[m].state == .syscall { state.ms[m].state = .running }
  }

  private mutating func release(_ p: Int?, _ m: Int?) {
    if let p { (state.ps[p].status, state.ps[p].m, state.ps[p].g) = (.idle, nil, nil) }
    if let p { state.ps[p].entry = nil }
    guard let m else { return }
    state.ms[m].p = nil
    // If no event tells when threads fall asleep, a thread without a P counts as asleep.
    if !tellsThreads, state.ms[m].state == .running { state.ms[m].state = .parked }
    // An M that was preempted and waits (`preemptWait`), or that is in a system call, keeps its G when its P is
    // taken.
    if state.ms[m].state != .preemptWait && state.ms[m].state != .syscall { state.ms[m].g = nil }
  }

  /// Notes that a P was taken from an M that is in a system call.
  private mutating func retake(_ record: Record) {
    let p = state.row(ofP: Int(record.count))
    if let p, let victim = places[Int(clamping: record.arg)], state.ms[victim].p == state.ps[p].id {
      state.ms[victim].p = nil
    }
    release(p, nil)
  }

  /// Notes that the P and the M no longer run the G that they ran.
  private mutating func leave(_ p: Int?, _ m: Int?) {
    if let p { (state.ps[p].g, state.ps[p].entry) = (nil, nil) }
    guard let m else { return }
    state.ms[m].g = nil
    guard !tellsThreads, state.ms[m].p == nil else { return }
    if state.ms[m].state == .syscall || state.ms[m].state == .running { state.ms[m].state = .parked }
  }

  /// Whether events tell when a thread falls asleep. Those of a Go trace do not; a Go trace is known here by its
  /// missing pid.
  private var tellsThreads: Bool { state.target.knownPid != nil }

  private mutating func search(_ begins: Bool, isFound: Bool, _ p: Int?, _ m: Int?) {
    if let p, begins || isFound { state.ps[p].status = begins ? .spinning : .running }
    if let m { state.ms[m].state = begins ? .spinning : .running }
  }

  /// The index of the row of an M. A new thread gets a row at its first event, `mStart`; nil: the M has none.
  private mutating func place(_ id: Int, mayAdd: Bool) -> Int? {
    if let index = places[id] { return index }
    guard mayAdd else { return nil }
    var m = Snapshot.M()
    (m.id, m.state) = (id, .running)
    let index = state.ms.firstIndex { $0.id > id } ?? state.ms.count
    state.ms.insert(m, at: index)
    for (index, m) in state.ms.enumerated() { places[m.id] = index }
    return index
  }

  private mutating func remove(_ m: Int) {
    places[state.ms.remove(at: m).id] = nil
    for (index, m) in state.ms.enumerated() { places[m.id] = index }
  }

  /// Adds a row for an M that was there before, unless it has one.
  package mutating func introduce(_ m: Snapshot.M) {
    guard places[m.id] == nil else { return }
    state.insert(m)
    // The new M is mostly the last one, and then no other row has to be numbered anew: there may be 65,000 threads.
    if state.ms.last?.id == m.id {
      places[m.id] = state.ms.count - 1
    } else {
      for (index, m) in state.ms.enumerated() { places[m.id] = index }
    }
  }

  /// Sets the time of the moment that is shown.
  package mutating func set(time: UInt64) {
    if state.account == nil, time > state.time { state.queueAge = time - state.time }
    state.time = time
  }
}
