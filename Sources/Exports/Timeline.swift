// The timeline: what records say of Gs, Ms and Ps, as moves that are legal one after another. Traces are made
// from it.
//
// §1 The problem. The formats of other tools are state machines that are checked: a G that blocks must have
// run, a G that runs must have a P, a P has one M. Our records were written by many threads, each just after
// its move. So two records may be in the wrong order across lanes, some may be missing, and a damaged
// recording may say anything.
//
// §2 The design. Every record is first put in order (TimelineOrder), and then applied to a model of all Gs,
// Ms and Ps. If something must have happened before a record, and no record told of it, it is inferred and
// marked as such. For example, if a G parks without having been started, it is started first, at the same
// moment, and the G that ran there before is stopped. So whatever the records are, the steps hold to the
// invariants below, and their times increase strictly.
//
// Invariants, after every step:
//   1. A P is held by one M at most, and an M holds one P at most.
//   2. A running G is on one M, which holds a P that is not in a system call.
//   3. A G in a system call is on one M; if that M still holds the P that it had, the P is in the system call too.
import History
import Insight
import Observed
import Region

/// One legal move.
package struct Step: Equatable {
  /// The kind of a step: which G, M or P it moves, and into which state.
  package enum Kind: Equatable {
    /// A G exists from now on, and is runnable. `entry` is the string id of the place where it was spawned.
    /// Without a P, the G was made by a thread that holds none, or it existed before and nothing was known of
    /// it.
    case create(entry: UInt64)
    /// The G starts on a P: runnable → running.
    case start
    /// The G parks: running → waiting.
    case block(WaitReason?, fd: UInt64)
    /// The G is readied: waiting → runnable. A thread did it on behalf of the G `by`; 0: on behalf of no G.
    case unblock(by: UInt64)
    /// The G is preempted or yields: running → runnable.
    case stop(isPreempted: Bool)
    /// The G ends: running → gone.
    case exit
    /// The G enters a system call: running → syscall. The P stays, and can be taken.
    case enterSyscall
    /// The G returns from a system call: syscall → running, on the P that stayed.
    case leaveSyscall
    /// The G returns from a system call: syscall → runnable, because the P has been taken meanwhile.
    case leaveSyscallBlocked
    /// The M takes the idle P.
    case takeP
    /// The M lets go of the P.
    case dropP
    /// The M takes the P from another M, whose G is in a system call.
    case stealP(from: Int)
    /// Something that moves no G or P, with the record's `arg`: a thread searches, sleeps or collects, or the
    /// GRQ changes its depth.
    case note(EventKind, UInt64)
  }

  package var kind: Kind
  /// The moment at which the step happened, in nanoseconds. Each step is later than the one before.
  package var time: UInt64
  /// The M whose thread did the step.
  package var m: Int
  /// The G that moved; 0: the step moves no G.
  package var g: UInt64 = 0
  package var p: Int?
  /// Whether the step was inferred, because no record told it.
  var isInferred = false
}

