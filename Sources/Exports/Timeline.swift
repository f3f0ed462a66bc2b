// The timeline: what records say of Gs, Ms and Ps, as moves that are legal one after another. What traces are made of.
//
// §1 The problem. The formats of other tools are state machines that are checked: who blocks must have run, who runs
// must hold a P, a P has one M. Ours are records that were written by many threads, each just after its move; so two of
// them may stand in the wrong order across lanes, some may be missing, and a damaged recording may say anything.
//
// §2 The design. Every record is put in order first (TimelineOrder), then applied to a model of who is where. What
// must have happened before it, and was not told, is inferred and marked as such: a G that parks without having been
// started is started first, at the same moment, and who ran there before is stopped. So whatever the records are, what
// comes out holds to the invariants below, and its times increase strictly.
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
  package enum Kind: Equatable {
    /// The G is there, runnable; its entry's string id. Without a P: it was made by a thread that holds none, or it was
    /// there already and nothing was known of it.
    case create(entry: UInt64)
    /// runnable → running, on a P.
    case start
    /// running → waiting.
    case block(WaitReason?, fd: UInt64)
    /// waiting → runnable, by a thread, for a G or 0.
    case unblock(by: UInt64)
    /// running → runnable.
    case stop(isPreempted: Bool)
    /// running → gone.
    case exit
    /// running → syscall; the P stays, and can be taken.
    case enterSyscall
    /// syscall → running, on the P that stayed.
    case leaveSyscall
    /// syscall → runnable; the P has been taken before.
    case leaveSyscallBlocked
    /// The M takes the idle P; lets it go; takes it off another M, whose G is in a system call.
    case takeP
    case dropP
    case stealP(from: Int)
    /// What moves nothing here, in its place: a thread searches, sleeps or collects, the GRQ's depth; with its `arg`.
    case note(EventKind, UInt64)
  }

  package var kind: Kind
  /// Nanoseconds; later than that of the step before.
  package var time: UInt64
  /// The M whose thread it was.
  package var m: Int
  /// 0: it is about a P.
  package var g: UInt64 = 0
  package var p: Int?
  /// Whether no record said so.
  var isInferred = false
}

package struct Timeline {
  package struct G: Equatable {
    /// One of runnable, running, syscall, waiting.
    package var state: GState
    package var m: Int?
    package var reason: WaitReason = .none
  }
  package struct P: Equatable {
    package var m: Int?
    var isInSyscall = false
  }
  package struct M: Equatable {
    package var p: Int?
    package var g: UInt64?
  }

  package private(set) var gs: [UInt64: G] = [:]
  package private(set) var ps: [Int: P] = [:]
  package private(set) var ms: [Int: M] = [:]
  /// Time of the last step.
  package private(set) var time: UInt64 = 0
  private var steps: [Step] = []
  private let reasons: [WaitReason?]

  /// Gs and times beyond these are noise.
  static let mostGs = 1 << 22
  static let highestG: UInt64 = 1 << 60
  package static let latest: UInt64 = 1 << 62
  /// The Ms that records can name.
  package static let threads = 0...Int(UInt16.max)

  /// Begins with what is known of a moment.
  package init(_ snapshot: Snapshot, _ goroutines: [Goroutine], reasons: [WaitReason?]) {
    (self.reasons, time) = (reasons, min(snapshot.time, Self.latest))
    for g in goroutines.prefix(Self.mostGs) where g.id > 0 && g.id < Self.highestG {
      // Those that run or are in a system call get their M below, or else are not believed.
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

  /// The steps since the last call.
  package mutating func take() -> [Step] {
    defer { steps.removeAll(keepingCapacity: true) }
    return steps
  }

  /// Nothing happens up to a moment.
  package mutating func advance(to moment: UInt64) { time = max(time, min(moment, Self.latest)) }

  /// Whether a record fits in with what is known, so that nothing has to be inferred for its G.
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

  /// What the running G of a record does next.
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

  /// Out of a system call, with a P.
  private mutating func comeBack(_ g: UInt64, _ m: Int, _ p: Int, isInferred: Bool = false) {
    guard gs[g] == G(state: .syscall, m: m), ms[m]?.p == p, ps[p]?.isInSyscall == true else {
      return run(g, m, p, isInferred: isInferred)
    }
    (gs[g], ps[p]) = (G(state: .running, m: m), P(m: m))
    step(.leaveSyscall, m, g, p, isInferred)
  }

  // MARK: what has to be so

  /// The G is running on this M and P.
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

  /// The G is runnable, and on no M.
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

  /// The M holds the P.
  private mutating func hold(_ p: Int, _ m: Int) {
    if ms[m]?.p == p { return }
    if let old = ms[m]?.p { release(old, by: m) }
    release(p, by: m)
    ps[p] = P(m: m)
    ms[m, default: M()].p = p
    step(.takeP, m, 0, p)
  }

  /// Nobody holds the P. A G that ran on it is stopped.
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
