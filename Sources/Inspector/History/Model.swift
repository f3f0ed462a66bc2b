// The model: gauges at any moment, made of a keyframe's and of the events since.
//
// What an event says of the gauges is here, kind by kind, and nowhere else. Counts of Gs, starts, steals, polls, who
// runs where and what each thread does follow from events exactly. Depths of queues, timers and idle times are those
// of the keyframe, at most a quarter of a second old, but for what `overflow` and `grqTake` tell of the GRQ.
internal import Region

struct Model {
  private(set) var snapshot: Snapshot
  private let reasons: [WaitReason?]
  /// Where in `snapshot.ms` an M is, by its id.
  private var places: [Int: Int]

  init(_ snapshot: Snapshot, reasons: [WaitReason?]) {
    (self.snapshot, self.reasons) = (snapshot, reasons)
    places = [:]
    for (index, m) in snapshot.ms.enumerated() { places[m.id] = index }
  }

  /// Some counts may be off: events are missing. Those that this has put below zero are none.
  mutating func noteGap() {
    snapshot.isConsistent = false
    for state in [\Snapshot.Gs.running, \.runnable, \.syscall, \.preempted] {
      snapshot.gs[keyPath: state] = max(0, snapshot.gs[keyPath: state])
    }
    snapshot.gs.waiting = snapshot.gs.waiting.filter { $0.value > 0 }
    snapshot.netpoll.parked = max(0, snapshot.netpoll.parked)
  }

  /// Applies one event of a lane. Whatever it says, nothing traps, and nothing grows without bound.
  mutating func apply(_ record: Record, on lane: Lane) {
    snapshot.trace.events &+= 1
    guard let kind = record.kind else { return }
    switch kind {
    case .goCreate, .goStart, .goPark, .goReady, .goYield, .goExit: count(kind, record)
    case .goPreempt, .goResume, .goSyscall, .goSyscallExit: count(kind, record)
    case .steal: steal(record, lane)
    case .overflow, .grqTake: snapshot.grq = Int(clamping: min(record.arg, UInt64(plausible)))
    case .netpoll:
      snapshot.netpoll.wakeups &+= 1
      snapshot.netpoll.readied &+= UInt64(record.count)
    default: break
    }
    show(kind, record, lane)
  }

  // MARK: counts

  private mutating func count(_ kind: EventKind, _ record: Record) {
    switch kind {
    case .goCreate:
      snapshot.gs.created &+= 1
      snapshot.gs.runnable += 1
    case .goStart:
      snapshot.switches &+= 1
      (snapshot.gs.runnable, snapshot.gs.running) = (snapshot.gs.runnable - 1, snapshot.gs.running + 1)
    case .goPark:
      snapshot.gs.running -= 1
      count(record, 1)
    case .goReady:
      snapshot.gs.runnable += 1
      count(record, -1)
    case .goYield: stop(\.runnable)
    case .goExit:
      snapshot.gs.running -= 1
      snapshot.gs.exited &+= 1
    case .goPreempt: stop(record.detail == 1 ? \.preempted : \.runnable)
    case .goResume: go(\.preempted, \.running)
    case .goSyscall: stop(\.syscall)
    case .goSyscallExit: go(\.syscall, record.detail == 0 ? \.runnable : \.running)
    default: break
    }
  }

  private mutating func count(_ record: Record, _ change: Int) {
    let reason = reasons[Int(record.detail)] ?? .none
    snapshot.gs.waiting[reason, default: 0] += change
    if snapshot.gs.waiting[reason] == 0 { snapshot.gs.waiting[reason] = nil }
    if reason.group == .netpoll { snapshot.netpoll.parked += change }
  }

  private mutating func stop(_ state: WritableKeyPath<Snapshot.Gs, Int>) { go(\.running, state) }

  private mutating func go(
    _ old: WritableKeyPath<Snapshot.Gs, Int>, _ new: WritableKeyPath<Snapshot.Gs, Int>
  ) {
    snapshot.gs[keyPath: old] -= 1
    snapshot.gs[keyPath: new] += 1
  }

  private mutating func steal(_ record: Record, _ lane: Lane) {
    guard case .p(let thief) = lane, let thief = snapshot.row(ofP: thief) else { return }
    guard let victim = snapshot.row(ofP: Int(clamping: record.arg)) else { return }
    snapshot.ps[thief].stealsIn &+= 1
    snapshot.ps[thief].stolenGs &+= UInt64(record.count)
    snapshot.ps[victim].stealsOut &+= 1
    snapshot.steals.count(UInt64(record.count), by: snapshot.ps[thief].id, from: snapshot.ps[victim].id)
  }

  // MARK: who does what