/// Makes legal moves from records. See §2.
package struct Timeline {
  /// The known state of one G.
  package struct G: Equatable {
    /// One of runnable, running, syscall, waiting.
    package var state: GState
    package var m: Int?
    package var reason: WaitReason = .none
  }
  /// The known state of one P.
  package struct P: Equatable {
    package var m: Int?
    var isInSyscall = false
  }
  /// The known state of one M.
  package struct M: Equatable {
    package var p: Int?
    package var g: UInt64?
  }

  package private(set) var gs: [UInt64: G] = [:]
  package private(set) var ps: [Int: P] = [:]
  package private(set) var ms: [Int: M] = [:]
  /// The time of the last step, in nanoseconds.
  package private(set) var time: UInt64 = 0
  private var steps: [Step] = []
  private let reasons: [WaitReason?]

  /// The most Gs that records may tell of. Gs and times beyond these limits come from damaged records, and
  /// are ignored.
  static let mostGs = 1 << 22
  static let highestG: UInt64 = 1 << 60
  package static let latest: UInt64 = 1 << 62
  /// The Ms that records can name.
  package static let threads = 0...Int(UInt16.max)

  /// Begins with the known state of one moment.
  package init(_ snapshot: Snapshot, _ goroutines: [Goroutine], reasons: [WaitReason?]) {
    (self.reasons, time) = (reasons, min(snapshot.time, Self.latest))
    for g in goroutines.prefix(Self.mostGs) where g.id > 0 && g.id < Self.highestG {
      // Gs that run or are in a system call get their M below. Without an M they count as runnable.
      gs[g.id] = G(state: g.state == .waiting ? .waiting : .runnable, reason: g.reason)
    }
    for p in snapshot.ps.prefix(Capacity.ps) where (0..<Capacity.ps).contains(p.id) {
      ps[p.id] = P()
      guard let m = p.m, Self.threads.contains(m), ms[m]?.p == nil, p.status != .idle, p.status != .stopped
      else { continue }
      if let g = p.g, Self.isPlausible(g) {
        guard gs[g]?.m == nil else { continue }
        gs[g] = G(state: .running, m: m)
        ms[m] = M(p: p.id, g: g)
      } else {
        ms[m] = M(p: p.id)
      }
      ps[p.id] = P(m: m)
    }
    for m in snapshot.ms where m.state == .syscall && Self.threads.contains(m.id) {
      guard let g = m.g, Self.isPlausible(g), ms[m.id]?.g == nil, gs[g]?.m == nil else { continue }
      gs[g] = G(state: .syscall, m: m.id)
      ms[m.id, default: M()].g = g
      if let p = ms[m.id]?.p { ps[p]?.isInSyscall = true }
    }
  }

  static func isPlausible(_ g: UInt64) -> Bool { g > 0 && g < highestG }

  /// Returns the steps since the last call.
  package mutating func take() -> [Step] {
    defer { steps.removeAll(keepingCapacity: true) }
    return steps
  }

  /// Moves the time on to a moment up to which nothing happens.
  package mutating func advance(to moment: UInt64) { time = max(time, min(moment, Self.latest)) }

  /// Whether a record fits the known state of its G, so that nothing has to be inferred.
  package func fits(_ record: Record) -> Bool {
    guard let kind = record.kind, let g = gs[record.g] else { return true }
    switch kind {
    case .goStart, .goResume: return g.state == .runnable
    case .goPark, .goYield, .goExit, .goPreempt, .goSyscall:
      return g.state == .running && g.m == Int(record.m)
    case .goReady: return g.state == .waiting
    case .goSyscallExit: return g.state == .syscall
    default: return true
    }
  }

  // MARK: records

  /// Applies a record, whatever it says, at a moment in nanoseconds.
  package mutating func apply(_ record: Record, on lane: Lane, at moment: UInt64) {
    guard let kind = record.kind else { return }
    let moment = min(moment, Self.latest)
    if moment > time { time = moment - 1 }
    let m = Int(record.m)
    switch kind {
    case .procStart: if record.count < Capacity.ps { hold(Int(record.count), m) }
    case .procStop:
      if ms[m]?.p == Int(record.count) { release(Int(record.count), by: m, isInferred: false) }
    case .retake:
      if ps[Int(record.count)]?.isInSyscall == true { release(Int(record.count), by: m, isInferred: false) }
    case .procRetire: release(Int(record.count), by: m, isInferred: false)
    case .mSpin, .mUnspin, .mPark, .mStart, .mEnd, .gcStart, .gcEnd, .overflow, .grqTake:
      step(.note(kind, record.arg), m, 0, nil)
    default: if Self.isPlausible(record.g) { applyToG(kind, record, lane, m) }
    }
  }

  private mutating func applyToG(_ kind: EventKind, _ record: Record, _ lane: Lane, _ m: Int) {
    let g = record.g
    var p = ms[m]?.p
    if case .p(let id) = lane, id < Capacity.ps { p = id }
    switch kind {
    case .goCreate: create(g, m, p: lane == .m(m) ? nil : p, entry: UInt64(record.count))
    case .goStart, .goResume: if let p { run(g, m, p, isInferred: false) }
    case .goReady: ready(g, m, by: record.other, isInferred: false)
    case .goSyscallExit:
      if record.detail == 0 { ready(g, m, by: 0, isInferred: false) } else if let p { comeBack(g, m, p) }
    case .goPark, .goYield, .goExit, .goPreempt, .goSyscall:
      guard let p else { return ready(g, m, by: 0) }
      run(g, m, p)
      leave(kind, record, m, p)
    default: break
    }
  }

  /// Applies a record by which the running G leaves its M: the G parks, yields, exits or enters a system call.
  private mutating func leave(_ kind: EventKind, _ record: Record, _ m: Int, _ p: Int) {
    let g = record.g
    ms[m]?.g = nil
    switch kind {
    case .goPark:
      let reason = reasons[Int(record.detail)]
      gs[g] = G(state: .waiting, reason: reason ?? .none)
      step(.block(reason, fd: record.arg), m, g, p)
    case .goExit:
      gs[g] = nil
      step(.exit, m, g, p)
    case .goSyscall:
      gs[g] = G(state: .syscall, m: m)
      ms[m]?.g = g
      ps[p]?.isInSyscall = true
      step(.enterSyscall, m, g, p)
    default:
      gs[g] = G(state: .runnable)
      step(.stop(isPreempted: kind == .goPreempt), m, g, p)
    }
  }

  private mutating func create(_ g: UInt64, _ m: Int, p: Int?, entry: UInt64, isInferred: Bool = false) {
    guard gs[g] == nil, gs.count < Self.mostGs else { return }
    if let p {
      hold(p, m)
      if let other = ms[m]?.g, gs[other]?.state == .syscall { comeBack(other, m, p, isInferred: true) }
    }
    gs[g] = G(state: .runnable)
    step(.create(entry: entry), m, g, p, isInferred)
  }

  /// Ends the system call of a G that goes on at once, because it has a P.
  private mutating func comeBack(_ g: UInt64, _ m: Int, _ p: Int, isInferred: Bool = false) {
    guard gs[g] == G(state: .syscall, m: m), ms[m]?.p == p, ps[p]?.isInSyscall == true else {
      return run(g, m, p, isInferred: isInferred)
    }
    (gs[g], ps[p]) = (G(state: .running, m: m), P(m: m))
    step(.leaveSyscall, m, g, p, isInferred)
  }

  // MARK: conditions that a move needs

  /// Makes the G run on this M and P. Moves any other G, M or P that stands in the way.
  private mutating func run(_ g: UInt64, _ m: Int, _ p: Int, isInferred: Bool = true) {
    if gs[g] == G(state: .running, m: m), ms[m]?.p == p { return }
    ready(g, m, by: 0, isInferred: isInferred || gs[g]?.state != .syscall)
    guard gs[g] != nil else { return }
    if let other = ms[m]?.g { ready(other, m, by: 0) }
    hold(p, m)
    gs[g] = G(state: .running, m: m)
    ms[m]?.g = g
    step(.start, m, g, p, isInferred)
  }

  /// Makes the G runnable, and on no M.
  private mutating func ready(_ g: UInt64, _ m: Int, by other: UInt64, isInferred: Bool = true) {
    guard let old = gs[g] else { return create(g, m, p: nil, entry: 0, isInferred: true) }
    switch old.state {
    case .waiting: step(.unblock(by: other), m, g, nil, isInferred)
    case .running:
      guard let home = old.m else { return }
      ms[home]?.g = nil
      step(.stop(isPreempted: false), home, g, ms[home]?.p, true)
    case .syscall:
      guard let home = old.m else { return }
      if let p = ms[home]?.p, ps[p]?.isInSyscall == true { release(p, by: home) }
      ms[home]?.g = nil
      step(.leaveSyscallBlocked, home, g, nil, isInferred)
    default: return
    }
    gs[g] = G(state: .runnable)
  }

  /// Makes the M hold the P. Moves any other P or M that stands in the way.
  private mutating func hold(_ p: Int, _ m: Int) {
    if ms[m]?.p == p { return }
    if let old = ms[m]?.p { release(old, by: m) }
    release(p, by: m)
    ps[p] = P(m: m)
    ms[m, default: M()].p = p
    step(.takeP, m, 0, p)
  }

  /// Takes the P from the M that holds it, if one does. A G that runs there is stopped.
  private mutating func release(_ p: Int, by m: Int, isInferred: Bool = true) {
    guard let holder = ps[p]?.m else { return }
    let isInSyscall = ps[p]?.isInSyscall ?? false
    if !isInSyscall, let g = ms[holder]?.g, gs[g]?.state == .running { ready(g, m, by: 0) }
    ps[p] = P()
    ms[holder]?.p = nil
    if isInSyscall {
      step(.stealP(from: holder), m, 0, p, isInferred)
    } else {
      step(.dropP, holder, 0, p, isInferred)
    }
  }

  private mutating func step(
    _ kind: Step.Kind, _ m: Int, _ g: UInt64, _ p: Int?, _ isInferred: Bool = false
  ) {
    time += 1
    steps.append(Step(kind: kind, time: time, m: m, g: g, p: p, isInferred: isInferred))
  }
}