  private mutating func show(_ kind: EventKind, _ record: Record, _ lane: Lane) {
    var p: Int?
    if case .p(let id) = lane { p = snapshot.row(ofP: id) }
    let m = place(Int(record.m), mayAdd: kind == .mStart)
    switch kind {
    case .goStart, .goResume: start(record, p, m, isStart: kind == .goStart)
    case .goSyscallExit:
      if record.detail == 0 { leave(p, m) } else { start(record, p, m, isStart: false) }
    case .goPark, .goYield, .goExit: leave(p, m)
    case .goPreempt:
      leave(p, m)
      if record.detail == 1, let m {
        (snapshot.ms[m].state, snapshot.ms[m].p, snapshot.ms[m].g) = (.preemptWait, nil, record.g)
      }
    case .goSyscall:
      if let p { (snapshot.ps[p].status, snapshot.ps[p].g, snapshot.ps[p].entry) = (.syscall, nil, nil) }
      if let m { (snapshot.ms[m].state, snapshot.ms[m].p, snapshot.ms[m].g) = (.syscall, nil, record.g) }
    case .procStart: hold(p, m)
    case .procStop: release(p, m)
    case .retake: release(snapshot.row(ofP: Int(record.count)), nil)
    case .procsChange: snapshot.procs = Int(record.count)
    case .procRetire:
      guard let p = snapshot.row(ofP: Int(record.count)) else { return }
      release(p, nil)
      snapshot.ps[p].status = .stopped
    case .mSpin, .mUnspin: search(kind == .mSpin, isFound: record.arg == 1, p, m)
    case .mPark:
      if let m { (snapshot.ms[m].state, snapshot.ms[m].p, snapshot.ms[m].g) = (.parked, nil, nil) }
    case .mStart:
      if let m { snapshot.ms[m].tid = Int32(truncatingIfNeeded: record.arg) }
    case .mEnd:
      if let m { remove(m) }
    default: break
    }
  }

  private mutating func start(_ record: Record, _ p: Int?, _ m: Int?, isStart: Bool) {
    if let p {
      (snapshot.ps[p].g, snapshot.ps[p].entry, snapshot.ps[p].status) = (record.g, nil, .running)
      if isStart { snapshot.ps[p].ticks &+= 1 }
    }
    hold(p, m)
    if let m { (snapshot.ms[m].g, snapshot.ms[m].state) = (record.g, .running) }
  }

  private mutating func hold(_ p: Int?, _ m: Int?) {
    if let p {
      if let m { snapshot.ps[p].m = snapshot.ms[m].id }
      if [.idle, .syscall, .stopped].contains(snapshot.ps[p].status) {
        snapshot.ps[p].status = .running
      }
    }
    guard let m else { return }
    snapshot.ms[m].p = p.map { snapshot.ps[$0].id } ?? snapshot.ms[m].p
    if snapshot.ms[m].state == .parked || snapshot.ms[m].state == .syscall { snapshot.ms[m].state = .running }
  }

  private mutating func release(_ p: Int?, _ m: Int?) {
    if let p { (snapshot.ps[p].status, snapshot.ps[p].m, snapshot.ps[p].g) = (.idle, nil, nil) }
    if let p { snapshot.ps[p].entry = nil }
    guard let m else { return }
    snapshot.ms[m].p = nil
    // A G that was stopped where it was keeps its thread.
    if snapshot.ms[m].state != .preemptWait { snapshot.ms[m].g = nil }
  }

  /// The P and the M no longer run the G that they ran.
  private mutating func leave(_ p: Int?, _ m: Int?) {
    if let p { (snapshot.ps[p].g, snapshot.ps[p].entry) = (nil, nil) }
    if let m { snapshot.ms[m].g = nil }
  }

  private mutating func search(_ begins: Bool, isFound: Bool, _ p: Int?, _ m: Int?) {
    if let p, begins || isFound { snapshot.ps[p].status = begins ? .spinning : .running }
    if let m { snapshot.ms[m].state = begins ? .spinning : .running }
  }

  /// The row of an M; a thread that is new gets one when it says hello.
  private mutating func place(_ id: Int, mayAdd: Bool) -> Int? {
    if let index = places[id] { return index }
    guard mayAdd else { return nil }
    var m = Snapshot.M()
    (m.id, m.state) = (id, .running)
    let index = snapshot.ms.firstIndex { $0.id > id } ?? snapshot.ms.count
    snapshot.ms.insert(m, at: index)
    for (index, m) in snapshot.ms.enumerated() { places[m.id] = index }
    return index
  }

  private mutating func remove(_ m: Int) {
    places[snapshot.ms.remove(at: m).id] = nil
    for (index, m) in snapshot.ms.enumerated() { places[m.id] = index }
  }

}

extension Snapshot {
  /// Where in `ps` a P is: mostly at its id, but not when Ps below it were stopped. nil: it has no row.
  func row(ofP id: Int) -> Int? {
    if ps.indices.contains(id), ps[id].id == id { return id }
    return ps.firstIndex { $0.id == id }
  }
}
